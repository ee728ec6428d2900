#include "correlator/intake.h"
#include "correlator/store_redis.h"
#include "event/streams.h"
#include "lib/mem.h"
#include "tests/redis_server.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define STREAM_A "ev:{net.a.0}"
#define STREAM_B "ev:{net.b.0}"

static struct redis_server server;

/* A worker with a connection of its own, as another process would have. */
struct worker {
	struct redis *redis;
	struct metrics *metrics;
	struct intake *intake;
};

static void worker_open(struct worker *w, const char *name, size_t entries)
{
	w->redis = redis_new(&(struct redis_options){.address = server.address}, clock_system());
	w->metrics = metrics_new();
	w->intake = intake_new(&(struct intake_options){.redis = w->redis,
		.clock = clock_system(),
		.metrics = w->metrics,
		.worker = name,
		.entries = entries,
		.streams_max = 8,
		.lease_ms = 60000});
	assert_int_equal(intake_scan(w->intake), 0);
}

static void worker_close(struct worker *w)
{
	intake_free(&w->intake);
	metrics_free(&w->metrics);
	redis_free(&w->redis);
}

static void command(const struct slice *args, size_t count)
{
	CLEANUP(redis_free)
	struct redis *r =
		redis_new(&(struct redis_options){.address = server.address}, clock_system());
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;

	assert_int_equal(redis_call(r, args[0], args, count, &reply), 0);
	assert_int_not_equal(redis_reply_kind(reply), REDIS_ERROR);
}

static void add(const char *stream, uint64_t ms)
{
	CLEANUP(mem_cleanup) char *id = mem_printf("%" PRIu64 "-0", ms);
	const struct slice index[] = {SLICE("SADD"), SLICE(STREAM_INDEX), slice_of(stream)};
	const struct slice entry[] = {SLICE("XADD"), slice_of(stream), slice_of(id),
		SLICE(EVENT_FIELD_BATCH), slice_of(id)};

	command(index, 3);
	command(entry, 5);
}

static int fresh(void **state)
{
	const struct slice flush[] = {SLICE("FLUSHALL")};

	(void)state;
	command(flush, 1);
	return 0;
}

/* The ids that one read gives out, as "A1 B2 ". */
static void expect_given(struct worker *w, const char *expected)
{
	CLEANUP(buf_release) struct buf found = {0};
	struct intake_entry entry;

	assert_int_equal(intake_read(w->intake), 0);
	while (intake_next(w->intake, &entry))
		buf_printf(&found, "%c%" PRIu64 " ", slice_is(entry.stream, STREAM_A) ? 'A' : 'B',
			entry.id.ms);
	assert_string_equal(buf_text(&found), expected);
}

static void streams_are_merged_by_id_up_to_what_each_still_holds_back(void **state)
{
	CLEANUP(worker_close) struct worker w = {0};

	(void)state;
	for (uint64_t ms = 1; ms <= 6; ms++)
		add(STREAM_A, 10 * ms);
	add(STREAM_B, 15);
	add(STREAM_B, 95);
	worker_open(&w, "w", 3);
	expect_given(&w, "A10 B15 A20 A30 ");
	assert_int_equal(intake_ack(w.intake), 0);
	expect_given(&w, "A40 A50 A60 ");
	assert_int_equal(intake_ack(w.intake), 0);
	expect_given(&w, "B95 ");
}

static void the_first_read_of_a_stream_is_short(void **state)
{
	CLEANUP(worker_close) struct worker w = {0};
	static const size_t expected[] = {16, 24};
	struct intake_entry entry;

	(void)state;
	for (uint64_t ms = 1; ms <= 40; ms++)
		add(STREAM_A, ms);
	worker_open(&w, "w", 1000);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		size_t given = 0;

		assert_int_equal(intake_read(w.intake), 0);
		while (intake_next(w.intake, &entry))
			given++;
		assert_int_equal(given, expected[i]);
		assert_int_equal(intake_ack(w.intake), 0);
	}
}

static void what_was_not_acknowledged_comes_again_first(void **state)
{
	CLEANUP(worker_close) struct worker w = {0};

	(void)state;
	add(STREAM_A, 1);
	add(STREAM_A, 2);
	worker_open(&w, "w", 10);
	expect_given(&w, "A1 A2 ");
	add(STREAM_A, 3);
	intake_reset(w.intake);
	expect_given(&w, "A1 A2 ");
	assert_int_equal(intake_ack(w.intake), 0);
	expect_given(&w, "A3 ");
	assert_int_equal(intake_ack(w.intake), 0);
	expect_given(&w, "");
}

static void a_worker_that_lost_its_lease_gets_nothing(void **state)
{
	CLEANUP(worker_close) struct worker first = {0};
	CLEANUP(worker_close) struct worker second = {0};
	const struct slice expire[] = {SLICE("DEL"), SLICE("lease:" STREAM_A)};

	(void)state;
	add(STREAM_A, 1);
	worker_open(&first, "first", 10);
	expect_given(&first, "A1 ");
	command(expire, 2);
	worker_open(&second, "second", 10);
	add(STREAM_A, 2);
	assert_int_equal(intake_ack(first.intake), 0);
	expect_given(&first, "");
	assert_int_equal(intake_held(first.intake), 0);
	expect_given(&second, "A2 ");
}

static void a_lease_is_respected_and_pending_entries_change_hands(void **state)
{
	CLEANUP(worker_close) struct worker first = {0};
	CLEANUP(worker_close) struct worker second = {0};

	(void)state;
	add(STREAM_A, 1);
	worker_open(&first, "first", 10);
	worker_open(&second, "second", 10);
	expect_given(&first, "A1 ");
	assert_int_equal(intake_held(second.intake), 0);
	expect_given(&second, "");
	assert_int_equal(intake_release(first.intake), 0);
	assert_int_equal(intake_scan(second.intake), 0);
	expect_given(&second, "A1 ");
}

static void a_restarted_worker_takes_its_former_lease_at_once(void **state)
{
	CLEANUP(worker_close) struct worker killed = {0};
	CLEANUP(worker_close) struct worker again = {0};

	(void)state;
	add(STREAM_A, 1);
	worker_open(&killed, "same", 10);
	expect_given(&killed, "A1 ");
	worker_open(&again, "same", 10);
	expect_given(&again, "A1 ");
	expect_given(&killed, "");
}

static void a_window_written_by_another_worker_is_a_conflict(void **state)
{
	CLEANUP(redis_free)
	struct redis *redis =
		redis_new(&(struct redis_options){.address = server.address}, clock_system());
	const struct store_redis_options options = {redis, 1 << 20, 100};
	CLEANUP(store_redis_free) struct store *one = store_redis_new(&options);
	CLEANUP(store_redis_free) struct store *two = store_redis_new(&options);
	struct store_cell a = {.key = SLICE("w:{b00}:r|{}"), .ttl_ms = 60000}, b = a;
	struct store_cell *cell_a = &a, *cell_b = &b;

	(void)state;
	assert_int_equal(one->fetch(one, &cell_a, 1), 0);
	assert_int_equal(two->fetch(two, &cell_b, 1), 0);
	buf_add_text(&a.next, "version1, by one");
	buf_add_text(&b.next, "version2, by two");
	assert_int_equal(one->commit(one, &cell_a, 1), 0);
	assert_false(a.conflict);
	assert_int_equal(two->commit(two, &cell_b, 1), 0);
	assert_true(b.conflict);
	assert_string_equal(buf_text(&b.blob), "version1, by one");
	b.conflict = false;
	assert_int_equal(two->commit(two, &cell_b, 1), 0);
	assert_false(b.conflict);
	assert_int_equal(one->fetch(one, &cell_a, 1), 0);
	assert_string_equal(buf_text(&a.blob), "version1, by one"); /* its own copy, stale */
	store_redis_forget(one);
	assert_int_equal(one->fetch(one, &cell_a, 1), 0);
	assert_string_equal(buf_text(&a.blob), "version2, by two");
	buf_release(&a.blob);
	buf_release(&a.next);
	buf_release(&b.blob);
	buf_release(&b.next);
}

/* What was written before the error stays: a window must not say that an alert was raised when it
 * was not. */
static void a_window_whose_alert_is_refused_is_not_written(void **state)
{
	CLEANUP(redis_free)
	struct redis *redis =
		redis_new(&(struct redis_options){.address = server.address}, clock_system());
	const struct store_redis_options options = {redis, 1 << 20, 100};
	CLEANUP(store_redis_free) struct store *store = store_redis_new(&options);
	CLEANUP(buf_release) struct buf alert = {0};
	struct store_cell cell = {.key = SLICE("w:{b00}:r|{}"), .ttl_ms = 60000};
	struct store_cell *cells = &cell;
	const struct slice wrong[] = {SLICE("SET"), SLICE("al:{b00}"), SLICE("no stream")};

	(void)state;
	command(wrong, 3);
	buf_add_text(&alert, "{}");
	buf_add_text(&cell.next, "version1 and so on");
	cell.alerts = &alert;
	cell.alert_count = 1;
	assert_int_equal(store->commit(store, &cells, 1), -EIO);
	assert_non_null(strstr(store_redis_said(store), "WRONGTYPE"));
	store_redis_forget(store);
	assert_int_equal(store->fetch(store, &cells, 1), 0);
	assert_int_equal(cell.blob.len, 0);
	buf_release(&cell.blob);
	buf_release(&cell.next);
}

static void an_entry_whose_id_is_none_of_ours_does_not_stand_in_the_way(void **state)
{
	CLEANUP(worker_close) struct worker w = {0};
	struct intake_entry entry;
	const struct slice foreign[] = {SLICE("XADD"), SLICE(STREAM_A), SLICE("5-4294967296"),
		SLICE(EVENT_FIELD_BATCH), SLICE("{}")};

	(void)state;
	add(STREAM_A, 4);
	command(foreign, 5);
	add(STREAM_A, 6);
	worker_open(&w, "w", 2);
	assert_int_equal(intake_read(w.intake), 0);
	assert_true(intake_next(w.intake, &entry));
	assert_non_null(entry.batch.at);
	assert_true(intake_next(w.intake, &entry));
	assert_null(entry.batch.at);
	assert_false(intake_next(w.intake, &entry));
	intake_reset(w.intake);
	expect_given(&w, "A4 A4 ");
	assert_int_equal(intake_ack(w.intake), 0);
	expect_given(&w, "A6 ");
}

static void workers_that_come_and_go_share_the_streams(void **state)
{
	CLEANUP(worker_close) struct worker first = {0}, second = {0};

	(void)state;
	add(STREAM_A, 1);
	add(STREAM_B, 2);
	worker_open(&first, "first", 10);
	assert_int_equal(intake_held(first.intake), 2);
	assert_int_equal(intake_read(first.intake), 0); /* both, which stay pending */
	worker_open(&second, "second", 10);
	assert_int_equal(intake_held(second.intake), 0);
	assert_int_equal(intake_scan(first.intake), 0);
	assert_int_equal(intake_held(first.intake), 1);
	assert_int_equal(intake_scan(second.intake), 0);
	assert_int_equal(intake_held(second.intake), 1);
	add(STREAM_A, 3);
	add(STREAM_B, 4);

	CLEANUP(buf_release) struct buf found = {0};
	struct worker *workers[] = {&first, &second};
	struct intake_entry entry;

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(intake_read(workers[i % 2]->intake), 0);
		while (intake_next(workers[i % 2]->intake, &entry))
			buf_printf(&found, "%" PRIu64 " ", entry.id.ms);
		assert_int_equal(intake_ack(workers[i % 2]->intake), 0);
	}
	assert_int_equal(found.len, 8); /* each of the four once */
	assert_int_equal(intake_release(second.intake), 0);
	assert_int_equal(intake_scan(first.intake), 0);
	assert_int_equal(intake_held(first.intake), 2);
}

static void names_in_the_index_that_are_none_are_left_alone(void **state)
{
	static const char *const names[] = {"ev:{net.a.0", "ev:{}", "ev:{a\"}", "ev:{a\n}", "x"};
	CLEANUP(worker_close) struct worker w = {0};
	CLEANUP(buf_release) struct buf told = {0};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		add(names[i], 1);
	add(STREAM_A, 2);
	worker_open(&w, "w", 10);
	assert_int_equal(intake_held(w.intake), 1);
	expect_given(&w, "A2 ");
	metrics_write(w.metrics, &told);
	assert_null(strstr(buf_text(&told), "stream=\"ev:{}\""));
	assert_null(strstr(buf_text(&told), "ev:{a"));
}

/* What a worker that is gone left from before Redis' clock was set back by hours. */
static void a_clock_set_back_keeps_no_stream_from_the_workers_that_live(void **state)
{
	CLEANUP(worker_close) struct worker w = {0};
	CLEANUP(mem_cleanup)
	char *later = mem_printf("%" PRId64, clock_wall_us(clock_system()) / 1000 + 7200000);
	const struct slice seen[] = {
		SLICE("ZADD"), SLICE(CORRELATOR_WORKERS), slice_of(later), SLICE("gone")};
	const struct slice lease[] = {SLICE("SET"), SLICE("lease:" STREAM_B),
		SLICE("gone/0123456789abcdef"), SLICE("PX"), SLICE("7200000")};

	(void)state;
	add(STREAM_A, 1);
	add(STREAM_B, 2);
	command(seen, 4);
	command(lease, 5);
	worker_open(&w, "w", 10);
	assert_int_equal(intake_held(w.intake), 2);
	expect_given(&w, "A1 B2 ");
}

/* Redis' clock was set forward: leases run out and workers that live seem gone. */
static void a_clock_set_forward_gives_each_entry_once(void **state)
{
	CLEANUP(worker_close) struct worker first = {0}, second = {0};
	const struct slice expire[] = {
		SLICE("DEL"), SLICE("lease:" STREAM_A), SLICE(CORRELATOR_WORKERS)};

	(void)state;
	add(STREAM_A, 1);
	worker_open(&first, "first", 10);
	expect_given(&first, "A1 ");
	command(expire, 3);
	assert_int_equal(intake_ack(first.intake), 0);
	expect_given(&first, "");
	add(STREAM_A, 2);
	worker_open(&second, "second", 10);
	assert_int_equal(intake_scan(first.intake), 0);
	assert_int_equal(intake_held(first.intake) + intake_held(second.intake), 1);
	expect_given(&first, "");
	expect_given(&second, "A2 ");
}

static void what_redis_refuses_is_said(void **state)
{
	CLEANUP(worker_close) struct worker w = {0};
	const struct slice no_xdel[] = {
		SLICE("ACL"), SLICE("SETUSER"), SLICE("default"), SLICE("-xdel")};
	const struct slice no_xreadgroup[] = {
		SLICE("ACL"), SLICE("SETUSER"), SLICE("default"), SLICE("-xreadgroup")};
	const struct slice all[] = {
		SLICE("ACL"), SLICE("SETUSER"), SLICE("default"), SLICE("+@all")};

	(void)state;
	add(STREAM_A, 1);
	worker_open(&w, "w", 10);
	expect_given(&w, "A1 ");
	assert_int_equal(intake_refusals(w.intake), 0);
	command(no_xdel, 4);
	assert_int_equal(intake_ack(w.intake), 0); /* it does not wait */
	int said = intake_read(w.intake);
	command(no_xreadgroup, 4);
	intake_reset(w.intake);
	expect_given(&w, "");
	command(all, 4);
	assert_int_equal(said, -EIO);
	assert_non_null(strstr(intake_said(w.intake), "script"));
	assert_int_equal(intake_refusals(w.intake), 2);
	assert_int_equal(intake_held(w.intake), 0);
	assert_int_equal(intake_scan(w.intake), 0);
	assert_int_equal(intake_held(w.intake), 1);
}

static int server_start(void **state)
{
	(void)state;
	redis_server_make(&server, "save", "", NULL);
	redis_server_start(&server);
	return 0;
}

static int server_end(void **state)
{
	(void)state;
	redis_server_remove(&server);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			streams_are_merged_by_id_up_to_what_each_still_holds_back, fresh),
		cmocka_unit_test_setup(the_first_read_of_a_stream_is_short, fresh),
		cmocka_unit_test_setup(what_was_not_acknowledged_comes_again_first, fresh),
		cmocka_unit_test_setup(a_worker_that_lost_its_lease_gets_nothing, fresh),
		cmocka_unit_test_setup(
			a_lease_is_respected_and_pending_entries_change_hands, fresh),
		cmocka_unit_test_setup(a_restarted_worker_takes_its_former_lease_at_once, fresh),
		cmocka_unit_test_setup(a_window_written_by_another_worker_is_a_conflict, fresh),
		cmocka_unit_test_setup(a_window_whose_alert_is_refused_is_not_written, fresh),
		cmocka_unit_test_setup(
			an_entry_whose_id_is_none_of_ours_does_not_stand_in_the_way, fresh),
		cmocka_unit_test_setup(workers_that_come_and_go_share_the_streams, fresh),
		cmocka_unit_test_setup(names_in_the_index_that_are_none_are_left_alone, fresh),
		cmocka_unit_test_setup(
			a_clock_set_back_keeps_no_stream_from_the_workers_that_live, fresh),
		cmocka_unit_test_setup(a_clock_set_forward_gives_each_entry_once, fresh),
		cmocka_unit_test_setup(what_redis_refuses_is_said, fresh),
	};

	return cmocka_run_group_tests(tests, server_start, server_end);
}
