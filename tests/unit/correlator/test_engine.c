#include "tests/unit/correlator/rules_in.h"

#include <stdio.h>
#include <string.h>

struct bench {
	struct ruleset *rules;
	struct engine *engine;
	struct arena *arena;
	struct hits hits;
};

static void bench_open(struct bench *b, const char *yaml)
{
	b->rules = rules_in(yaml, VIEW_SIGMA_NAMES);
	for (size_t i = 0; i < b->rules->refused_count; i++)
		fail_msg("%s", b->rules->refused[i]);
	b->engine = engine_new(b->rules);
	b->arena = arena_new();
	b->hits.arena = b->arena;
}

static void bench_close(struct bench *b)
{
	hits_release(&b->hits);
	arena_free(&b->arena);
	engine_free(&b->engine);
	ruleset_free(&b->rules);
}

#define STAMP "\"event_id\":\"5-1\",\"timestamp\":\"2026-11-23T00:00:00Z\","

static enum engine_result give(struct bench *b, const char *json)
{
	hits_clear(&b->hits);
	return engine_event(b->engine, &(struct engine_event){.json = slice_of(json)}, &b->hits);
}

static void expect_groups(
	struct bench *b, const char *json, const char *const *groups, size_t count)
{
	assert_int_equal(give(b, json), count > 0 ? ENGINE_MATCHED : b->hits.count);
	assert_int_equal(b->hits.count, count);
	for (size_t i = 0; i < count; i++) {
		CLEANUP(mem_cleanup)
		char *found = mem_printf("%.*s", SLICE_ARG(b->hits.at[i].group));
		assert_string_equal(found, groups[i]);
	}
}

static void a_list_makes_one_group_per_element(void **state)
{
	CLEANUP(bench_close) struct bench b = {0};
	static const char *const groups[] = {
		"{\"article.places\":\"a\",\"n\":7}", "{\"article.places\":\"b\",\"n\":7}"};

	(void)state;
	bench_open(&b,
		"title: a\nlogsource: {category: article}\n"
		"detection: {s: {x: 1}, condition: s}\n"
		"haidang: {group_by: [article.places, n]}\n");
	expect_groups(&b,
		"{" STAMP "\"event_type\":\"article\",\"x\":1,\"n\":7,"
		"\"article\":{\"places\":[\"a\",\"b\",\"a\"]}}",
		groups, 2);
}

static void single_events_are_grouped_by_their_subject(void **state)
{
	static const struct {
		const char *fields;
		const char *group;
	} rows[] = {
		{"\"src_ip\":\"1.1.1.1\",\"dest_ip\":\"2.2.2.2\"",
			"{\"src_ip\":\"1.1.1.1\",\"dest_ip\":\"2.2.2.2\"}"},
		{"\"src_ip\":\"1.1.1.1\",\"lookalike\":{\"host\":\"h\"}",
			"{\"lookalike.host\":\"h\"}"},
		{"\"article\":{\"story_id\":\"s\",\"url\":\"u\"}", "{\"article.story_id\":\"s\"}"},
		{"\"article\":{\"url\":\"u\"}", "{\"article.url\":\"u\"}"},
		{"\"site_check\":{\"host\":\"h\"}", "{\"site_check.host\":\"h\"}"},
		{"\"nothing\":1", "{}"},
	};
	CLEANUP(bench_close) struct bench b = {0};

	(void)state;
	bench_open(&b,
		"title: a\nlogsource: {product: haidang}\n"
		"detection: {s: {x: 1}, condition: s}\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(mem_cleanup)
		char *json = mem_printf("{" STAMP "\"x\":1,%s}", rows[i].fields);

		expect_groups(&b, json, &rows[i].group, 1);
	}
}

#define CORRELATION                                                                                  \
	"title: d\nname: d\nlogsource: {category: dns}\ndetection: {s: {x: 1}, condition: s}\n---\n" \
	"title: t\nname: t\nlogsource: {category: tls}\ndetection: {s: {x: 1}, condition: s}\n---\n" \
	"title: c\ncorrelation:\n  type: temporal\n  rules: [d, t]\n  timespan: 1m\n"                \
	"  group-by: [host]\n  aliases: {host: {d: query, t: tls.sni}}\n"

static void aliases_bring_different_fields_together(void **state)
{
	CLEANUP(bench_close) struct bench b = {0};
	static const char *const group[] = {"{\"host\":\"h.test\"}"};

	(void)state;
	bench_open(&b, CORRELATION);
	expect_groups(&b,
		"{" STAMP "\"event_type\":\"dns\",\"x\":1,\"dns\":{\"rrname\":\"h.test\"}}", group,
		1);
	assert_int_equal(b.hits.at[0].hit.value, 0);
	expect_groups(&b, "{" STAMP "\"event_type\":\"tls\",\"x\":1,\"tls\":{\"sni\":\"h.test\"}}",
		group, 1);
	assert_int_equal(b.hits.at[0].hit.value, 1);
	assert_string_equal(b.hits.at[0].target->about.title.at, "c");
}

static void a_correlation_leaves_out_events_without_its_group(void **state)
{
	CLEANUP(bench_close) struct bench b = {0};

	(void)state;
	bench_open(&b, CORRELATION);
	assert_int_equal(give(&b, "{" STAMP "\"event_type\":\"dns\",\"x\":1}"), ENGINE_MATCHED);
	assert_int_equal(b.hits.count, 0);
}

static void an_event_that_cannot_be_used_says_why(void **state)
{
	static const struct {
		const char *json;
		enum engine_result expected;
	} rows[] = {
		{"", ENGINE_NOT_JSON},
		{"{", ENGINE_NOT_JSON},
		{"{} {}", ENGINE_NOT_JSON},
		{"[]", ENGINE_NO_OBJECT},
		{"{\"x\":2}", ENGINE_NO_MATCH},
		{"{\"x\":1}", ENGINE_NO_ID},
		{"{\"x\":1,\"event_id\":\"one\"}", ENGINE_NO_ID},
		{"{\"x\":1,\"event_id\":\"1-1\"}", ENGINE_NO_TIME},
		{"{\"x\":1,\"event_id\":\"1-1\",\"timestamp\":\"soon\"}", ENGINE_NO_TIME},
		{"{\"x\":1,\"event_id\":\"1-1\",\"timestamp\":\"2026-11-23T00:00:00\"}",
			ENGINE_NO_TIME},
		{"{\"x\":1,\"event_id\":\"1-1\",\"timestamp\":\"2026-11-23T00:00:00Z\"}",
			ENGINE_MATCHED},
		{"{\"x\":1,\"event_id\":\"1-1\",\"timestamp\":1795132800500}", ENGINE_MATCHED},
		{"{\"x\":1,\"event_id\":\"1-1\",\"timestamp\":1795132800.5}", ENGINE_MATCHED},
		{"{\"x\":1,\"event_id\":\"9-1\",\"timestamp\":1795132800}", ENGINE_BAD_ID},
		{"{\"x\":1,\"event_id\":\"1-1\",\"timestamp\":\"2099-11-23T00:00:00Z\"}",
			ENGINE_FUTURE},
	};
	CLEANUP(bench_close) struct bench b = {0};
	const struct event_id entry = {.ms = 8};

	(void)state;
	bench_open(&b,
		"title: a\nlogsource: {product: haidang}\n"
		"detection: {s: {x: 1}, condition: s}\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct engine_event event = {.json = slice_of(rows[i].json),
			.entry_id = &entry,
			.latest_us = INT64_C(2000000000) * 1000000};

		hits_clear(&b.hits);
		enum engine_result found = engine_event(b.engine, &event, &b.hits);
		if (found != rows[i].expected)
			fail_msg("%s gives %s", rows[i].json, engine_result_name(found));
	}
}

static void an_alert_shows_only_what_its_rule_names(void **state)
{
	CLEANUP(bench_close) struct bench b = {0};

	(void)state;
	bench_open(&b,
		"title: a\nlogsource: {category: dns}\n"
		"detection: {s: {query: q}, condition: s}\nhaidang: {show: [dns.answers]}\n");
	assert_int_equal(
		give(&b,
			"{" STAMP "\"event_type\":\"dns\",\"src_ip\":\"1.1.1.1\",\"secret\":\"s\","
			"\"dns\":{\"id\":7,\"rrname\":\"q\",\"answers\":[{\"rdata\":\"2.2.2.2\"}]}}"),
		ENGINE_MATCHED);
	CLEANUP(mem_cleanup) char *sample = mem_printf("%.*s", SLICE_ARG(b.hits.at[0].hit.sample));
	assert_string_equal(sample,
		"{\"dns\":{\"answers\":[{\"rdata\":\"2.2.2.2\"}],\"rrname\":\"q\"},\"event_id\":\"5-1\","
		"\"event_type\":\"dns\",\"src_ip\":\"1.1.1.1\",\"timestamp\":\"2026-11-23T00:00:00Z\"}");
}

static void any_key_can_be_shown(void **state)
{
	CLEANUP(bench_close) struct bench b = {0};

	(void)state;
	bench_open(&b,
		"title: a\nlogsource: {category: dns}\n"
		"detection: {s: {x: 1}, condition: s}\nhaidang: {show: [odd]}\n");
	assert_int_equal(give(&b,
				 "{" STAMP "\"event_type\":\"dns\",\"x\":1,"
				 "\"odd\":{\"\":{\"\":[\"\",2]}}}"),
		ENGINE_MATCHED);
	struct slice sample = b.hits.at[0].hit.sample,
		     odd = SLICE("\"odd\":{\"\":{\"\":[\"\",2]}}");
	assert_true(slice_find(sample, odd) < sample.len);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_makes_one_group_per_element),
		cmocka_unit_test(single_events_are_grouped_by_their_subject),
		cmocka_unit_test(aliases_bring_different_fields_together),
		cmocka_unit_test(a_correlation_leaves_out_events_without_its_group),
		cmocka_unit_test(an_event_that_cannot_be_used_says_why),
		cmocka_unit_test(an_alert_shows_only_what_its_rule_names),
		cmocka_unit_test(any_key_can_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
