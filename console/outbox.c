#include "console/outbox.h"

#include "console/alerts.h"
#include "console/limits.h"
#include "event/streams.h"
#include "lib/arena.h"
#include "lib/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { ENTRY_ID_MAX = 24 };

/* Grows with time, so that a new record does not begin below what the stream already has. */
static int64_t next_id(struct db *db, int64_t now_us)
{
	return db_query_int(db,
		"UPDATE counter SET value = max(value + 1, ?1) WHERE name = 'outbox' RETURNING value",
		DB_VALUES(db_int(now_us)), 0);
}

void outbox_put(struct db *db, const struct outbox_change *change)
{
	CLEANUP(buf_release) struct buf body = {0};
	{
		CLEANUP(query_end)
		struct query *q = db_query(db,
			"UPDATE alert SET changes = changes + 1 WHERE alert_id = ?1"
			" RETURNING changes, state, disposition, incident, incident_us, body",
			DB_VALUES(db_text(change->alert_id)));

		if (!query_next(q))
			return; /* the record failed; db_end() tells */
		const struct alert_standing standing = {
			.change = (uint64_t)query_int(q, 0),
			.at_us = change->now_us,
			.state = slice_of(alert_state_name((enum alert_state)query_int(q, 1))),
			.disposition =
				slice_of(disposition_name((enum disposition)query_int(q, 2))),
			.reason = change->reason,
			.incident = query_bytes(q, 3),
			.incident_us = query_int(q, 4),
		};

		alert_amend(query_bytes(q, 5), &standing, NULL, &body);
	}
	db_run(db, "INSERT INTO outbox (id, body) VALUES (?1, ?2)",
		DB_VALUES(db_int(next_id(db, change->now_us)), db_text(buf_slice(&body))));
}

struct row {
	char id[ENTRY_ID_MAX];
	int64_t number;
	struct slice body;
	bool refused;
};

static size_t rows_read(struct db *db, struct arena *a, struct row ret[OUTBOX_BATCH])
{
	size_t count = 0;
	CLEANUP(query_end)
	struct query *q = db_query(db, "SELECT id, body FROM outbox ORDER BY id LIMIT ?1",
		DB_VALUES(db_int(OUTBOX_BATCH)));

	while (query_next(q)) {
		struct row *row = &ret[count++];

		*row = (struct row){
			.number = query_int(q, 0), .body = arena_slice(a, query_bytes(q, 1))};
		(void)snprintf(row->id, sizeof row->id, "%" PRId64 "-0", row->number);
	}
	return count;
}

static void queue_row(struct redis *r, const struct row *row, const char *id)
{
	char limit[24];
	const struct slice stream = SLICE(CHANGE_STREAM);

	(void)snprintf(limit, sizeof limit, "%d", CHANGES_KEPT);
	const struct slice args[] = {SLICE("XADD"), stream, SLICE("MAXLEN"), SLICE("~"),
		slice_of(limit), slice_of(id), SLICE(ALERT_FIELD_BODY), row->body};

	redis_queue(r, stream, args, sizeof args / sizeof *args);
}

struct sending {
	struct row *rows;
	bool failed; /* Redis is full, or takes no writes */
};

static void on_added(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct sending *s = ctx;

	if (redis_reply_kind(reply) != REDIS_ERROR)
		return;
	if (redis_reply_fails(reply, "ERR The ID"))
		s->rows[index].refused = true; /* something as late or later stands there */
	else
		s->failed = true;
}

static void on_added_late(void *ctx, size_t index, const struct redis_reply *reply)
{
	(void)index;
	*(bool *)ctx = redis_reply_kind(reply) != REDIS_ERROR;
}

/* A refused row stands in the stream already, unless the clock went back beneath a new record. */
static int send_refused(struct redis *r, const struct row *row)
{
	const struct slice stream = SLICE(CHANGE_STREAM), id = slice_of(row->id);
	struct redis_reply *reply;
	int failed =
		redis_call(r, stream, (struct slice[]){SLICE("XRANGE"), stream, id, id}, 4, &reply);

	if (failed < 0)
		return failed;
	bool stands = redis_reply_count(reply) > 0;

	redis_reply_free(&reply);
	if (stands)
		return 0;
	queue_row(r, row, "*");
	failed = redis_flush(r, on_added_late, &stands);
	return failed < 0 ? failed : stands ? 0 : -ENOSPC;
}

static int send_rows(struct redis *r, struct row *rows, size_t count)
{
	struct sending sending = {.rows = rows};

	for (size_t i = 0; i < count; i++)
		queue_row(r, &rows[i], rows[i].id);
	int failed = redis_flush(r, on_added, &sending);

	if (sending.failed)
		return -ENOSPC;
	for (size_t i = 0; i < count && failed == 0; i++)
		if (rows[i].refused)
			failed = send_refused(r, &rows[i]);
	return failed;
}

int outbox_send(struct db *db, struct redis *r)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct row rows[OUTBOX_BATCH];

	db_begin(db, DB_READ);
	size_t count = rows_read(db, a, rows);
	int failed = db_end(db);

	if (failed < 0 || count == 0)
		return failed;
	failed = send_rows(r, rows, count);
	if (failed < 0)
		return failed;
	db_begin(db, DB_WRITE);
	db_run(db, "DELETE FROM outbox WHERE id <= ?1", DB_VALUES(db_int(rows[count - 1].number)));
	failed = db_end(db);
	return failed < 0 ? failed : (int)count;
}
