#include "courier/trial.h"

#include "courier/parcel.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>

enum { STEP_MS = 100, BAD_CONFIG = 2 };

/* Reads like any alert, and says in every place that it is none. */
static void test_alert_write(const struct target_place *place, struct buf *out)
{
	int64_t now = clock_wall_us(place->clock);
	struct json_writer w = json_writer_on(out);
	char id[ALERT_ID_LEN + 1], time[TIME_TEXT_LEN + 1];

	time_write(now, time);
	alert_id_make(SLICE("test"), slice_of(place->config->name), slice_of(time), id);
	alert_write(
		&(struct alert){
			.alert_id = slice_of(id),
			.revision = 1,
			.timestamp_us = now,
			.first_seen_us = now,
			.last_seen_us = now,
			.rule = {.id = SLICE("test"),
				.title = SLICE("TEST of the connection from Hải Đăng"),
				.title_vi = SLICE("THỬ kết nối từ Hải Đăng"),
				.status = SLICE("test"),
				.level = ALERT_INFORMATIONAL},
			.domain = ALERT_NETWORK,
			.group = SLICE("{}"),
			.entity = SLICE("haidang-courier test"),
			.explanation_vi =
				SLICE("Đây là cảnh báo thử, không có sự việc nào xảy ra."),
			.explanation_en = SLICE("This is a test alert; nothing happened."),
			.advice_vi = SLICE("Không cần làm gì."),
			.advice_en = SLICE("Nothing needs to be done."),
			.events = SLICE("[]"),
		},
		&w);
}

struct outcome {
	bool answered;
	enum verdict verdict;
	char said[REASON_MAX];
	struct buf body;
};

static void on_answer(void *ctx, void *token, const struct answer *answer)
{
	struct outcome *outcome = ctx;

	(void)token;
	outcome->answered = true;
	outcome->verdict = answer->verdict;
	memcpy(outcome->said, answer->said, sizeof(outcome->said));
	buf_add_slice(&outcome->body, answer->body);
}

static int outcome_print(const struct target_config *target, const struct outcome *outcome)
{
	static const char *const words[] = {
		[VERDICT_DELIVERED] = "took the test alert",
		[VERDICT_RETRY] =
			"did not take the test alert; a real one would be sent again and again",
		[VERDICT_REFUSED] = "refused the test alert; a real one would become a dead letter",
		[VERDICT_GONE] = "did not take the test alert; real ones would wait",
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice body = text_squeeze(a, text_nfc(a, buf_slice(&outcome->body)));

	const char *where = target->url[0] ? target->url
		: target->path[0]          ? target->path
					   : target->listen;

	printf("%s (%s %s) %s.\n  %s\n", target->name, target_kind_names[target->kind], where,
		words[outcome->verdict], outcome->said);
	if (body.len > 0)
		printf("  It wrote: %.*s\n", SLICE_ARG(body));
	return outcome->verdict == VERDICT_DELIVERED ? 0 : 1;
}

int trial_run(const struct target_place *place)
{
	const struct target_kind *kind = target_kinds[place->config->kind];
	CLEANUP(parcel_reader_free) struct parcel_reader *reader = parcel_reader_new();
	CLEANUP(buf_release) struct buf alert = {0};
	struct outcome outcome = {0};
	struct parcel parcel;
	struct err err = {0};
	void *sender = kind->open(place, &err);

	if (!sender) {
		(void)fprintf(stderr, "haidang-courier: %s\n", err_text(&err));
		return BAD_CONFIG;
	}
	test_alert_write(place, &alert);
	must(parcel_read(reader, buf_slice(&alert), &parcel, &err));
	parcel.purpose = PARCEL_TEST;
	kind->send(sender, &parcel);
	while (!outcome.answered) /* the kind's own timeout ends it */
		kind->wait(sender, STEP_MS, on_answer, &outcome);
	kind->close(&sender);
	int status = outcome_print(place->config, &outcome);

	buf_release(&outcome.body);
	return status;
}
