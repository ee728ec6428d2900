#include "console/collect.h"

#include "console/alerts.h"
#include "event/streams.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/redis_stream.h"

#include <errno.h>

#define GROUP    SLICE("console")
#define CONSUMER SLICE("console")

enum { ENTRIES_PER_STREAM = 64 };

struct batch {
	struct slice ids[ENTRIES_PER_STREAM];
	size_t count;
};

struct collect {
	struct db *db;
	struct redis *r;
	const struct clock *clock;
	struct json_reader *json;
	struct arena *arena;  /* ids of a round */
	struct arena *parsed; /* of one alert */
	char names[ALERT_BUCKETS][STREAM_NAME_MAX];
	struct slice streams[ALERT_BUCKETS], start[ALERT_BUCKETS];
	struct batch batches[ALERT_BUCKETS];
	bool have_groups;
	bool pending; /* entries given to us earlier may still wait for their acknowledgement */
	bool writing; /* a transaction is open */
	int changed;
	const char *said;
	struct metric *stored, *again, *refused, *gone;
};

struct collect *collect_new(
	struct db *db, struct redis *r, const struct clock *clock, struct metrics *metrics)
{
	struct collect *c = mem_alloc(sizeof *c);

	c->db = db;
	c->r = r;
	c->clock = clock;
	c->json = json_reader_new(ALERT_JSON_MAX);
	c->arena = arena_new();
	c->parsed = arena_new();
	c->pending = true;
	c->said = "";
	for (unsigned i = 0; i < ALERT_BUCKETS; i++) {
		stream_alerts(i, c->names[i]);
		c->streams[i] = slice_of(c->names[i]);
		c->start[i] = SLICE("0");
	}
	c->stored = metrics_counter(metrics, "haidang_console_alerts_total", "result=\"stored\"",
		"Alerts taken from the alert streams.");
	c->again = metrics_counter(metrics, "haidang_console_alerts_total", "result=\"known\"", "");
	c->refused =
		metrics_counter(metrics, "haidang_console_alerts_total", "result=\"refused\"", "");
	c->gone = metrics_counter(metrics, "haidang_console_alerts_total", "result=\"gone\"", "");
	return c;
}

void collect_free(struct collect **c)
{
	if (!*c)
		return;
	json_reader_free(&(*c)->json);
	arena_free(&(*c)->arena);
	arena_free(&(*c)->parsed);
	mem_free(*c);
	*c = NULL;
}

const char *collect_said(const struct collect *c)
{
	return c->said;
}

static void store(struct collect *c, struct slice body)
{
	struct json_value root;
	struct alert alert;
	struct err err = {0};

	arena_rewind(c->parsed);
	if (!json_read(c->json, body, &root, &err) || !alert_read(root, c->parsed, &alert, &err)) {
		metric_add(c->refused, 1);
		log_warning("An alert cannot be read and is skipped: %s", err_text(&err));
		return;
	}
	if (alerts_put(c->db, &alert, body, clock_wall_us(c->clock))) {
		c->changed++;
		metric_add(c->stored, 1);
	} else {
		metric_add(c->again, 1);
	}
}

static void on_entry(
	void *ctx, size_t stream, struct slice id, const struct slice *fields, size_t field_count)
{
	struct collect *c = ctx;
	struct batch *batch = &c->batches[stream];

	must(batch->count < ENTRIES_PER_STREAM);
	if (!c->writing)
		db_begin(c->db, DB_WRITE);
	c->writing = true;
	batch->ids[batch->count++] = arena_slice(c->arena, id);
	if (field_count == 0) { /* given to us before, and trimmed since */
		metric_add(c->gone, 1);
		log_warning("An alert was trimmed before it was acknowledged, entry=%.*s",
			SLICE_ARG(id));
	}
	for (size_t i = 0; i + 1 < field_count; i += 2)
		if (slice_is(fields[i], ALERT_FIELD_BODY))
			store(c, fields[i + 1]);
}

static int acknowledge(struct collect *c)
{
	for (size_t i = 0; i < ALERT_BUCKETS; i++) {
		if (c->batches[i].count == 0)
			continue;
		int failed = redis_stream_ack(
			c->r, c->streams[i], GROUP, c->batches[i].ids, c->batches[i].count);

		if (failed < 0)
			return failed;
	}
	return 0;
}

static size_t entries(const struct collect *c)
{
	size_t count = 0;

	for (size_t i = 0; i < ALERT_BUCKETS; i++)
		count += c->batches[i].count;
	return count;
}

static int make_groups(struct collect *c)
{
	if (c->have_groups)
		return 0;
	int failed = redis_group_make(c->r, c->streams, ALERT_BUCKETS, GROUP, SLICE("0"));

	c->have_groups = failed == 0;
	return failed;
}

/* The transaction opens with the first entry, so that nobody is kept from writing while we wait. */
static int read_and_store(struct collect *c, int64_t block_ms)
{
	struct redis_group_read read = {.group = GROUP,
		.consumer = CONSUMER,
		.streams = c->streams,
		.stream_count = ALERT_BUCKETS,
		.after = c->pending ? c->start : NULL,
		.count = ENTRIES_PER_STREAM,
		.block_ms = c->pending ? 0 : block_ms};

	int failed = redis_group_read(c->r, &read, on_entry, c);
	int not_stored = c->writing ? db_end(c->db) : 0;

	c->writing = false;
	if (not_stored < 0)
		c->changed = 0;
	c->said = not_stored < 0 ? db_said(c->db) : redis_said(c->r);
	return not_stored < 0 ? not_stored : failed;
}

int collect_step(struct collect *c, int64_t block_ms)
{
	arena_rewind(c->arena);
	for (size_t i = 0; i < ALERT_BUCKETS; i++)
		c->batches[i].count = 0;
	c->changed = 0;

	int failed = make_groups(c);

	if (failed < 0)
		c->said = redis_said(c->r);
	else
		failed = read_and_store(c, block_ms);
	if (failed == 0) {
		failed = acknowledge(c);
		c->said = redis_said(c->r);
	}
	if (failed == -ENOENT)
		c->have_groups = false;
	if (failed < 0)
		c->pending = true;
	else if (c->pending)
		c->pending = entries(c) > 0;
	/* What was committed is there, whether or not Redis took the acknowledgement. */
	return failed < 0 && c->changed == 0 ? failed : c->changed;
}
