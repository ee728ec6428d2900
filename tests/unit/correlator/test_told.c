/* What becomes of an alert whose window is silent: revisions when there is news, and no others. */
#include "correlator/settle.h"
#include "event/id.h"
#include "lib/json_read.h"
#include "tests/unit/correlator/rules_in.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char rules_text[] =
	"title: Many hosts\n"
	"id: many\n"
	"name: many\n"
	"level: medium\n"
	"correlation:\n"
	"  type: value_count\n"
	"  rules: [flow]\n"
	"  group-by: [src_ip]\n"
	"  timespan: 5m\n"
	"  condition: {gte: 3, field: dest_ip}\n"
	"haidang:\n"
	"  suppress: 1h\n"
	"  raise: {critical: 30}\n"
	"  explanation: {vi: 'v', en: '{count} hosts within {timespan}, limit {threshold}'}\n"
	"---\n"
	"title: Flow\n"
	"name: flow\n"
	"logsource: {category: flow}\n"
	"detection: {selection: {event_type: flow}, condition: selection}\n"
	"---\n"
	"title: Attack\n"
	"id: attack\n"
	"level: medium\n"
	"logsource: {category: http}\n"
	"detection: {selection: {event_type: http}, condition: selection}\n"
	"haidang:\n"
	"  group_by: [src_ip]\n"
	"  suppress: 1h\n"
	"  raise: {high: {found: {http.status: 200}, condition: found}}\n";

struct alerts {
	struct json_reader *reader;
	size_t count;
	char seen[32][160]; /* revision, level, count, why, explanation */
	char ids[32][32];
};

static struct slice text_at(struct json_value root, const char *path)
{
	struct json_value v;
	struct slice text = {0};

	assert_true(json_at(root, path, &v));
	assert_true(json_to_text(v, &text));
	return text;
}

static uint64_t number_at(struct json_value root, const char *path)
{
	struct json_value v;
	uint64_t n = 0;

	assert_true(json_at(root, path, &v));
	assert_true(json_to_u64(v, &n));
	return n;
}

static void on_alert(void *ctx, struct slice alert)
{
	struct alerts *a = ctx;
	struct json_value root;
	struct err err = {0};
	struct slice why, level, id;

	assert_true(json_read(a->reader, alert, &root, &err));
	assert_true(a->count < 32);
	why = text_at(root, "revised_for");
	level = text_at(root, "rule.level");
	id = text_at(root, "alert_id");
	(void)snprintf(a->seen[a->count], sizeof a->seen[0], "%" PRIu64 " %.*s %" PRIu64 " %.*s",
		number_at(root, "revision"), SLICE_ARG(level), number_at(root, "count"),
		SLICE_ARG(why));
	(void)snprintf(a->ids[a->count], sizeof a->ids[0], "%.*s", SLICE_ARG(id));
	a->count++;
}

/* A correlator over memory, fed event by event. */
struct bench {
	struct ruleset *rules;
	struct engine *engine;
	struct store *store;
	struct settle *settle;
	struct hits hits;
	struct alerts alerts;
	uint32_t next;
};

static int bench_open(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);

	b->rules = rules_in(rules_text, VIEW_SIGMA_NAMES);
	assert_int_equal(b->rules->refused_count, 0);
	b->engine = engine_new(b->rules);
	b->alerts.reader = json_reader_new(1 << 20);
	b->store = store_memory_new(on_alert, &b->alerts);
	b->settle = settle_new(b->store, clock_system());
	b->hits.arena = arena_new();
	*state = b;
	return 0;
}

static int bench_close(void **state)
{
	struct bench *b = *state;

	settle_free(&b->settle);
	store_memory_free(&b->store);
	json_reader_free(&b->alerts.reader);
	engine_free(&b->engine);
	ruleset_free(&b->rules);
	arena_free(&b->hits.arena);
	hits_release(&b->hits);
	mem_free(b);
	return 0;
}

static void feed_again(struct bench *b, const char *json, uint32_t id, int64_t at_s)
{
	const struct event_id event_id = {.ms = 1000, .seq = id};
	struct settle_tally tally = {0};
	struct engine_event event = {.json = slice_of(json),
		.stream = 7,
		.default_id = &event_id,
		.default_time_us = (1000000 + at_s) * 1000000};

	hits_clear(&b->hits);
	assert_int_equal(engine_event(b->engine, &event, &b->hits), ENGINE_MATCHED);
	assert_int_equal(settle_hits(b->settle, &b->hits, &tally), 0);
}

static void feed(struct bench *b, const char *json, int64_t at_s)
{
	feed_again(b, json, ++b->next, at_s);
}

static void feed_host(struct bench *b, unsigned host, int64_t at_s)
{
	CLEANUP(mem_cleanup)
	char *json = mem_printf("{\"event_type\":\"flow\",\"src_ip\":\"10.0.0.1\","
				"\"dest_ip\":\"10.9.%u.%u\"}",
		host / 250, host % 250);

	feed(b, json, at_s);
}

static void feed_status(struct bench *b, unsigned status, int64_t at_s)
{
	CLEANUP(mem_cleanup)
	char *json = mem_printf("{\"event_type\":\"http\",\"src_ip\":\"10.0.0.1\","
				"\"http\":{\"status\":%u}}",
		status);

	feed(b, json, at_s);
}

static void a_storm_is_one_alert_of_few_revisions(void **state)
{
	struct bench *b = *state;
	static const char *const wanted[] = {"1 medium 3 ", "2 medium 12 count",
		"3 critical 30 level", "4 critical 120 count", "5 critical 480 count"};

	for (unsigned i = 0; i < 1000; i++)
		feed_host(b, i, i);
	assert_int_equal(b->alerts.count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(b->alerts.seen[i], wanted[i]);
		assert_string_equal(b->alerts.ids[i], b->alerts.ids[0]);
	}
}

static void the_same_host_again_is_no_news(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i < 500; i++)
		feed_host(b, i % 5, i);
	assert_int_equal(b->alerts.count, 1);
}

static void a_graver_event_is_told_at_once(void **state)
{
	struct bench *b = *state;

	feed_status(b, 404, 0);
	feed_status(b, 404, 1);
	assert_int_equal(b->alerts.count, 1);
	feed_status(b, 200, 2);
	assert_int_equal(b->alerts.count, 2);
	assert_string_equal(b->alerts.seen[1], "2 high 3 level");
	feed_status(b, 200, 3);
	assert_int_equal(b->alerts.count, 2);
}

static void an_event_applied_before_counts_once(void **state)
{
	struct bench *b = *state;

	feed_status(b, 404, 0);
	for (unsigned i = 0; i < 100; i++)
		feed_again(b, "{\"event_type\":\"http\",\"src_ip\":\"10.0.0.1\"}", 1, 1);
	assert_int_equal(b->alerts.count, 1);
}

static void after_the_silence_comes_a_new_alert(void **state)
{
	struct bench *b = *state;

	feed_status(b, 404, 0);
	feed_status(b, 404, 3601);
	assert_int_equal(b->alerts.count, 2);
	assert_string_equal(b->alerts.seen[1], "1 medium 1 ");
	assert_string_not_equal(b->alerts.ids[0], b->alerts.ids[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_storm_is_one_alert_of_few_revisions, bench_open, bench_close),
		cmocka_unit_test_setup_teardown(
			the_same_host_again_is_no_news, bench_open, bench_close),
		cmocka_unit_test_setup_teardown(
			a_graver_event_is_told_at_once, bench_open, bench_close),
		cmocka_unit_test_setup_teardown(
			an_event_applied_before_counts_once, bench_open, bench_close),
		cmocka_unit_test_setup_teardown(
			after_the_silence_comes_a_new_alert, bench_open, bench_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
