#include "event/health.h"

#include "event/streams.h"
#include "lib/json_write.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPIRY_TEXT "30"

_Static_assert(HEALTH_EXPIRY_S == 30, "EXPIRY_TEXT says it too");

static void write_text(struct json_writer *w, const char *key, struct slice text)
{
	json_key(w, key);
	json_text(w, text);
}

static void write_time(struct json_writer *w, const char *key, int64_t wall_us)
{
	char text[TIME_TEXT_LEN + 1];

	time_write(wall_us, text);
	write_text(w, key, slice_of(text));
}

/* From Prometheus text: `name value` or `name{labels} value`, comments left out. */
static void write_metrics(struct json_writer *w, const struct metrics *metrics)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct slice rest, line;

	json_begin_object(w);
	metrics_write(metrics, &text);
	rest = buf_slice(&text);
	while (slice_cut(&rest, '\n', &line)) {
		const char *space =
			line.len && *line.at != '#' ? memrchr(line.at, ' ', line.len) : NULL;
		int64_t value;

		if (!space)
			continue;
		size_t name_len = (size_t)(space - line.at);

		if (!slice_to_i64(slice_from(line, name_len + 1), &value))
			continue;
		json_key_slice(w, (struct slice){line.at, name_len});
		json_int(w, value);
	}
	json_end_object(w);
}

/* What a publisher of this program has dropped so far. */
static int64_t events_lost(const struct metrics *metrics)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct slice rest, line;
	int64_t lost = 0;

	metrics_write(metrics, &text);
	rest = buf_slice(&text);
	while (slice_cut(&rest, '\n', &line)) {
		size_t value_at = slice_find_byte(line, '}') + 2;
		int64_t value;

		if (slice_starts(line, SLICE("haidang_publish_dropped_total{")) &&
			slice_to_i64(slice_from(line, value_at), &value))
			lost += value;
	}
	return lost;
}

/* Losses are said until the program is started anew: after an outage nobody may be looking. */
static void write_status(struct json_writer *w, const struct metrics *metrics, struct slice status)
{
	CLEANUP(buf_release) struct buf text = {0};
	int64_t lost = events_lost(metrics);

	if (lost > 0)
		buf_printf(&text, "degraded: %lld events were lost on the way to Redis; ",
			(long long)lost);
	buf_add_slice(&text, status);
	write_text(w, "status", buf_slice(&text));
}

static void health_write(const struct health *health, int64_t now_us, const struct metrics *metrics,
	const char *status, struct buf *out)
{
	struct json_writer w = json_writer_on(out);

	json_begin_object(&w);
	write_text(&w, "program", slice_of(health->program));
	write_text(&w, "instance", slice_of(health->instance));
	json_key(&w, "pid");
	json_int(&w, getpid());
	write_text(&w, "version", SLICE(VERSION));
	write_time(&w, "started", health->started_us);
	write_time(&w, "updated", now_us);
	write_status(&w, metrics, slice_of(status));
	json_key(&w, "metrics");
	write_metrics(&w, metrics);
	json_end_object(&w);
}

static void note_refusal(void *ctx, size_t index, const struct redis_reply *reply)
{
	int *error = ctx;

	(void)index;
	if (redis_reply_kind(reply) == REDIS_ERROR)
		*error = slice_starts(redis_reply_text(reply), SLICE("OOM")) ? -ENOSPC : -EIO;
}

int health_report(const struct health *health, struct redis *r, const struct clock *clock,
	const struct metrics *metrics, const char *status)
{
	CLEANUP(buf_release) struct buf key = {0}, json = {0};
	int refused = 0;

	buf_printf(&key, "health:%s.%s", health->program, health->instance);
	health_write(health, clock_wall_us(clock), metrics, status, &json);

	const struct slice set[] = {
		SLICE("SET"), buf_slice(&key), buf_slice(&json), SLICE("EX"), SLICE(EXPIRY_TEXT)};
	const struct slice add[] = {SLICE("SADD"), SLICE(HEALTH_INDEX), buf_slice(&key)};

	redis_queue(r, buf_slice(&key), set, sizeof set / sizeof *set);
	redis_queue(r, SLICE(HEALTH_INDEX), add, sizeof add / sizeof *add);

	int error = redis_flush(r, note_refusal, &refused);

	return error ? error : refused;
}

struct silent_or_not {
	health_each_fn *fn;
	void *ctx;
	const struct slice *keys;
};

static void tell_one(void *ctx, size_t index, const struct redis_reply *reply)
{
	const struct silent_or_not *each = ctx;
	bool known = redis_reply_kind(reply) == REDIS_TEXT;

	each->fn(each->ctx, each->keys[index], known ? redis_reply_text(reply) : SLICE(""));
}

static int compare_keys(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static int tell_all(struct redis *r, const struct redis_reply *index, health_each_fn *fn, void *ctx)
{
	size_t count = redis_reply_count(index);
	CLEANUP(mem_cleanup) struct slice *keys = mem_array(count ? count : 1, sizeof *keys);
	struct silent_or_not each = {fn, ctx, keys};

	for (size_t i = 0; i < count; i++)
		keys[i] = redis_reply_text(redis_reply_at(index, i));
	qsort(keys, count, sizeof *keys, compare_keys);
	for (size_t i = 0; i < count; i++) {
		const struct slice get[] = {SLICE("GET"), keys[i]};

		redis_queue(r, keys[i], get, 2);
	}
	return redis_flush(r, tell_one, &each);
}

int health_each(struct redis *r, health_each_fn *fn, void *ctx)
{
	const struct slice members[] = {SLICE("SMEMBERS"), SLICE(HEALTH_INDEX)};
	struct redis_reply *index;
	int error = redis_call(r, members[1], members, 2, &index);

	if (error)
		return error;
	error = redis_reply_kind(index) == REDIS_ERROR ? -EIO : tell_all(r, index, fn, ctx);
	redis_reply_free(&index);
	return error;
}
