/* The bounds of correlator/limits.h: what stands at one is taken, one more is not. */
#include "tests/unit/correlator/rules_in.h"

#include <string.h>

#define HEAD   "title: d\nname: d\nlogsource: {category: dns}\n"
#define DETECT HEAD "detection: {s: {x: 1}, condition: s}\n"
#define COUNT  DETECT "---\ntitle: c\ncorrelation: {type: event_count, timespan: 1m, "
#define VALUES DETECT "---\ntitle: c\ncorrelation: {type: value_count, timespan: 1m, "

static void repeat(struct buf *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_add_text(out, text);
}

static const struct rule_row {
	const char *before, *repeated, *after;
	size_t most;
	const char *said;
} rule_rows[] = {
	{"# ", "x", "\n" DETECT, RULE_FILE_LEN_MAX - sizeof "# \n" DETECT + 1, "longer"},
	{DETECT "author: ", "x", "", RULE_TEXT_LEN_MAX, "author: longer than 4096 bytes"},
	{DETECT "id: ", "x", "", RULE_KEY_LEN_MAX, "id: longer than 256 bytes"},
	{DETECT "tags: [", "x,", "]", RULE_TAGS_MAX, "tags: more than 32"},
	{DETECT "tags: [attack.t1", "0", "]", RULE_TAG_LEN_MAX - 9, "one is longer than 256 bytes"},
	{DETECT "haidang: {show: [", "f,", "]}", RULE_SHOW_MAX, "show: too many fields"},
	{DETECT "haidang: {group_by: [", "f,", "]}", GROUP_FIELDS_MAX, "group_by: too many fields"},
	{HEAD "detection: {condition: s, s: {x: [", "v,", "]}}", RULE_VALUES_MAX,
		"more than 20000 values"},
	{HEAD "detection: {condition: s, s: {x", "|contains", ": v}}", MODIFIERS_MAX,
		"one modifier too many"},
	{HEAD "detection: {condition: s, s: {x|re: '", "v", "'}}", REGEX_LEN_MAX,
		"longer than 8192 bytes"},
	{HEAD "detection: {s: {x: 1}, condition: 's", " ", "'}", CONDITION_LEN_MAX - 1,
		"condition: longer than 4096 bytes"},
	{HEAD "detection: {s: {x: 1}, condition: '", "not ", "s'}", CONDITION_DEPTH_MAX - 1,
		"nested too deeply"},
	{COUNT "condition: {gte: 1}, rules: [", "d,", "]}", CORRELATION_RULES_MAX,
		"the list is too long"},
	{COUNT "condition: {gte: 1}, rules: [d], group-by: [", "f,", "]}", GROUP_FIELDS_MAX,
		"the list is too long"},
	{COUNT "rules: [d], condition: {gte: 1", "0", "}}", 12, "counts over 10^12"},
	{VALUES "rules: [d], condition: {field: f, gte: 1", "0", "}}", 4,
		"different values over 10000"},
};

static void check_rule(const struct rule_row *row, size_t count)
{
	CLEANUP(buf_release) struct buf yaml = {0};

	buf_add_text(&yaml, row->before);
	repeat(&yaml, row->repeated, count);
	buf_add_text(&yaml, row->after);
	CLEANUP(ruleset_free)
	struct ruleset *rules = rules_in(buf_text(&yaml), VIEW_SIGMA_NAMES);
	const char *said = rules->refused_count > 0 ? rules->refused[0] : "";
	bool refused = strstr(said, row->said);

	if (count > row->most ? !refused : *said != '\0')
		fail_msg("%zu of %s: '%s'", count, row->said, said);
}

static void rules_are_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rule_rows / sizeof *rule_rows; i++) {
		check_rule(&rule_rows[i], rule_rows[i].most);
		check_rule(&rule_rows[i], rule_rows[i].most + 1);
	}
}

static void durations_are_bounded(void **state)
{
	static const char *const taken[] = {"31d", "744h", "2678400s"};
	static const char *const refused[] = {"32d", "745h", "2678401s", "99999999999999999999d"};

	(void)state;
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
		CLEANUP(mem_cleanup)
		char *yaml = mem_printf(DETECT "haidang: {suppress: %s}\n", taken[i]);
		CLEANUP(ruleset_free) struct ruleset *rules = rules_in(yaml, VIEW_SIGMA_NAMES);

		assert_int_equal(rules->refused_count, 0);
	}
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		CLEANUP(mem_cleanup)
		char *yaml = mem_printf(DETECT "haidang: {suppress: %s}\n", refused[i]);
		CLEANUP(ruleset_free) struct ruleset *rules = rules_in(yaml, VIEW_SIGMA_NAMES);

		assert_int_equal(rules->refused_count, 1);
	}
}

/* Gives how many hits the event makes, and the last one's group and sample. */
static size_t hits_of(
	const char *yaml, const struct buf *json, struct buf *ret_group, struct buf *ret_sample)
{
	CLEANUP(ruleset_free) struct ruleset *rules = rules_in(yaml, VIEW_SIGMA_NAMES);
	CLEANUP(engine_free) struct engine *engine = engine_new(rules);
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(hits_release) struct hits hits = {.arena = a};
	const struct event_id id = {.ms = 1};

	assert_int_equal(rules->refused_count, 0);
	(void)engine_event(
		engine, &(struct engine_event){.json = buf_slice(json), .default_id = &id}, &hits);
	buf_clear(ret_group);
	buf_clear(ret_sample);
	if (hits.count > 0) {
		buf_add_slice(ret_group, hits.at[hits.count - 1].group);
		buf_add_slice(ret_sample, hits.at[hits.count - 1].hit.sample);
	}
	return hits.count;
}

/* {"event_type":"dns","x":1, …} with a list of numbers from 1000 on. */
static void list_event(struct buf *out, size_t count)
{
	buf_clear(out);
	buf_add_text(out, "{\"event_type\":\"dns\",\"x\":1,\"list\":[0");
	for (size_t i = 1; i < count; i++)
		buf_printf(out, ",%zu", 1000 + i);
	buf_add_text(out, "]}");
}

static void lists_in_events_are_bounded(void **state)
{
	static const struct {
		const char *yaml;
		size_t elements, hits;
	} rows[] = {
		{DETECT "haidang: {group_by: [list]}", GROUPS_PER_EVENT_MAX, GROUPS_PER_EVENT_MAX},
		{DETECT "haidang: {group_by: [list]}", 1000, GROUPS_PER_EVENT_MAX},
		{HEAD "detection: {s: {list: 2023}, condition: s}", VIEW_VALUES_MAX, 1},
		{HEAD "detection: {s: {list: 2024}, condition: s}", VIEW_VALUES_MAX + 1, 0},
		{HEAD "detection: {s: ['5093'], condition: s}", VIEW_LEAVES_MAX - 2, 1},
		{HEAD "detection: {s: ['5094'], condition: s}", VIEW_LEAVES_MAX - 1, 0},
		{DETECT "---\ntitle: c\ncorrelation: {type: value_count, timespan: 1m, rules: [d], "
			"condition: {gte: 1, field: list}}",
			1000, VALUES_PER_EVENT_MAX},
	};
	CLEANUP(buf_release) struct buf json = {0};
	CLEANUP(buf_release) struct buf group = {0};
	CLEANUP(buf_release) struct buf sample = {0};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		list_event(&json, rows[i].elements);
		size_t found = hits_of(rows[i].yaml, &json, &group, &sample);
		if (found != rows[i].hits)
			fail_msg("row %zu makes %zu hits", i, found);
	}
}

static void texts_in_groups_and_alerts_are_bounded(void **state)
{
	CLEANUP(buf_release) struct buf json = {0};
	CLEANUP(buf_release) struct buf group = {0};
	CLEANUP(buf_release) struct buf sample = {0};

	(void)state;
	buf_add_text(&json, "{\"event_type\":\"dns\",\"x\":1,\"g\":\"");
	repeat(&json, "ạ", 200);
	buf_add_text(&json, "\",\"many\":[");
	for (size_t i = 0; i < 16; i++) {
		buf_add_text(&json, i ? ",\"" : "\"");
		repeat(&json, "m", 290);
		buf_add_byte(&json, '"');
	}
	buf_add_text(&json, "]}");
	assert_int_equal(
		hits_of(DETECT "haidang: {group_by: [g], show: [many]}", &json, &group, &sample),
		1);
	/* Three bytes a letter: 255 of 256, and 300 of 300. */
	assert_int_equal(group.len, sizeof "{\"g\":\"\"}" - 1 + 255);
	assert_true(sample.len < SAMPLE_LEN_MAX);
	assert_true(slice_find(buf_slice(&sample), SLICE("many")) == sample.len);
	assert_int_equal(slice_find(buf_slice(&sample), SLICE("\"g\":\"")) + 5 + SAMPLE_TEXT_MAX,
		slice_find(buf_slice(&sample), SLICE("\",\"x\":")));
}

static void events_are_bounded(void **state)
{
	CLEANUP(ruleset_free) struct ruleset *rules = rules_in(DETECT, VIEW_SIGMA_NAMES);
	CLEANUP(engine_free) struct engine *engine = engine_new(rules);
	CLEANUP(buf_release) struct buf json = {0};
	struct hits hits = {0};

	(void)state;
	buf_add_text(&json, "{}");
	repeat(&json, " ", EVENT_LEN_MAX - 2);
	struct engine_event event = {.json = buf_slice(&json)};
	assert_int_equal(engine_event(engine, &event, &hits), ENGINE_NO_MATCH);
	buf_add_byte(&json, ' ');
	event.json = buf_slice(&json);
	assert_int_equal(engine_event(engine, &event, &hits), ENGINE_TOO_LONG);
}

static void the_streams_a_window_knows_are_bounded(void **state)
{
	static const struct window_spec spec = {
		.kind = WINDOW_EVENT_COUNT, .timespan_us = 1, .range = {3, UINT64_MAX}};
	CLEANUP(window_release) struct window w = {0};
	struct window_verdict verdict;

	(void)state;
	for (uint64_t i = 1; i <= WINDOW_MARKS_MAX + 10; i++) {
		const struct hit hit = {
			.stream = i, .id = {.ms = i}, .time_us = (int64_t)i, .sample = SLICE("{}")};

		(void)window_apply(&w, &spec, &hit, &verdict);
	}
	assert_int_equal(w.mark_count, WINDOW_MARKS_MAX);
	for (size_t i = 0; i < w.mark_count; i++)
		assert_true(w.marks[i].stream > 10); /* the longest silent ones went */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_bounded),
		cmocka_unit_test(durations_are_bounded),
		cmocka_unit_test(lists_in_events_are_bounded),
		cmocka_unit_test(texts_in_groups_and_alerts_are_bounded),
		cmocka_unit_test(events_are_bounded),
		cmocka_unit_test(the_streams_a_window_knows_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
