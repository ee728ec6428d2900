#include "ctl/rule_stats.h"

#include "ctl/alert_stream.h"
#include "ctl/config.h"
#include "ctl/terminal.h"
#include "lib/mem.h"
#include "lib/program.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KNOWN_MAX = 1 << 20, PAGE = 500 };

/* One alert, and the last that analysts said of it. */
struct known {
	char id[ALERT_ID_LEN + 1];
	char *rule; /* id */
	char *title;
	uint64_t revision, change;
	bool closed, wrong;
};

struct stats {
	struct known *at;
	size_t count, room;
};

struct row {
	const char *rule, *title;
	uint64_t alerts, revisions, closed, wrong;
};

static int compare_known(const void *left, const void *right)
{
	const struct known *a = left, *b = right;
	int said = strcmp(a->rule, b->rule);

	if (said == 0)
		said = strcmp(a->id, b->id);
	if (said == 0)
		said = (a->change > b->change) - (a->change < b->change);
	return said ? said : (a->revision > b->revision) - (a->revision < b->revision);
}

static bool take(void *ctx, const struct alert_entry *entry)
{
	struct stats *s = ctx;
	const struct alert *a = entry->alert;

	if (s->count == KNOWN_MAX)
		return false;
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 256;
		s->at = mem_resize(s->at, s->room, sizeof *s->at);
	}
	struct known *k = &s->at[s->count++];

	*k = (struct known){.revision = a->revision,
		.change = a->standing.change,
		.rule = mem_printf("%.*s", SLICE_ARG(a->rule.id)),
		.title = mem_printf("%.*s", SLICE_ARG(a->rule.title)),
		.closed = slice_is(a->standing.state, "closed"),
		.wrong = slice_is(a->standing.disposition, ALERT_FALSE_POSITIVE)};
	(void)snprintf(k->id, sizeof k->id, "%.*s", SLICE_ARG(a->alert_id));
	return true;
}

static void release(struct stats *s)
{
	for (size_t i = 0; i < s->count; i++) {
		mem_free(s->at[i].rule);
		mem_free(s->at[i].title);
	}
	mem_free(s->at);
}

/* The entries of one alert stand together, the newest standing last. */
static size_t add_alert(const struct stats *s, size_t from, struct row *row)
{
	size_t end = from;
	uint64_t revision = 0;

	while (end < s->count && strcmp(s->at[end].id, s->at[from].id) == 0 &&
		strcmp(s->at[end].rule, s->at[from].rule) == 0) {
		if (s->at[end].revision > revision)
			revision = s->at[end].revision;
		end++;
	}
	row->alerts++;
	row->revisions += revision;
	row->closed += s->at[end - 1].closed;
	row->wrong += s->at[end - 1].closed && s->at[end - 1].wrong;
	return end;
}

static void print_row(const struct row *r, bool json)
{
	CLEANUP(buf_release) struct buf out = {0};

	if (json) {
		struct json_writer w = json_writer_on(&out);
		const struct {
			const char *key;
			uint64_t value;
		} numbers[] = {{"alerts", r->alerts}, {"revisions", r->revisions},
			{"closed", r->closed}, {"false_positives", r->wrong}};

		json_begin_object(&w);
		json_key(&w, "rule");
		json_text(&w, slice_of(r->rule));
		json_key(&w, "title");
		json_text(&w, slice_of(r->title));
		for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
			json_key(&w, numbers[i].key);
			json_uint(&w, numbers[i].value);
		}
		json_end_object(&w);
		(void)printf("%s\n", buf_text(&out));
		return;
	}
	terminal_add(&out, slice_of(r->title));
	(void)printf("%7" PRIu64 " %9" PRIu64 " %7" PRIu64 " %7" PRIu64, r->alerts, r->revisions,
		r->closed, r->wrong);
	if (r->closed > 0)
		(void)printf(" %5.0f %%", 100.0 * (double)r->wrong / (double)r->closed);
	else
		(void)printf("       -");
	(void)printf("  %s\n", buf_text(&out));
}

static void print_all(struct stats *s, bool json)
{
	if (!json)
		(void)printf(" alerts revisions  closed   wrong  share  rule\n");
	if (s->count > 0)
		qsort(s->at, s->count, sizeof *s->at, compare_known);
	for (size_t i = 0; i < s->count;) {
		struct row row = {.rule = s->at[i].rule, .title = s->at[i].title};

		while (i < s->count && strcmp(s->at[i].rule, row.rule) == 0)
			i = add_alert(s, i, &row);
		print_row(&row, json);
	}
}

static int run(void *ctl_config, struct arena *a)
{
	const struct ctl_config *config = ctl_config;
	CLEANUP(redis_free) struct redis *redis = ctl_redis(config, a);
	CLEANUP(release) struct stats stats = {0};

	if (!redis)
		return 2;
	CLEANUP(alert_stream_free) struct alert_stream *stream = alert_stream_new(redis);
	int64_t since = clock_wall_us(clock_system()) / 1000 - config->since_ms;
	uint64_t since_ms = since > 0 ? (uint64_t)since : 0;

	if (alert_stream_history(stream, since_ms, take, &stats) < 0 ||
		alert_stream_changes(stream, since_ms, take, &stats) < 0) {
		(void)fprintf(stderr, "haidang: alerts cannot be read: %s\n", redis_said(redis));
		return 1;
	}
	print_all(&stats, config->json);
	return 0;
}

static int64_t log_level(const void *config)
{
	return ((const struct ctl_config *)config)->shared.log_level;
}

int rule_stats_run(int argc, char **argv)
{
	static const struct program_option options[] = {
		{.name = "redis", .key = "redis.address"},
		{.name = "since", .key = "ctl.since"},
		{.name = "json", .key = "ctl.json"},
		{.key = NULL},
	};
	static const struct program program = {
		.name = "haidang rules stats",
		.summary =
			"how often each rule raised alerts, and how many analysts closed as wrong",
		.schema = &ctl_schema,
		.options = options,
		.run = run,
		.log_level = log_level,
	};

	return program_main(&program, argc, argv);
}
