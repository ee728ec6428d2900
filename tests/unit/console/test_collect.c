#include "console/collect.h"
#include "event/streams.h"
#include "lib/json_write.h"
#include "tests/redis_server.h"
#include "tests/unit/console/record_fixture.h"

#include <errno.h>

struct bench {
	struct redis_server server;
	struct record_fixture *record;
	struct redis *r;
	struct metrics *metrics;
	struct collect *collect;
};

static void open_collect(struct bench *b)
{
	const struct redis_options options = {.address = b->server.address};

	b->r = redis_new(&options, clock_system());
	b->collect = collect_new(b->record->db, b->r, clock_system(), b->metrics);
}

static void close_collect(struct bench *b)
{
	collect_free(&b->collect);
	redis_free(&b->r);
}

static int bench_make(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);
	void *record;

	record_make(&record);
	b->record = record;
	b->metrics = metrics_new();
	redis_server_make(&b->server, NULL);
	redis_server_start(&b->server);
	open_collect(b);
	*state = b;
	return 0;
}

static int bench_remove(void **state)
{
	struct bench *b = *state;
	void *record = b->record;

	close_collect(b);
	redis_server_remove(&b->server);
	record_remove(&record);
	metrics_free(&b->metrics);
	mem_free(b);
	return 0;
}

static int64_t command(struct bench *b, const struct slice *args, size_t count)
{
	const struct redis_options options = {.address = b->server.address};
	struct redis *r = redis_new(&options, clock_system());
	struct redis_reply *reply;

	assert_int_equal(redis_call(r, args[1], args, count, &reply), 0);
	assert_int_not_equal(redis_reply_kind(reply), REDIS_ERROR);
	int64_t number = redis_reply_kind(reply) == REDIS_INT ? redis_reply_int(reply)
		: redis_reply_kind(reply) == REDIS_ARRAY ? redis_reply_int(redis_reply_at(reply, 0))
							 : 0;

	redis_reply_free(&reply);
	redis_free(&r);
	return number;
}

static void add_body(struct bench *b, unsigned bucket, struct slice body)
{
	char stream[STREAM_NAME_MAX];

	stream_alerts(bucket, stream);
	const struct slice args[] = {
		SLICE("XADD"), slice_of(stream), SLICE("*"), SLICE(ALERT_FIELD_BODY), body};

	command(b, args, 5);
}

static void add_alert(struct bench *b, unsigned number)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_writer w = json_writer_on(&body);
	struct alert alert = alert_sample(number);

	alert_write(&alert, &w);
	add_body(b, number % ALERT_BUCKETS, buf_slice(&body));
}

static int64_t pending(struct bench *b, unsigned bucket)
{
	char stream[STREAM_NAME_MAX];

	stream_alerts(bucket, stream);
	const struct slice args[] = {SLICE("XPENDING"), slice_of(stream), SLICE("console")};

	return command(b, args, 3);
}

static int64_t stored(struct bench *b)
{
	db_begin(b->record->db, DB_READ);
	int64_t count = db_query_int(b->record->db, "SELECT count(*) FROM alert", DB_NOTHING, -1);

	assert_int_equal(db_end(b->record->db), 0);
	return count;
}

static int64_t counted(struct bench *b, const char *result)
{
	return metric_value(
		metrics_counter(b->metrics, "haidang_console_alerts_total", result, ""));
}

/* Until a round brings nothing; the first one always looks for what is pending. */
static int collect_all(struct bench *b)
{
	int all = 0;

	for (int quiet = 0; quiet < 2;) {
		int changed = collect_step(b->collect, 0);

		assert_true(changed >= 0);
		quiet = changed == 0 ? quiet + 1 : 0;
		all += changed;
	}
	return all;
}

static void alerts_of_all_buckets_are_stored_once_and_acknowledged(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i < 200; i++)
		add_alert(b, i);
	add_alert(b, 5);
	assert_int_equal(collect_all(b), 200);
	assert_int_equal(stored(b), 200);
	assert_int_equal(counted(b, "result=\"known\""), 1);
	for (unsigned bucket = 0; bucket < ALERT_BUCKETS; bucket++)
		assert_int_equal(pending(b, bucket), 0);
}

/* As a console that was killed before it stored what it was given. */
static void read_and_forget(struct bench *b, const char *stream)
{
	const struct slice lost[] = {SLICE("XREADGROUP"), SLICE("GROUP"), SLICE("console"),
		SLICE("console"), SLICE("STREAMS"), slice_of(stream), SLICE(">")};
	const struct redis_options options = {.address = b->server.address};
	struct redis *r = redis_new(&options, clock_system());
	struct redis_reply *reply;

	assert_int_equal(redis_call(r, slice_of(stream), lost, 7, &reply), 0);
	redis_reply_free(&reply);
	redis_free(&r);
}

static void what_was_given_but_not_acknowledged_comes_again(void **state)
{
	struct bench *b = *state;
	char stream[STREAM_NAME_MAX];

	assert_int_equal(collect_all(b), 0);
	add_alert(b, 3);
	add_alert(b, 3 + ALERT_BUCKETS);
	stream_alerts(3, stream);
	read_and_forget(b, stream);
	assert_int_equal(pending(b, 3), 2);

	close_collect(b); /* as after SIGKILL: a new process, the same record */
	open_collect(b);
	assert_int_equal(collect_all(b), 2);
	assert_int_equal(stored(b), 2);
	assert_int_equal(pending(b, 3), 0);
}

static void what_was_trimmed_before_it_was_stored_is_counted(void **state)
{
	struct bench *b = *state;
	char stream[STREAM_NAME_MAX];

	assert_int_equal(collect_all(b), 0);
	add_alert(b, 3);
	stream_alerts(3, stream);
	read_and_forget(b, stream);
	const struct slice trim[] = {SLICE("XTRIM"), slice_of(stream), SLICE("MAXLEN"), SLICE("0")};

	assert_int_equal(command(b, trim, 4), 1);
	close_collect(b);
	open_collect(b);
	assert_int_equal(collect_all(b), 0);
	assert_int_equal(counted(b, "result=\"gone\""), 1);
	assert_int_equal(pending(b, 3), 0);
}

static void what_cannot_be_read_is_counted_and_does_not_come_back(void **state)
{
	struct bench *b = *state;

	add_body(b, 0, SLICE(""));
	add_body(b, 0, SLICE("{"));
	add_body(b, 1, SLICE("{\"alert_id\":\"x\"}"));
	add_alert(b, 2);
	assert_int_equal(collect_all(b), 1);
	assert_int_equal(counted(b, "result=\"refused\""), 3);
	assert_int_equal(pending(b, 0) + pending(b, 1), 0);
}

static void nothing_is_acknowledged_while_the_record_is_full(void **state)
{
	struct bench *b = *state;
	struct db *db = b->record->db;

	assert_int_equal(collect_all(b), 0);
	db_begin(db, DB_READ);
	(void)db_query_int(db, "PRAGMA max_page_count = 1", DB_NOTHING, 0);
	assert_int_equal(db_end(db), 0);
	for (unsigned i = 0; i < 60; i++)
		add_alert(b, i * ALERT_BUCKETS);
	assert_int_equal(collect_step(b->collect, 0), -ENOSPC);
	assert_non_null(strstr(collect_said(b->collect), "full"));
	assert_int_equal(stored(b), 0);
	assert_int_equal(pending(b, 0), 60);

	db_begin(db, DB_READ);
	(void)db_query_int(db, "PRAGMA max_page_count = 100000", DB_NOTHING, 0);
	assert_int_equal(db_end(db), 0);
	assert_int_equal(collect_all(b), 60);
	assert_int_equal(pending(b, 0), 0);
}

static void groups_are_made_anew_when_redis_lost_them(void **state)
{
	struct bench *b = *state;
	const struct slice flush[] = {SLICE("FLUSHALL"), SLICE("SYNC")};

	assert_int_equal(collect_all(b), 0);
	command(b, flush, 2);
	add_alert(b, 1);
	assert_true(collect_step(b->collect, 0) < 0);
	assert_int_equal(collect_all(b), 1);
}

static void redis_away_is_told_and_survived(void **state)
{
	struct bench *b = *state;

	assert_int_equal(collect_all(b), 0);
	redis_server_kill(&b->server);
	assert_true(collect_step(b->collect, 0) < 0);
	assert_string_not_equal(collect_said(b->collect), "");
	redis_server_start(&b->server);
	add_alert(b, 1);
	for (int tries = 0; tries < 100 && stored(b) == 0; tries++)
		assert_in_range(collect_step(b->collect, 50) + 1000, 0, 1001);
	assert_int_equal(stored(b), 1);
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_make, bench_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BENCH(alerts_of_all_buckets_are_stored_once_and_acknowledged),
		ON_BENCH(what_was_given_but_not_acknowledged_comes_again),
		ON_BENCH(what_was_trimmed_before_it_was_stored_is_counted),
		ON_BENCH(what_cannot_be_read_is_counted_and_does_not_come_back),
		ON_BENCH(nothing_is_acknowledged_while_the_record_is_full),
		ON_BENCH(groups_are_made_anew_when_redis_lost_them),
		ON_BENCH(redis_away_is_told_and_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
