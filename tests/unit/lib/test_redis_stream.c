#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/redis_stream.h"
#include "tests/redis_server.h"
#include "tests/unit/test.h"

#include <errno.h>

struct bench {
	struct redis_server server;
	struct redis *r;
};

static const struct slice streams[] = {{"s:a", 3}, {"s:b", 3}, {"s:c", 3}};
static const struct slice group = {"g", 1};

static int bench_make(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);

	redis_server_make(&b->server, NULL);
	redis_server_start(&b->server);
	b->r = redis_new(&(struct redis_options){.address = b->server.address, .timeout_ms = 3000},
		clock_system());
	*state = b;
	return 0;
}

static int bench_remove(void **state)
{
	struct bench *b = *state;

	redis_free(&b->r);
	redis_server_remove(&b->server);
	mem_free(b);
	return 0;
}

static void call(struct bench *b, const struct slice *args, size_t count)
{
	struct redis_reply *reply;

	assert_int_equal(redis_call(b->r, args[1], args, count, &reply), 0);
	assert_int_not_equal(redis_reply_kind(reply), REDIS_ERROR);
	redis_reply_free(&reply);
}

static void add(struct bench *b, size_t stream, const char *id, const char *value)
{
	const struct slice args[] = {SLICE("XADD"), streams[stream], slice_of(id), SLICE("f"),
		slice_of(value), SLICE("n"), SLICE("1")};

	call(b, args, sizeof args / sizeof *args);
}

/* "stream id value; " per entry */
static void note(
	void *ctx, size_t stream, struct slice id, const struct slice *fields, size_t count)
{
	struct buf *out = ctx;

	buf_printf(out, "%.*s %.*s", SLICE_ARG(streams[stream]), SLICE_ARG(id));
	if (count) {
		assert_int_equal(count, 4);
		assert_true(slice_is(fields[0], "f") && slice_is(fields[2], "n"));
		buf_printf(out, " %.*s", SLICE_ARG(fields[1]));
	}
	buf_add_text(out, "; ");
}

static void assert_read(struct bench *b, const struct redis_group_read *read, const char *expected)
{
	CLEANUP(buf_release) struct buf out = {0};

	assert_int_equal(redis_group_read(b->r, read, note, &out), 0);
	assert_string_equal(buf_text(&out), expected);
}

static const struct redis_group_read fresh = {.group = {"g", 1},
	.consumer = {"1", 1},
	.streams = streams,
	.stream_count = 3,
	.count = 10};

static void entries_of_many_streams_come_with_their_stream(void **state)
{
	struct bench *b = *state;

	assert_int_equal(redis_group_make(b->r, streams, 3, group, SLICE("0")), 0);
	assert_read(b, &fresh, "");
	add(b, 2, "5-1", "x");
	add(b, 0, "3-0", "y");
	add(b, 0, "3-1", "");
	assert_read(b, &fresh, "s:a 3-0 y; s:a 3-1 ; s:c 5-1 x; ");
	assert_read(b, &fresh, "");
}

static void the_count_is_per_stream(void **state)
{
	struct bench *b = *state;
	struct redis_group_read one = fresh;

	one.count = 1;
	assert_int_equal(redis_group_make(b->r, streams, 3, group, SLICE("0")), 0);
	add(b, 0, "1-1", "x");
	add(b, 0, "1-2", "x");
	add(b, 1, "1-1", "x");
	assert_read(b, &one, "s:a 1-1 x; s:b 1-1 x; ");
	assert_read(b, &one, "s:a 1-2 x; ");
}

static void pending_entries_are_read_again_until_they_are_acknowledged(void **state)
{
	struct bench *b = *state;
	const struct slice from_start[] = {{"0", 1}, {"0", 1}, {"0", 1}};
	const struct slice from_first[] = {{"1-1", 3}, {"0", 1}, {"0", 1}};
	const struct slice ids[] = {{"1-1", 3}, {"1-2", 3}};
	struct redis_group_read pending = fresh;

	assert_int_equal(redis_group_make(b->r, streams, 3, group, SLICE("0")), 0);
	add(b, 0, "1-1", "x");
	add(b, 0, "1-2", "y");
	add(b, 1, "1-1", "z");
	assert_read(b, &fresh, "s:a 1-1 x; s:a 1-2 y; s:b 1-1 z; ");
	pending.block_ms = 100000; /* never waits for what is pending */
	pending.after = from_start;
	assert_read(b, &pending, "s:a 1-1 x; s:a 1-2 y; s:b 1-1 z; ");
	pending.after = from_first;
	assert_read(b, &pending, "s:a 1-2 y; s:b 1-1 z; ");
	pending.after = from_start;
	assert_int_equal(redis_stream_ack(b->r, streams[0], group, ids, 1), 0);
	assert_read(b, &pending, "s:a 1-2 y; s:b 1-1 z; ");
	assert_int_equal(redis_stream_ack(b->r, streams[0], group, ids, 2), 0);
	assert_int_equal(redis_stream_ack(b->r, streams[0], group, ids, 0), 0);
	assert_read(b, &pending, "s:b 1-1 z; ");
}

static void an_entry_deleted_while_pending_has_no_fields(void **state)
{
	struct bench *b = *state;
	const struct slice del[] = {SLICE("XDEL"), streams[0], SLICE("1-1")};
	const struct slice from_start[] = {{"0", 1}, {"0", 1}, {"0", 1}};
	struct redis_group_read pending = fresh;

	assert_int_equal(redis_group_make(b->r, streams, 3, group, SLICE("0")), 0);
	add(b, 0, "1-1", "x");
	assert_read(b, &fresh, "s:a 1-1 x; ");
	call(b, del, 3);
	pending.after = from_start;
	assert_read(b, &pending, "s:a 1-1; ");
}

static void a_missing_group_is_told(void **state)
{
	struct bench *b = *state;

	assert_int_equal(redis_group_read(b->r, &fresh, note, NULL), -ENOENT);
	assert_int_equal(redis_group_make(b->r, streams, 2, group, SLICE("0")), 0);
	assert_int_equal(redis_group_read(b->r, &fresh, note, NULL), -ENOENT);
	assert_int_equal(redis_group_make(b->r, streams, 3, group, SLICE("0")), 0);
	assert_read(b, &fresh, "");
}

static void a_group_starts_where_told_and_is_not_moved_later(void **state)
{
	struct bench *b = *state;

	add(b, 0, "1-1", "old");
	assert_int_equal(redis_group_make(b->r, streams, 3, group, SLICE("$")), 0);
	add(b, 0, "1-2", "new");
	assert_int_equal(redis_group_make(b->r, streams, 3, group, SLICE("0")), 0);
	assert_read(b, &fresh, "s:a 1-2 new; ");
}

static void a_full_redis_makes_no_group_but_can_be_read(void **state)
{
	struct bench *b = *state;
	const struct slice full[] = {SLICE("CONFIG"), SLICE("SET"), SLICE("maxmemory"), SLICE("1")};
	const struct slice id = SLICE("1-1"), other = SLICE("other");

	assert_int_equal(redis_group_make(b->r, streams, 3, group, SLICE("0")), 0);
	add(b, 0, "1-1", "x");
	call(b, full, 4);
	assert_int_equal(redis_group_make(b->r, streams, 1, other, SLICE("0")), -ENOSPC);
	assert_read(b, &fresh, "s:a 1-1 x; ");
	assert_int_equal(redis_stream_ack(b->r, streams[0], group, &id, 1), 0);
}

static void a_blocking_read_outlasts_the_time_out(void **state)
{
	struct bench *b = *state;
	const struct redis_options hasty = {.address = b->server.address, .timeout_ms = 150};
	struct redis_group_read waiting = fresh;
	struct redis *r = redis_new(&hasty, clock_system());

	waiting.block_ms = 250;
	assert_int_equal(redis_group_make(r, streams, 3, group, SLICE("0")), 0);
	assert_int_equal(redis_group_read(r, &waiting, note, NULL), 0);
	redis_free(&r);
}

static void a_wrong_type_is_an_error(void **state)
{
	struct bench *b = *state;
	const struct slice set[] = {SLICE("SET"), streams[0], SLICE("x")};

	call(b, set, 3);
	assert_int_equal(redis_group_make(b->r, streams, 1, group, SLICE("0")), -EIO);
	assert_int_equal(redis_group_read(b->r, &fresh, note, NULL), -EIO);
	redis_server_kill(&b->server);
	assert_true(redis_group_read(b->r, &fresh, note, NULL) < 0);
	assert_int_equal(redis_group_make(b->r, streams, 1, group, SLICE("0")), -ECONNREFUSED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(entries_of_many_streams_come_with_their_stream),
		CASE(the_count_is_per_stream),
		CASE(pending_entries_are_read_again_until_they_are_acknowledged),
		CASE(an_entry_deleted_while_pending_has_no_fields),
		CASE(a_missing_group_is_told),
		CASE(a_group_starts_where_told_and_is_not_moved_later),
		CASE(a_full_redis_makes_no_group_but_can_be_read),
		CASE(a_blocking_read_outlasts_the_time_out),
		CASE(a_wrong_type_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
