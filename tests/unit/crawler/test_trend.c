#include "crawler/trend.h"
#include "crawler/trend_series.h"
#include "lib/mem.h"
#include "tests/redis_server.h"
#include "tests/unit/test.h"

#include <math.h>

static const int64_t HOUR_MS = 3600000, START_US = INT64_C(1772380800000000); /* 2026-03-02 */

struct told {
	unsigned count;
	struct trend last;
	char season[16], story[24], title[64];
};

struct bench {
	struct trends *t;
	struct clock_manual clock;
	unsigned stories;
	struct told told;
};

static struct told *collector;

static void on_trend(const void *ctx, const struct trend *trend)
{
	struct told *told = collector;
	(void)ctx;

	told->count++;
	told->last = *trend;
	(void)snprintf(told->season, sizeof told->season, "%.*s", SLICE_ARG(trend->season));
	(void)snprintf(told->story, sizeof told->story, "%.*s", SLICE_ARG(trend->stories[0]));
	(void)snprintf(told->title, sizeof told->title, "%.*s", SLICE_ARG(trend->titles[0]));
}

static void note(struct bench *b, unsigned story, unsigned site, int64_t published_us)
{
	static const struct trend_name topic = {SLICE_INIT("disaster.flood"), SLICE_INIT("Mưa lũ")};
	static const struct trend_name place = {SLICE_INIT("vn48-20500"), SLICE_INIT("Đại Lộc")};
	char id[24], publisher[24];

	(void)snprintf(id, sizeof id, "st-%012x", story);
	(void)snprintf(publisher, sizeof publisher, "bao%u.vn", site);
	collector = &b->told;
	trends_note(b->t,
		&(struct trend_story){.id = slice_of(id),
			.publisher = slice_of(publisher),
			.title = SLICE("Nước lũ lên nhanh"),
			.published_us = published_us,
			.topics = &topic,
			.topic_count = 1,
			.places = &place,
			.place_count = 1},
		on_trend, NULL);
}

/* A story every third hour, from ever other sites. */
static void live(struct bench *b, int days)
{
	for (int hour = 0; hour < 24 * days; hour++) {
		if (hour % 3 == 0) {
			b->stories++;
			note(b, b->stories, b->stories % 7, 0);
		}
		clock_manual_advance(&b->clock, HOUR_MS);
	}
}

static void begin(struct bench *b, struct redis *redis)
{
	*b = (struct bench){0};
	clock_manual_init(&b->clock, START_US);
	b->t = trends_new(redis, "t", &b->clock.clock);
}

static void restart(struct bench *b, struct redis *redis)
{
	trends_free(&b->t);
	b->t = trends_new(redis, "t", &b->clock.clock);
}

static void a_burst_is_told_once_with_what_was_expected(void **state)
{
	struct bench b;
	(void)state;

	begin(&b, NULL);
	live(&b, 30);
	assert_int_equal(b.told.count, 0);
	for (unsigned i = 0; i < 12; i++)
		note(&b, 1000 + i, i % 4, 0);
	assert_int_equal(b.told.count, 2); /* there, and anywhere */
	assert_true(b.told.last.seen >= 5 && b.told.last.seen <= 12);
	assert_true(b.told.last.expected > 0.5 && b.told.last.expected < 3);
	assert_true(b.told.last.unusual >= TREND_UNUSUAL_MIN);
	assert_true(b.told.last.publishers >= TREND_PUBLISHERS_MIN);
	assert_int_equal(b.told.last.learnt_days, 29);
	assert_string_equal(b.told.title, "Nước lũ lên nhanh");
	clock_manual_advance(&b.clock, 7 * HOUR_MS);
	for (unsigned i = 0; i < 12; i++)
		note(&b, 2000 + i, i % 4, 0);
	assert_int_equal(b.told.count, 4);
	trends_free(&b.t);
}

static void nothing_is_told_before_it_was_learnt(void **state)
{
	struct bench b;
	(void)state;

	begin(&b, NULL);
	live(&b, TREND_LEARN_DAYS);
	assert_true(trends_learnt_days(b.t) < TREND_LEARN_DAYS);
	for (unsigned i = 0; i < 50; i++)
		note(&b, 1000 + i, i % 9, 0);
	assert_int_equal(b.told.count, 0);
	trends_free(&b.t);
}

static void copies_and_few_publishers_are_no_trend(void **state)
{
	struct bench b;
	(void)state;

	begin(&b, NULL);
	live(&b, 30);
	for (unsigned i = 0; i < 60; i++)
		note(&b, 999, i, 0); /* one story, sixty sites */
	assert_int_equal(b.told.count, 0);
	for (unsigned i = 0; i < 60; i++)
		note(&b, 2000 + i, 3 + i % 2, 0); /* sixty stories of two sites, and the copies */
	assert_true(b.told.count > 0);            /* those sixty sites count in */
	struct bench two;
	begin(&two, NULL);
	live(&two, 30);
	clock_manual_advance(&two.clock, 5 * HOUR_MS);
	for (unsigned i = 0; i < 60; i++)
		note(&two, 2000 + i, 3 + i % 2, 0);
	assert_int_equal(two.told.count, 0);
	trends_free(&two.t);
	trends_free(&b.t);
}

static void old_news_are_no_trend(void **state)
{
	struct bench b;
	(void)state;

	begin(&b, NULL);
	live(&b, 30);
	for (unsigned i = 0; i < 60; i++)
		note(&b, 2000 + i, i, b.clock.wall_us - 25 * HOUR_MS * 1000);
	assert_int_equal(b.told.count, 0);
	trends_free(&b.t);
}

static void the_order_of_arrival_changes_nothing(void **state)
{
	struct trend_entry entries[] = {{1, 10, 100, false}, {1, 11, 98, false}, {1, 10, 99, false},
		{2, 10, 100, false}, {1, 12, 101, false}, {2, 10, 97, false}};
	enum { COUNT = sizeof entries / sizeof entries[0] };
	(void)state;

	for (int shift = 0; shift < COUNT; shift++) {
		struct trend_series s = {0};

		for (int i = 0; i < COUNT; i++)
			trend_series_add(&s, &entries[(i + shift) % COUNT]);
		assert_int_equal(trend_series_count(&s, 98, 98), 1);
		assert_int_equal(trend_series_count(&s, 97, 97), 1);
		assert_int_equal(trend_series_count(&s, 0, 200), 2);
		assert_int_equal(trend_series_publishers(&s, 98, 101), 3);
		trend_series_release(&s);
	}
}

static void a_restart_changes_nothing(void **state)
{
	struct redis_server server;
	(void)state;

	redis_server_make(&server, "save", "", NULL);
	redis_server_start(&server);
	struct redis_options options = {.address = server.address};
	struct redis *redis = redis_new(&options, clock_system());
	struct bench calm, wild;
	begin(&calm, NULL);
	begin(&wild, redis);
	assert_int_equal(trends_load(wild.t), 0);
	for (int day = 0; day < 20; day++) {
		live(&calm, 1);
		live(&wild, 1);
		assert_int_equal(trends_commit(wild.t), 0);
		restart(&wild, redis);
		assert_false(trends_are_loaded(wild.t));
		assert_int_equal(trends_load(wild.t), 0);
	}
	assert_int_equal(trends_count(wild.t), trends_count(calm.t));
	assert_int_equal(trends_learnt_days(wild.t), trends_learnt_days(calm.t));
	for (unsigned i = 0; i < 12; i++) {
		note(&calm, 1000 + i, i % 4, 0);
		note(&wild, 1000 + i, i % 4, 0);
	}
	assert_int_equal(calm.told.count, 2);
	assert_int_equal(wild.told.count, 2);
	assert_true(fabs(calm.told.last.unusual - wild.told.last.unusual) < 1e-9);
	assert_true(fabs(calm.told.last.expected - wild.told.last.expected) < 1e-9);
	trends_free(&calm.t);
	trends_free(&wild.t);
	redis_free(&redis);
	redis_server_remove(&server);
}

static void holidays_weekends_and_seasons_are_learnt(void **state)
{
	struct err err = {0};
	struct calendar *c = calendar_read("rules/calendar.yaml", &err);
	struct baseline b;
	int64_t hour = calendar_local_hour(INT64_C(1767200400000000)); /* 2026-01-01 */
	(void)state;

	assert_non_null(c);
	baseline_init(&b, hour, 0);
	/* Four an hour; half on weekends, a quarter on holidays, three times in the season. */
	for (int64_t end = hour + INT64_C(24) * 730; hour < end; hour++) {
		struct calendar_day day = calendar_day(c, hour / 24);
		unsigned usual = day.kind == DAY_HOLIDAY ? 1 : day.kind == DAY_WEEKEND ? 2 : 4;

		baseline_learn(&b, hour, &day, day.in_season ? 3 * usual : usual);
	}
	static const struct {
		struct calendar_day day;
		double expected;
	} cases[] = {{{DAY_WORKING, false, {0}}, 4}, {{DAY_WEEKEND, false, {0}}, 2},
		{{DAY_HOLIDAY, false, {0}}, 1}, {{DAY_WORKING, true, {0}}, 12}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct expected e = {0};

		baseline_expect(&b, hour, &cases[i].day, &e);
		assert_true(e.mean > 0.7 * cases[i].expected && e.mean < 1.4 * cases[i].expected);
	}
	calendar_free(&c);
}

static void the_chance_is_the_tail_of_the_distribution(void **state)
{
	struct baseline b;
	struct expected e = {.mean = 3, .hours = 4};
	double sum = 0;
	(void)state;

	baseline_init(&b, 0, 10000);
	assert_true(baseline_chance(&b, &e, 0) == 1);
	for (unsigned k = 1; k < 200; k++) {
		assert_true(baseline_chance(&b, &e, k + 1) < baseline_chance(&b, &e, k));
		sum += baseline_chance(&b, &e, k); /* its sum is the mean */
	}
	assert_true(fabs(sum - 3) < 1e-6);
	assert_true(baseline_chance(&b, &e, 1000000) > 0);
	assert_true(baseline_chance(&b, &e, 1000000) < 1e-300);
	e.mean = 10000; /* all of whose likely counts are too far from 1 for a double */
	assert_true(baseline_chance(&b, &e, 1) > 0.999);
}

static void what_comes_before_the_past_is_here_does_not_replace_it(void **state)
{
	struct redis_server server;
	(void)state;

	redis_server_make(&server, "save", "", NULL);
	redis_server_start(&server);
	struct redis_options options = {.address = server.address};
	struct redis *redis = redis_new(&options, clock_system());
	struct bench b;
	begin(&b, redis);
	assert_int_equal(trends_load(b.t), 0);
	live(&b, 20);
	assert_int_equal(trends_commit(b.t), 0);
	unsigned learnt = trends_learnt_days(b.t);
	size_t count = trends_count(b.t);
	restart(&b, redis);
	note(&b, 5000, 1, 0);
	assert_int_equal(trends_commit(b.t), 0);
	restart(&b, redis);
	assert_int_equal(trends_load(b.t), 0);
	assert_int_equal(trends_learnt_days(b.t), learnt);
	assert_int_equal(trends_count(b.t), count);
	trends_free(&b.t);
	redis_free(&redis);
	redis_server_remove(&server);
}

static void a_story_that_is_named_again_after_its_hours_keeps_its_title(void **state)
{
	struct redis_server server;
	(void)state;

	redis_server_make(&server, "save", "", NULL);
	redis_server_start(&server);
	struct redis_options options = {.address = server.address};
	struct redis *redis = redis_new(&options, clock_system());
	struct bench b;
	begin(&b, redis);
	assert_int_equal(trends_load(b.t), 0);
	live(&b, 30);
	for (unsigned i = 0; i < 2; i++)
		note(&b, 1000, 1, 0);
	assert_int_equal(trends_commit(b.t), 0);
	clock_manual_advance(&b.clock, 25 * HOUR_MS);
	for (unsigned site = 0; site < 4; site++)
		note(&b, 1000, site, 0);
	assert_int_equal(trends_commit(b.t), 0);
	restart(&b, redis);
	assert_int_equal(trends_load(b.t), 0);
	for (unsigned i = 0; i < 12; i++)
		note(&b, 2000 + i, 5 + i % 4, 0);
	assert_true(b.told.count > 0);
	assert_string_equal(b.told.story, "st-0000000003e8");
	trends_free(&b.t);
	redis_free(&redis);
	redis_server_remove(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_is_told_once_with_what_was_expected),
		cmocka_unit_test(nothing_is_told_before_it_was_learnt),
		cmocka_unit_test(copies_and_few_publishers_are_no_trend),
		cmocka_unit_test(old_news_are_no_trend),
		cmocka_unit_test(the_order_of_arrival_changes_nothing),
		cmocka_unit_test(a_restart_changes_nothing),
		cmocka_unit_test(holidays_weekends_and_seasons_are_learnt),
		cmocka_unit_test(the_chance_is_the_tail_of_the_distribution),
		cmocka_unit_test(what_comes_before_the_past_is_here_does_not_replace_it),
		cmocka_unit_test(a_story_that_is_named_again_after_its_hours_keeps_its_title),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
