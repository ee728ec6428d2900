#include "lib/file.h"
#include "tests/unit/event/stream_check.h"

#include <errno.h>
#include <stdio.h>

#define STREAM  "ev:{net.s1.0}"
#define WALL_US INT64_C(1763856300000000)
#define WAIT_MS 20000

enum { RUNS = 9 };
#define RUN_SIZE UINT64_C(1000000)

struct bench {
	struct redis_server server;
	char spool[128], eve[128];
	struct metrics *metrics;
	struct publish_options options;
};

static void bench_set(struct bench *b)
{
	(void)snprintf(b->spool, sizeof b->spool, "%s/spool", b->server.folder);
	(void)snprintf(b->eve, sizeof b->eve, "%s/eve.json", b->server.folder);
	b->metrics = metrics_new();
	b->options = (struct publish_options){.redis = {.address = b->server.address},
		.kind = "net",
		.name = "s1",
		.spool_path = b->spool,
		.spool_len_max = 16 << 20};
}

static int bench_make(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);

	redis_server_make(&b->server, "appendonly", "yes", "appendfsync", "no", NULL);
	bench_set(b);
	*state = b;
	return 0;
}

static int bench_remove(void **state)
{
	struct bench *b = *state;

	redis_server_remove(&b->server);
	metrics_free(&b->metrics);
	mem_free(b);
	return 0;
}

static struct publish *start(struct bench *b)
{
	return publish_new(&b->options, clock_system(), b->metrics);
}

static int64_t counter(const struct bench *b, const char *name)
{
	return metric_value(metrics_counter(b->metrics, name, "", ""));
}

static int64_t dropped(const struct bench *b, const char *reason)
{
	return metric_value(
		metrics_counter(b->metrics, "haidang_publish_dropped_total", reason, ""));
}

static struct redis_reply *call(const struct bench *b, const struct slice *args, size_t count)
{
	const struct redis_options options = {.address = b->server.address};
	struct redis *r = redis_new(&options, clock_system());
	struct redis_reply *reply;

	assert_int_equal(redis_call(r, args[1], args, count, &reply), 0);
	assert_int_not_equal(redis_reply_kind(reply), REDIS_ERROR);
	redis_free(&r);
	return reply;
}

static void set_memory(const struct bench *b, const char *bytes)
{
	const struct slice args[] = {
		SLICE("CONFIG"), SLICE("SET"), SLICE("maxmemory"), slice_of(bytes)};
	struct redis_reply *reply = call(b, args, 4);

	redis_reply_free(&reply);
}

static void add_entry(const struct bench *b, const char *id)
{
	const struct slice args[] = {
		SLICE("XADD"), SLICE(STREAM), slice_of(id), SLICE("b"), SLICE("")};
	struct redis_reply *reply = call(b, args, 5);

	redis_reply_free(&reply);
}

static void events_arrive_in_order_and_in_batches(void **state)
{
	struct bench *b = *state;
	const struct slice members[] = {SLICE("SMEMBERS"), SLICE(STREAM_INDEX)};

	redis_server_start(&b->server);
	struct publish *p = start(b);

	publish_numbers(p, 0, 1005, WALL_US);
	assert_true(publish_wait(p, WAIT_MS));
	assert_stream_is(b->server.address, STREAM, 0, 1005);
	assert_int_equal(counter(b, "haidang_publish_events_total"), 1005);
	assert_int_equal(counter(b, "haidang_publish_batches_total"), 101);
	publish_free(&p);

	struct redis_reply *reply = call(b, members, 2);

	assert_int_equal(redis_reply_count(reply), 1);
	assert_true(slice_is(redis_reply_text(redis_reply_at(reply, 0)), STREAM));
	redis_reply_free(&reply);
}

static void a_lone_event_is_sent_after_the_linger(void **state)
{
	struct bench *b = *state;

	redis_server_start(&b->server);
	struct publish *p = start(b);

	publish_numbers(p, 0, 1, WALL_US);
	for (int i = 0; i < WAIT_MS && !counter(b, "haidang_publish_events_total"); i += 5)
		poll(NULL, 0, 5);
	assert_stream_is(b->server.address, STREAM, 0, 1);
	publish_free(&p);
}

static void a_redis_killed_again_and_again_loses_and_doubles_nothing(void **state)
{
	enum { ROUNDS = 6, EVENTS = 2000 };
	struct bench *b = *state;
	uint64_t n = 0;

	redis_server_start(&b->server);
	struct publish *p = start(b);

	for (int round = 0; round < ROUNDS; round++) {
		publish_numbers(p, n, EVENTS, WALL_US);
		n += EVENTS;
		redis_server_kill(&b->server);
		publish_numbers(p, n, EVENTS, WALL_US);
		n += EVENTS;
		redis_server_start(&b->server);
	}
	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);
	assert_stream_is(b->server.address, STREAM, 0, n);
	assert_int_equal(counter(b, "haidang_publish_events_total") +
			counter(b, "haidang_publish_duplicates_total"),
		n);
}

static void a_full_redis_gets_everything_once_it_has_room(void **state)
{
	struct bench *b = *state;

	redis_server_start(&b->server);
	struct publish *p = start(b);

	publish_numbers(p, 0, 100, WALL_US);
	assert_true(publish_wait(p, WAIT_MS));
	set_memory(b, "1");
	publish_numbers(p, 100, 5000, WALL_US);
	assert_false(publish_wait(p, 200));
	assert_stream_is(b->server.address, STREAM, 0, 100);
	set_memory(b, "0");
	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);
	assert_stream_is(b->server.address, STREAM, 0, 5100);
}

/* Redis has room now and then: a later batch must not get in before an earlier one. */
static void a_redis_at_the_edge_of_its_memory_keeps_the_order(void **state)
{
	struct bench *b = *state;

	redis_server_start(&b->server);
	struct publish *p = start(b);

	for (uint64_t n = 0; n < 20000; n += 1000) {
		set_memory(b, n % 2000 ? "0" : "1");
		publish_numbers(p, n, 1000, WALL_US);
		publish_flush(p);
		poll(NULL, 0, 3);
	}
	set_memory(b, "0");
	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);
	assert_stream_is(b->server.address, STREAM, 0, 20000);
}

static void a_frozen_redis_does_not_hold_the_producer_up(void **state)
{
	struct bench *b = *state;

	b->options.redis.timeout_ms = 100;
	redis_server_start(&b->server);
	struct publish *p = start(b);

	publish_numbers(p, 0, 100, WALL_US);
	assert_true(publish_wait(p, WAIT_MS));
	redis_server_signal(&b->server, SIGSTOP);
	publish_numbers(p, 100, 3000, WALL_US);
	assert_false(publish_wait(p, 300));
	redis_server_signal(&b->server, SIGCONT);
	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);
	assert_stream_is(b->server.address, STREAM, 0, 3100);
}

static void the_spool_survives_the_program(void **state)
{
	struct bench *b = *state;

	b->options.drain_ms = 1;
	for (uint64_t life = 0; life < 3; life++) {
		struct publish *p = start(b);

		publish_numbers(p, life * 500, 500, WALL_US);
		publish_free(&p);
	}
	assert_int_equal(counter(b, "haidang_publish_spooled_total"), 1500);
	redis_server_start(&b->server);
	struct publish *p = start(b);

	publish_numbers(p, 1500, 10, WALL_US);
	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);
	assert_stream_is(b->server.address, STREAM, 0, 1510);
}

/* The program dies after Redis took a batch and before the spool forgot it: the next one sends it
 * again. The spool as it was before the replay is put back to play that. */
static void what_the_spool_sends_twice_is_a_duplicate(void **state)
{
	struct bench *b = *state;
	CLEANUP(buf_release) struct buf spool = {0};
	struct err err = {0};

	b->options.drain_ms = 1;
	struct publish *p = start(b);

	publish_numbers(p, 0, 500, WALL_US);
	publish_free(&p);

	/* The first program to reach Redis checks the ids and dies before it sends. */
	redis_server_start(&b->server);
	set_memory(b, "1");
	p = start(b);
	publish_free(&p);
	assert_true(file_read(b->spool, 1 << 24, &spool, &err));
	set_memory(b, "0");
	b->options.drain_ms = WAIT_MS;
	p = start(b);
	publish_free(&p);
	assert_stream_is(b->server.address, STREAM, 0, 500);

	assert_int_equal(file_write(b->spool, buf_slice(&spool)), 0);
	p = start(b);
	publish_numbers(p, 500, 10, WALL_US);
	publish_free(&p);
	assert_stream_is(b->server.address, STREAM, 0, 510);
	assert_int_equal(counter(b, "haidang_publish_duplicates_total"), 500);
}

/* Publishes run * RUN_SIZE + 0, 1, 2 … until it is killed. */
static void publish_until_killed(struct bench *b, uint64_t run)
{
	struct publish *p = start(b);

	for (uint64_t n = 0; n < RUN_SIZE; n++) {
		publish_numbers(p, run * RUN_SIZE + n, 1, WALL_US);
		if (n % 500 == 0)
			poll(NULL, 0, 1);
	}
	_exit(1);
}

/* Of each run the stream holds the numbers from 0 on without a gap. */
static void assert_runs_are_whole(const struct bench *b)
{
	struct stream_view v = stream_view_read(b->server.address, STREAM);

	assert_true(v.ids_grow);
	assert_true(v.count > RUNS);
	for (size_t i = 0; i < v.count; i++) {
		bool follows = i > 0 && v.numbers[i] == v.numbers[i - 1] + 1;
		bool begins =
			v.numbers[i] % RUN_SIZE == 0 && (i == 0 || v.numbers[i] > v.numbers[i - 1]);

		assert_true(follows || begins);
	}
	stream_view_release(&v);
}

/* SIGKILL at any moment: while events are spooled, replayed, or sent directly. */
static void a_producer_killed_again_and_again_leaves_no_gap_and_doubles_nothing(void **state)
{
	struct bench *b = *state;
	struct publish *p;

	for (uint64_t run = 0; run < RUNS; run++) {
		if (run % 3 == 1)
			redis_server_start(&b->server);
		if (run % 3 == 0)
			redis_server_kill(&b->server);
		pid_t pid = fork();

		if (pid == 0)
			publish_until_killed(b, run);
		poll(NULL, 0, 20 + (int)run * 7);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	if (!b->server.pid)
		redis_server_start(&b->server);
	p = start(b);
	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);
	assert_runs_are_whole(b);
}

static void a_clock_set_back_while_redis_was_away_loses_nothing(void **state)
{
	struct bench *b = *state;

	redis_server_start(&b->server);
	add_entry(b, "1763856999999-7");
	redis_server_kill(&b->server);
	b->options.drain_ms = 1;
	for (uint64_t life = 0; life < 2; life++) {
		struct publish *p = start(b);

		publish_numbers(p, life * 100, 100, WALL_US + (int64_t)life * 1000);
		publish_free(&p);
	}
	struct publish *p = start(b);

	publish_numbers(p, 200, 95, WALL_US);
	redis_server_start(&b->server);
	assert_true(publish_wait(p, WAIT_MS));
	publish_numbers(p, 295, 5, WALL_US);
	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);

	struct stream_view v = stream_view_read(b->server.address, STREAM);

	assert_int_equal(v.count, 300);
	for (size_t i = 0; i < v.count; i++)
		assert_int_equal(v.numbers[i], i);
	assert_true(v.ids_grow);
	assert_true(v.first.ms > UINT64_C(1763856999999));
	stream_view_release(&v);
	assert_int_equal(counter(b, "haidang_publish_duplicates_total"), 0);
}

static void a_clock_that_jumps_by_hours_while_running_loses_nothing(void **state)
{
	static const int64_t steps_us[] = {0, INT64_C(6) * 3600 * 1000000,
		INT64_C(-6) * 3600 * 1000000, INT64_C(3600) * 1000000};
	struct bench *b = *state;

	redis_server_start(&b->server);
	b->options.drain_ms = 1;
	for (size_t i = 0; i < sizeof steps_us / sizeof *steps_us; i++) {
		struct publish *p = start(b);

		publish_numbers(p, i * 100, 50, WALL_US + steps_us[i]);
		redis_server_kill(&b->server);
		publish_numbers(p, i * 100 + 50, 50, WALL_US - steps_us[i]);
		publish_free(&p); /* to the spool */
		redis_server_start(&b->server);
	}
	struct publish *p = start(b);

	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);

	struct stream_view v = stream_view_read(b->server.address, STREAM);

	assert_int_equal(v.count, sizeof steps_us / sizeof *steps_us * 100);
	for (size_t i = 0; i < v.count; i++)
		assert_int_equal(v.numbers[i], i);
	assert_true(v.ids_grow);
	stream_view_release(&v);
}

/* As above without a spool: what waits in memory moves, and what is still being filled. */
static void ids_that_wait_in_memory_move_too(void **state)
{
	struct bench *b = *state;

	b->options.spool_path = NULL;
	b->options.linger_ms = 600000;
	redis_server_start(&b->server);
	add_entry(b, "1763856999999-7");
	redis_server_kill(&b->server);
	struct publish *p = start(b);

	publish_numbers(p, 0, 95, WALL_US);
	redis_server_start(&b->server);
	for (int i = 0; i < WAIT_MS && counter(b, "haidang_publish_events_total") < 90; i += 5)
		poll(NULL, 0, 5);
	publish_numbers(p, 95, 5, WALL_US);
	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);

	struct stream_view v = stream_view_read(b->server.address, STREAM);

	assert_int_equal(v.count, 100);
	assert_true(v.ids_grow);
	assert_true(v.first.ms > UINT64_C(1763856999999));
	stream_view_release(&v);
}

/* The stream's last id lies amid the ids given out. What moved in memory is then spooled, because
 * Redis is full, and must not move again when it is read back. */
static void ids_move_once(void **state)
{
	struct bench *b = *state;

	b->options.batch_events = 100;
	redis_server_start(&b->server);
	add_entry(b, "1763856300050-0");
	redis_server_kill(&b->server);
	struct publish *p = start(b);

	redis_server_start(&b->server);
	set_memory(b, "1");
	poll(NULL, 0, 60); /* past the back-off after the first connect */
	for (uint64_t n = 0; n < 100; n++)
		publish_numbers(p, n, 1, WALL_US + (int64_t)n * 1000);
	for (int i = 0; i < WAIT_MS && counter(b, "haidang_publish_spooled_total") < 100; i += 5)
		poll(NULL, 0, 5);
	set_memory(b, "0");
	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);

	struct stream_view v = stream_view_read(b->server.address, STREAM);

	assert_int_equal(v.count, 100);
	assert_true(v.ids_grow);
	assert_true(v.first.ms > UINT64_C(1763856300050));
	assert_int_equal(v.last.ms - v.first.ms, 99);
	stream_view_release(&v);
}

static void ids_go_on_after_the_streams_last_one(void **state)
{
	struct bench *b = *state;

	redis_server_start(&b->server);
	add_entry(b, "1763856999999-7");
	struct publish *p = start(b);
	struct event_id id = publish_next_id(p, WALL_US);

	assert_int_equal(id.ms, UINT64_C(1763856999999));
	assert_int_equal(id.seq, 8);
	publish_free(&p);
}

static void a_foreign_writer_does_not_make_events_vanish(void **state)
{
	struct bench *b = *state;

	redis_server_start(&b->server);
	struct publish *p = start(b);

	publish_numbers(p, 0, 10, WALL_US);
	assert_true(publish_wait(p, WAIT_MS));
	add_entry(b, "1763856999999-7");
	publish_numbers(p, 10, 25, WALL_US);
	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);

	struct stream_view v = stream_view_read(b->server.address, STREAM);

	assert_int_equal(v.count, 35);
	assert_true(v.ids_grow);
	stream_view_release(&v);
}

static void a_full_spool_drops_the_newest_and_counts_them(void **state)
{
	struct bench *b = *state;

	b->options.spool_len_max = 1;
	b->options.drain_ms = 1;
	struct publish *p = start(b);

	publish_numbers(p, 0, 5000, WALL_US);
	publish_free(&p);

	int64_t spooled = counter(b, "haidang_publish_spooled_total");

	assert_true(spooled > 500 && spooled < 2000);
	assert_int_equal(spooled + dropped(b, "reason=\"spool\""), 5000);
	redis_server_start(&b->server);
	b->options.drain_ms = WAIT_MS;
	p = start(b);
	publish_free(&p);
	assert_stream_is(b->server.address, STREAM, 0, (size_t)spooled);
}

static void without_a_spool_the_queue_is_the_bound(void **state)
{
	struct bench *b = *state;

	b->options.spool_path = NULL;
	b->options.queue_events = 100;
	struct publish *p = start(b);

	publish_numbers(p, 0, 250, WALL_US);
	assert_int_equal(dropped(b, "reason=\"queue\""), 150);
	redis_server_start(&b->server);
	assert_true(publish_wait(p, WAIT_MS));
	assert_stream_is(b->server.address, STREAM, 0, 100);
	publish_free(&p);

	redis_server_kill(&b->server);
	b->options.drain_ms = 1;
	p = start(b);
	publish_numbers(p, 0, 30, WALL_US);
	publish_free(&p);
	assert_int_equal(dropped(b, "reason=\"shutdown\""), 30);
}

static void an_event_too_long_is_dropped_and_counted(void **state)
{
	enum { LEN = 5 * 1024 * 1024 };
	struct bench *b = *state;
	char *big = mem_alloc(LEN);

	redis_server_start(&b->server);
	struct publish *p = start(b);

	publish_event(p, publish_next_id(p, WALL_US), slice_over(big, LEN));
	assert_true(publish_wait(p, WAIT_MS));
	assert_int_equal(dropped(b, "reason=\"too_long\""), 1);
	publish_free(&p);
	mem_free(big);
}

static void the_stream_is_trimmed_when_asked(void **state)
{
	struct bench *b = *state;

	b->options.batch_events = 1;
	b->options.stream_len_max = 100;
	redis_server_start(&b->server);
	struct publish *p = start(b);

	publish_numbers(p, 0, 2000, WALL_US);
	assert_true(publish_wait(p, WAIT_MS));
	publish_free(&p);

	struct stream_view v = stream_view_read(b->server.address, STREAM);

	assert_in_range(v.count, 100, 300);
	if (v.numbers)
		assert_int_equal(v.numbers[v.count - 1], 1999);
	stream_view_release(&v);
}

static size_t eve_lines(const char *path)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct err err = {0};
	struct slice rest, line;
	size_t count = 0;

	assert_true(file_read(path, 1 << 24, &text, &err));
	rest = buf_slice(&text);
	while (slice_cut(&rest, '\n', &line))
		count += slice_starts(line, SLICE("{\"event_id\":\"")) &&
			slice_ends(line, SLICE("}"));
	return count;
}

static void the_eve_file_holds_every_event_and_is_reopened(void **state)
{
	struct bench *b = *state;
	char rotated[160];

	b->options.redis.address = NULL;
	b->options.eve_path = b->eve;
	(void)snprintf(rotated, sizeof rotated, "%s.1", b->eve);
	struct publish *p = start(b);

	publish_numbers(p, 0, 30000, WALL_US);
	assert_true(publish_wait(p, WAIT_MS));
	assert_int_equal(eve_lines(b->eve), 30000);
	assert_int_equal(rename(b->eve, rotated), 0);
	publish_reopen(p);
	assert_true(publish_wait(p, WAIT_MS));
	publish_numbers(p, 0, 3, WALL_US);
	publish_free(&p);
	assert_int_equal(eve_lines(rotated), 30000);
	assert_int_equal(eve_lines(b->eve), 3);

	p = start(b);
	publish_numbers(p, 0, 4, WALL_US);
	assert_int_equal(publish_eve_error(p), 0);
	publish_free(&p);
	assert_int_equal(eve_lines(b->eve), 7);
}

static void a_disk_that_is_full_is_counted(void **state)
{
	struct bench *b = *state;

	b->options.redis.address = NULL;
	b->options.eve_path = "/dev/full";
	struct publish *p = start(b);

	publish_numbers(p, 0, 30, WALL_US);
	assert_true(publish_wait(p, WAIT_MS));
	assert_int_equal(publish_eve_error(p), -ENOSPC);
	assert_int_equal(counter(b, "haidang_publish_eve_lost_total"), 30);
	publish_free(&p);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(events_arrive_in_order_and_in_batches),
		CASE(a_lone_event_is_sent_after_the_linger),
		CASE(a_redis_killed_again_and_again_loses_and_doubles_nothing),
		CASE(a_full_redis_gets_everything_once_it_has_room),
		CASE(a_redis_at_the_edge_of_its_memory_keeps_the_order),
		CASE(a_frozen_redis_does_not_hold_the_producer_up),
		CASE(the_spool_survives_the_program),
		CASE(what_the_spool_sends_twice_is_a_duplicate),
		CASE(a_producer_killed_again_and_again_leaves_no_gap_and_doubles_nothing),
		CASE(a_clock_set_back_while_redis_was_away_loses_nothing),
		CASE(a_clock_that_jumps_by_hours_while_running_loses_nothing),
		CASE(ids_that_wait_in_memory_move_too),
		CASE(ids_move_once),
		CASE(ids_go_on_after_the_streams_last_one),
		CASE(a_foreign_writer_does_not_make_events_vanish),
		CASE(a_full_spool_drops_the_newest_and_counts_them),
		CASE(without_a_spool_the_queue_is_the_bound),
		CASE(an_event_too_long_is_dropped_and_counted),
		CASE(the_stream_is_trimmed_when_asked),
		CASE(the_eve_file_holds_every_event_and_is_reopened),
		CASE(a_disk_that_is_full_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
