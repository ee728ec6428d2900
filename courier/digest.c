#include "courier/digest.h"

#include "courier/journal.h"
#include "courier/parcel.h"
#include "lib/file.h"
#include "lib/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_JSON_MAX = 2 * ALERT_JSON_MAX };

static const int64_t DAY_US = INT64_C(86400) * 1000000;
static const int64_t ZONE_US = INT64_C(7) * 3600 * 1000000; /* Viet Nam */

struct digest {
	const struct target_config *config;
	const struct clock *clock;
	char *path, *ended, *mailed;
	struct journal *journal;
	struct json_reader *json;
	struct parcel_reader *reader;
	int64_t end_us; /* of the running period; 0: nothing in it yet */
	bool waiting;   /* a period that ended is not mailed yet */
};

static bool time_of_day(struct slice text, int64_t *ret_us)
{
	struct slice rest = text, hour;
	uint64_t h, m;

	if (text.len != 5 || !slice_cut(&rest, ':', &hour) || !slice_to_u64(hour, &h) ||
		!slice_to_u64(rest, &m) || h > 23 || m > 59)
		return false;
	*ret_us = (int64_t)(h * 60 + m) * 60 * 1000000;
	return true;
}

bool digest_times_check(const struct config_texts *times, struct err *err)
{
	int64_t ignored;

	if (times->count > DIGEST_TIMES_MAX)
		return err_set(err, NULL, 0, "more than %d times in digest_at", DIGEST_TIMES_MAX);
	for (size_t i = 0; i < times->count; i++)
		if (!time_of_day(slice_of(times->at[i]), &ignored))
			return err_set(err, NULL, 0,
				"digest_at: found '%s', expected a time of day as \"06:00\"",
				times->at[i]);
	return true;
}

int64_t digest_period_end(int64_t wall_us, int64_t every_ms, const struct config_texts *times)
{
	int64_t local = wall_us + ZONE_US, midnight = local - local % DAY_US, best = 0;

	if (!times->count)
		return wall_us - wall_us % (every_ms * 1000) + every_ms * 1000;
	for (size_t i = 0; i < times->count; i++) {
		int64_t at = 0;

		(void)time_of_day(slice_of(times->at[i]), &at);
		at += midnight + (midnight + at <= local ? DAY_US : 0) - ZONE_US;
		if (!best || at < best)
			best = at;
	}
	return best;
}

/* When the first alert of a file came, which says to which period all of them belong. */
static int64_t line_time(struct digest *d, struct slice line)
{
	struct json_value root, at;
	struct err err = {0};
	int64_t wall_us = 0;

	if (!json_read(d->json, line, &root, &err) || !json_get(root, "at", &at) ||
		!json_to_i64(at, &wall_us))
		return 0;
	return wall_us;
}

static bool file_lines(const char *path, struct buf *ret)
{
	struct err err = {0};

	return access(path, F_OK) == 0 && file_read(path, DIGEST_LEN_MAX, ret, &err);
}

static int64_t file_end(struct digest *d, const char *path)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct slice rest, line;

	if (!file_lines(path, &text))
		return 0;
	rest = buf_slice(&text);
	if (!slice_cut(&rest, '\n', &line))
		return 0;
	return digest_period_end(line_time(d, line), d->config->digest_ms, &d->config->digest_at);
}

struct digest *digest_open(const struct target_place *place, struct err *err)
{
	CLEANUP(mem_cleanup)
	char *path = mem_printf("%s/courier-%s.digest", place->state_dir, place->config->name);
	struct journal *journal =
		journal_open(path, &(struct journal_options){.files_max = 2}, err);

	if (!journal)
		return NULL;
	struct digest *d = mem_alloc(sizeof(*d));

	d->config = place->config;
	d->clock = place->clock;
	d->path = mem_text(path);
	d->ended = mem_printf("%s.1", path);
	d->mailed = mem_printf("%s.2", path);
	d->journal = journal;
	d->json = json_reader_new(LINE_JSON_MAX);
	d->reader = parcel_reader_new();
	d->waiting = access(d->ended, F_OK) == 0;
	d->end_us = file_end(d, d->path);
	return d;
}

void digest_close(struct digest **digest)
{
	struct digest *d = *digest;

	if (!d)
		return;
	journal_close(&d->journal);
	json_reader_free(&d->json);
	parcel_reader_free(&d->reader);
	mem_free(d->path);
	mem_free(d->ended);
	mem_free(d->mailed);
	mem_free(d);
	*digest = NULL;
}

int digest_add(struct digest *d, const struct parcel *parcel)
{
	CLEANUP(buf_release) struct buf line = {0};
	int64_t now = clock_wall_us(d->clock);

	if (journal_has(d->journal, parcel->key))
		return 0;
	buf_printf(&line, "{\"key\":\"%s\",\"at\":%" PRId64 ",\"alert\":", parcel->key, now);
	size_t head_len = line.len;

	buf_add_slice(&line, parcel->json);
	for (size_t i = head_len; i < line.len; i++) /* white space between tokens */
		if (line.at[i] == '\n' || line.at[i] == '\r')
			line.at[i] = ' ';
	buf_add_byte(&line, '}');
	if (journal_size(d->journal) + (int64_t)line.len >= DIGEST_LEN_MAX)
		return -EFBIG; /* else it could not be read at the end */
	int err = journal_append(d->journal, parcel->key, buf_slice(&line));

	if (!err && !d->end_us)
		d->end_us = digest_period_end(now, d->config->digest_ms, &d->config->digest_at);
	return err;
}

int digest_sync(struct digest *d)
{
	return journal_sync(d->journal);
}

bool digest_is_due(struct digest *d)
{
	if (d->waiting)
		return true;
	if (!d->end_us || clock_wall_us(d->clock) < d->end_us)
		return false;
	/* One that moved the file and then could not begin another is a rotation too. */
	if (journal_rotate(d->journal) < 0 && access(d->path, F_OK) == 0)
		return false;
	d->end_us = 0;
	d->waiting = true;
	return true;
}

static size_t count_lines(struct slice text)
{
	struct slice line;
	size_t count = 0;

	while (slice_cut(&text, '\n', &line))
		count++;
	return count;
}

static bool line_alert(struct digest *d, struct slice line, struct buf *ret)
{
	struct json_value root, alert;
	struct err err = {0};

	buf_clear(ret);
	if (!json_read(d->json, line, &root, &err) || !json_get(root, "alert", &alert))
		return false;
	json_copy(alert, ret);
	return true;
}

bool digest_compose(struct digest *d, const char *console, struct letter *ret_letter,
	char ret_id[DIGEST_ID_MAX])
{
	CLEANUP(buf_release) struct buf text = {0}, alert = {0};
	struct slice rest, line;
	int64_t end_us = file_end(d, d->ended);
	size_t count = 0;

	if (!file_lines(d->ended, &text))
		return false;
	rest = buf_slice(&text);
	letter_digest_begin(end_us, count_lines(rest), ret_letter);
	while (slice_cut(&rest, '\n', &line)) {
		struct parcel parcel;
		struct err err = {0};

		if (!line_alert(d, line, &alert) ||
			!parcel_read(d->reader, buf_slice(&alert), &parcel, &err))
			continue;
		if (count++ < DIGEST_IN_FULL)
			letter_digest_add(ret_letter, &parcel, console);
		else
			letter_digest_line(ret_letter, &parcel);
	}
	letter_digest_end(ret_letter);
	(void)snprintf(
		ret_id, DIGEST_ID_MAX, "digest-%s-%" PRId64, d->config->name, end_us / 1000000);
	return true;
}

void digest_sent(struct digest *d)
{
	/* If it cannot be moved it is mailed once more after a restart, not at once for ever. */
	(void)rename(d->ended, d->mailed);
	d->waiting = false;
}
