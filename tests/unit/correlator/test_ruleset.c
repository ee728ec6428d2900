#include "tests/unit/correlator/rules_in.h"

#include <string.h>

static void a_rule_with_a_mistake_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *yaml;
		const char *said;
	} rows[] = {
		{"logsource: {category: dns}", ":1: title: a rule needs one"},
		{"title: a\nlevel: huge\ndetection: {}", ":2: level: expected informational, low"},
		{"title: a\ndetection: {s: {a: 1}, condition: s}", ":1: logsource: expected a map"},
		{"title: a\nlogsource: {category: dns}\nhaidang: {colour: red}\n"
		 "detection: {s: {a: 1}, condition: s}",
			":3: haidang: unknown key 'colour'"},
		{"title: a\nlogsource: {category: dns}\nhaidang: {suppress: soon}\n"
		 "detection: {s: {a: 1}, condition: s}",
			":3: suppress: expected a duration"},
		{"title: a\nfilter: {}", ":1: filter: needs a logsource"},
		{"title: a\nlogsource: {category: dns}\nfilter: {s: {a: 1}, condition: s}",
			":3: filter: needs the ids or names of rules"},
		{"title: a\nlogsource: {category: dns}\nfilter: {rules: any, s: {a: 1}}",
			":3: filter: has no condition"},
		{"title: a\naction: global", ":2: action: is no longer part of Sigma"},
		{"- a", ":1: rule: expected a map"},
		{"title: [", "did not find expected node content"},
		{"title: c\ncorrelation: {type: event_count, rules: [x], timespan: 1m, condition: {gte: "
		 "1}}",
			"no rule has the id or name 'x'"},
		{"title: c\ncorrelation:\n  type: value_max\n  rules: [x]\n  timespan: 1m",
			":3: correlation: type 'value_max' is none of"},
		{"title: c\ncorrelation:\n  type: value_sum\n  rules: [x]\n  timespan: 1m\n"
		 "  condition: {gt: 3, lt: 3, field: f}",
			":6: correlation: condition: no count can meet it"},
		{"title: c\ncorrelation:\n  type: value_percentile\n  rules: [x]\n"
		 "  timespan: 1m\n  condition: {gt: 3, percentile: 101, field: f}",
			":6: correlation: condition: percentile: expected"},
		{"title: c\ncorrelation:\n  type: temporal\n  rules: [x, y]\n  timespan: 1m\n"
		 "  condition: x or z",
			":6: condition: expected the name of a search, found 'z'"},
		{"title: c\ncorrelation:\n  type: temporal\n  rules: [x, y]\n  timespan: 1m\n"
		 "  condition: not x",
			":6: correlation: condition: does not name the rule 'y'"},
		{"title: c\ncorrelation:\n  type: event_count\n  rules: [x]\n  timespan: 1w\n"
		 "  condition: {gte: 1}",
			":5: correlation: needs a timespan"},
		{"title: c\ncorrelation:\n  type: event_count\n  rules: [x]\n  timespan: 1m\n"
		 "  condition: {gte: 5, lt: 3}",
			":6: correlation: condition: no count can meet it"},
		{"title: c\ncorrelation:\n  type: value_count\n  rules: [x]\n  timespan: 1m\n"
		 "  condition: {gte: 5}",
			"all others of value_… need one"},
		{"title: c\ncorrelation:\n  type: event_count\n  rules: [x]\n  timespan: 1m\n"
		 "  condition: {gte: 10000000000000}",
			"counts over 10^12"},
		{"title: c\ncorrelation:\n  type: event_count\n  rules: [x]\n  timespan: 1m\n"
		 "  condition: {gte: 1}\n  groupby: [a]",
			":7: correlation: unknown key 'groupby'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(ruleset_free)
		struct ruleset *rules = rules_in(rows[i].yaml, VIEW_SIGMA_NAMES);

		assert_int_equal(rules->rule_count, 0);
		assert_int_equal(rules->refused_count, 1);
		if (!strstr(rules->refused[0], rows[i].said))
			fail_msg("%s is refused with: %s", rows[i].yaml, rules->refused[0]);
	}
}

#define BASE(name)                                                                                 \
	"title: " name "\nname: " name "\nlogsource: {category: dns}\n"                            \
	"detection: {s: {query: x}, condition: s}\n---\n"
#define COUNT(title, rest)                                                                         \
	"title: " title                                                                            \
	"\ncorrelation: {type: event_count, timespan: 1m, condition: {gte: 1}, " rest "}\n"

static void the_rest_loads_when_one_is_refused(void **state)
{
	CLEANUP(ruleset_free)
	struct ruleset *rules =
		rules_in(BASE("one") "title: bad\ndetection: {}\n---\n" BASE("two") BASE("two"),
			VIEW_SIGMA_NAMES);

	(void)state;
	assert_int_equal(rules->rule_count, 2);
	assert_int_equal(rules->refused_count, 2);
	assert_non_null(strstr(rules->refused[1], "the id 'two' is taken by the rule at"));
}

static void rules_that_only_feed_correlations_are_silent(void **state)
{
	static const struct {
		const char *rest;
		bool base_alerts;
	} rows[] = {
		{"rules: [one]", false},
		{"rules: [one], generate: true", true},
		{"rules: one, generate: false", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(mem_cleanup)
		char *yaml = mem_printf(
			BASE("one") "title: c\ncorrelation: {type: event_count, timespan: 1m, "
				    "condition: {gte: 1}, %s}\n",
			rows[i].rest);
		CLEANUP(ruleset_free) struct ruleset *rules = rules_in(yaml, VIEW_SIGMA_NAMES);

		assert_int_equal(rules->refused_count, 0);
		assert_int_equal(rules->rules[0]->alerts, rows[i].base_alerts);
		assert_true(rules->rules[1]->alerts);
	}
}

static void a_refused_correlation_leaves_no_trace(void **state)
{
	CLEANUP(ruleset_free)
	struct ruleset *rules =
		rules_in(BASE("one") COUNT("c", "rules: [one, absent]"), VIEW_SIGMA_NAMES);

	(void)state;
	assert_int_equal(rules->rule_count, 1);
	assert_true(rules->rules[0]->alerts);
	assert_int_equal(rules->rules[0]->feed_count, 1);
}

static void chains_have_a_depth_and_no_circles(void **state)
{
	CLEANUP(ruleset_free)
	struct ruleset *rules = rules_in(BASE("one") "name: c1\n" COUNT("c1",
						 "rules: [one]") "---\n" COUNT("c2", "rules: [c1]"),
		VIEW_SIGMA_NAMES);
	CLEANUP(ruleset_free)
	struct ruleset *circle =
		rules_in("name: c1\n" COUNT("c1", "rules: [c2]") "---\nname: c2\n" COUNT(
				 "c2", "rules: [c1]") "---\n" COUNT("c3", "rules: [c1]"),
			VIEW_SIGMA_NAMES);

	(void)state;
	assert_int_equal(rules->refused_count, 0);
	assert_false(rules->rules[1]->alerts);
	assert_int_equal(rules->rules[1]->window.suppress_us, 0);
	assert_true(rules->rules[2]->alerts);
	assert_int_equal(rules->rules[2]->depth, 2);
	assert_int_equal(rules->rules[0]->feed_count, 1);
	assert_int_equal(rules->rules[0]->feeds[0].onward_count, 1);
	assert_int_equal(circle->refused_count, 3);
	assert_non_null(strstr(circle->refused[0], "refers to itself"));
}

static void rules_are_routed_by_their_log_source(void **state)
{
	static const struct {
		const char *source;
		const char *event_type;
		size_t routed;
	} rows[] = {
		{"category: dns", "dns", 1},
		{"category: dns_query", "dns", 1},
		{"product: zeek, service: dns", "dns", 1},
		{"category: dns", "tls", 0},
		{"category: proxy", "http", 1},
		{"category: webserver", "http", 1},
		{"category: firewall", "flow", 1},
		{"category: network_connection", "flow", 1},
		{"category: network_connection, product: windows", "flow", 0},
		{"product: haidang, service: ssh", "ssh", 1},
		{"product: linux, service: ssh", "ssh", 0},
		{"category: article", "article", 1},
		{"category: site_check", "site_check", 1},
		{"category: lookalike", "lookalike", 1},
		{"category: stats", "stats", 1},
		{"category: credential", "flow", 1},
		{"category: credential", "whatever", 1},
		{"product: haidang", "tls", 1},
		{"category: process_creation, product: windows", "process_creation", 0},
		{"category: own_thing", "own_thing", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(mem_cleanup)
		char *yaml = mem_printf(
			"title: a\nlogsource: {%s}\ndetection: {s: {x: 1}, condition: s}\n",
			rows[i].source);
		CLEANUP(ruleset_free) struct ruleset *rules = rules_in(yaml, VIEW_SIGMA_NAMES);
		size_t routed = ruleset_route(rules, slice_of(rows[i].event_type))->count;

		assert_int_equal(rules->rule_count, 1);
		if (routed != rows[i].routed)
			fail_msg("%s on %s gives %zu", rows[i].source, rows[i].event_type, routed);
	}
}

static void tags_name_techniques(void **state)
{
	CLEANUP(ruleset_free)
	struct ruleset *rules = rules_in(
		"title: a\nid: i\nlevel: high\ntags: [attack.discovery, attack.t1046, attack.t1071.004]\n"
		"logsource: {category: dns}\ndetection: {s: {x: 1}, condition: s}\n",
		VIEW_SIGMA_NAMES);
	const struct rule *r = rules->rules[0];

	(void)state;
	assert_int_equal(r->attack_count, 2);
	assert_true(slice_is(r->attack[0], "T1046"));
	assert_true(slice_is(r->attack[1], "T1071.004"));
	assert_int_equal(r->about.tag_count, 3);
	assert_int_equal(r->about.level, ALERT_HIGH);
	assert_true(slice_is(r->key, "i"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_with_a_mistake_is_refused_with_its_line),
		cmocka_unit_test(the_rest_loads_when_one_is_refused),
		cmocka_unit_test(rules_that_only_feed_correlations_are_silent),
		cmocka_unit_test(a_refused_correlation_leaves_no_trace),
		cmocka_unit_test(chains_have_a_depth_and_no_circles),
		cmocka_unit_test(rules_are_routed_by_their_log_source),
		cmocka_unit_test(tags_name_techniques),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
