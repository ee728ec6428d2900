#include "event/health.h"
#include "lib/mem.h"
#include "tests/redis_server.h"
#include "tests/unit/test.h"

#include <errno.h>

#define WALL_US INT64_C(1763856300000000)

struct bench {
	struct redis_server server;
	struct redis *r;
	struct metrics *metrics;
	struct clock_manual clock;
};

static int bench_make(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);

	redis_server_make(&b->server, NULL);
	redis_server_start(&b->server);
	b->r = redis_new(&(struct redis_options){.address = b->server.address}, clock_system());
	b->metrics = metrics_new();
	clock_manual_init(&b->clock, WALL_US);
	*state = b;
	return 0;
}

static int bench_remove(void **state)
{
	struct bench *b = *state;

	redis_free(&b->r);
	metrics_free(&b->metrics);
	redis_server_remove(&b->server);
	mem_free(b);
	return 0;
}

static int report(struct bench *b, const char *program, const char *status)
{
	const struct health health = {program, "s1", WALL_US - 5000000};

	return health_report(&health, b->r, &b->clock.clock, b->metrics, status);
}

/* "key text\n", the process id taken out. */
static void note(void *ctx, struct slice key, struct slice json)
{
	struct buf *out = ctx;
	size_t pid = slice_find(json, SLICE("\"pid\":")),
	       rest = slice_find(json, SLICE(",\"version"));

	buf_printf(out, "%.*s %.*s%.*s\n", SLICE_ARG(key), (int)pid, json.at,
		SLICE_ARG(slice_from(json, rest)));
}

static void programs_tell_about_themselves(void **state)
{
	struct bench *b = *state;
	CLEANUP(buf_release) struct buf out = {0};

	metric_add(metrics_counter(b->metrics, "haidang_x_total", "", "X."), 7);
	metric_set(metrics_gauge(b->metrics, "haidang_y", "a=\"b c\",d=\"\\\"\"", "Y."), -3);
	assert_int_equal(report(b, "probe", "capturing \"eth0\""), 0);
	assert_int_equal(health_each(b->r, note, &out), 0);
	assert_string_equal(buf_text(&out),
		"health:probe.s1 {\"program\":\"probe\",\"instance\":\"s1\","
		",\"version\":\"" VERSION "\",\"started\":\"2025-11-23T00:04:55.000000+00:00\","
		"\"updated\":\"2025-11-23T00:05:00.000000+00:00\","
		"\"status\":\"capturing \\\"eth0\\\"\","
		"\"metrics\":{\"haidang_x_total\":7,"
		"\"haidang_y{a=\\\"b c\\\",d=\\\"\\\\\\\"\\\"}\":-3}}\n");
}

static void lost_events_are_a_problem(void **state)
{
	struct bench *b = *state;
	CLEANUP(buf_release) struct buf out = {0};
	static const char name[] = "haidang_publish_dropped_total";

	metric_add(metrics_counter(b->metrics, name, "reason=\"queue\"", "Lost."), 3);
	metric_add(metrics_counter(b->metrics, name, "reason=\"spool\"", ""), 4);
	assert_int_equal(report(b, "probe", "capturing"), 0);
	assert_int_equal(health_each(b->r, note, &out), 0);
	assert_non_null(strstr(buf_text(&out),
		"\"status\":\"degraded: 7 events were lost on the way to Redis; capturing\""));
}

static void the_silent_are_known_and_sorted(void **state)
{
	struct bench *b = *state;
	CLEANUP(buf_release) struct buf out = {0};
	const struct slice del[] = {SLICE("DEL"), SLICE("health:probe.s1")};
	const struct slice ttl[] = {SLICE("TTL"), SLICE("health:crawler.s1")};
	struct redis_reply *reply;

	assert_int_equal(report(b, "probe", ""), 0);
	assert_int_equal(report(b, "crawler", ""), 0);
	assert_int_equal(redis_call(b->r, ttl[1], ttl, 2, &reply), 0);
	assert_in_range(redis_reply_int(reply), HEALTH_EXPIRY_S - 2, HEALTH_EXPIRY_S);
	redis_reply_free(&reply);
	assert_int_equal(redis_call(b->r, del[1], del, 2, &reply), 0);
	redis_reply_free(&reply);
	assert_int_equal(health_each(b->r, note, &out), 0);
	assert_true(slice_starts(buf_slice(&out), SLICE("health:crawler.s1 {")));
	assert_true(slice_ends(buf_slice(&out), SLICE("\nhealth:probe.s1 \n")));
}

static void nobody_known_is_no_error(void **state)
{
	struct bench *b = *state;
	CLEANUP(buf_release) struct buf out = {0};

	assert_int_equal(health_each(b->r, note, &out), 0);
	assert_string_equal(buf_text(&out), "");
}

static void a_redis_that_is_full_or_away_is_an_error(void **state)
{
	struct bench *b = *state;
	const struct slice full[] = {SLICE("CONFIG"), SLICE("SET"), SLICE("maxmemory"), SLICE("1")};
	struct redis_reply *reply;

	assert_int_equal(redis_call(b->r, full[0], full, 4, &reply), 0);
	redis_reply_free(&reply);
	assert_int_equal(report(b, "probe", ""), -ENOSPC);
	redis_server_kill(&b->server);
	assert_true(report(b, "probe", "") < 0);
	assert_int_equal(health_each(b->r, note, NULL), -ECONNREFUSED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(programs_tell_about_themselves),
		CASE(lost_events_are_a_problem),
		CASE(the_silent_are_known_and_sorted),
		CASE(nobody_known_is_no_error),
		CASE(a_redis_that_is_full_or_away_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
