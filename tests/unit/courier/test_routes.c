#include "courier/class.h"
#include "courier/routes.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char soc[] = "soc", duty[] = "duty", police[] = "police";
static struct target_config targets[] = {
	{.name = soc, .min_level = ALERT_INFORMATIONAL},
	{.name = duty, .min_level = ALERT_HIGH},
	{.name = police, .recipient = RECIPIENT_POLICE},
};
enum { SOC = 1, DUTY = 2, POLICE = 4 };

static const struct routes *read_text(
	struct arena *a, const char *text, bool *ret_refused, struct err *err)
{
	char folder[] = "/tmp/hd-routes-XXXXXX";
	struct courier_config *config = arena_alloc(a, sizeof(*config));

	assert_non_null(mkdtemp(folder));
	config->targets = (struct config_list){targets, 3};
	config->routes = arena_printf(a, "%s/routes.yaml", folder);
	assert_int_equal(file_write(config->routes, slice_of(text)), 0);
	const struct routes *routes = routes_read(a, config, ret_refused, err);

	assert_int_equal(unlink(config->routes), 0);
	assert_int_equal(rmdir(folder), 0);
	return routes;
}

static unsigned wanted(const struct routes *routes, const struct alert *alert)
{
	unsigned bits = 0;

	for (size_t t = 0; t < 3; t++)
		bits |= (unsigned)routes_want(routes, t, alert) << t;
	return bits;
}

static struct alert sample(enum alert_level level, enum alert_domain domain)
{
	return (struct alert){.rule = {.level = level, .id = SLICE("rule-1")},
		.domain = domain,
		.group = SLICE("{}"),
		.events = SLICE("[]"),
		.notify = SLICE("[]")};
}

static void an_alert_goes_to_the_targets_of_every_route_that_fits(void **state)
{
	static const char text[] = "routes:\n"
				   "- {name: a, min_level: medium, to: [soc]}\n"
				   "- {name: b, tags: [attack.t1046*], to: [duty]}\n"
				   "- {name: c, agencies: [pa05], rules: [rule-*], to: [soc]}\n"
				   "- {name: d, places: [\"dam:*\", vn48-20900], to: [soc]}\n";
	static const struct {
		const char *tag, *owner, *notify, *events;
		enum alert_level level;
		unsigned to;
	} rows[] = {
		{"", "", "[]", "[]", ALERT_LOW, 0},
		{"", "", "[]", "[]", ALERT_MEDIUM, SOC},
		{"attack.t1046", "", "[]", "[]", ALERT_HIGH, SOC | DUTY},
		{"attack.t1046.001", "", "[]", "[]", ALERT_LOW, 0}, /* duty wants high ones */
		{"", "pa05", "[]", "[]", ALERT_LOW, SOC},
		{"", "pc07", "[{\"id\":\"pa05\"}]", "[]", ALERT_LOW, SOC},
		{"", "pa051", "[{\"id\":\"pa051\"}]", "[]", ALERT_LOW, 0},
		{"", "", "[]", "[{\"places\":[\"dam:song-tranh-2\"]}]", ALERT_LOW, SOC},
		{"", "", "[]", "[{\"places\":[\"vn48-20900\"]}]", ALERT_LOW, SOC},
		{"", "", "[]", "[{\"places\":[\"vn48-209001\"]}]", ALERT_LOW, 0},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct err err = {0};
	bool refused;
	const struct routes *routes = read_text(a, text, &refused, &err);

	(void)state;
	assert_non_null(routes);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct alert alert = sample(rows[i].level, ALERT_NETWORK);

		alert.rule.tags[0] = slice_of(rows[i].tag);
		alert.rule.tag_count = 1;
		alert.owner = slice_of(rows[i].owner);
		alert.notify = slice_of(rows[i].notify);
		alert.events = slice_of(rows[i].events);
		assert_int_equal(wanted(routes, &alert), rows[i].to);
	}
}

static void hours_are_those_in_which_the_alert_was_raised(void **state)
{
	static const char text[] =
		"holidays: [2026-09-02]\n"
		"routes:\n"
		"- {name: office, to: [soc], hours: [{days: [mon, tue, wed, thu, fri], from: \"07:30\","
		" to: \"17:00\", holidays: without}]}\n"
		"- {name: night, to: [duty], hours: [{from: \"22:00\", to: \"06:00\"},"
		" {holidays: only}]}\n";
	static const struct {
		const char *raised;
		unsigned to;
	} rows[] = {
		{"2026-11-23T07:29:59+07:00", 0}, {"2026-11-23T07:30:00+07:00", SOC},
		{"2026-11-23T16:59:59+07:00", SOC}, {"2026-11-23T17:00:00+07:00", 0},
		{"2026-11-23T22:00:00+07:00", DUTY}, {"2026-11-24T05:59:59+07:00", DUTY},
		{"2026-11-24T06:00:00+07:00", 0}, {"2026-11-22T10:00:00+07:00", 0}, /* a Sunday */
		{"2026-09-02T10:00:00+07:00", DUTY}, /* a Wednesday, and a holiday */
		{"2026-09-01T16:00:00+00:00", DUTY}, /* still the first in Greenwich */
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct err err = {0};
	bool refused;
	const struct routes *routes = read_text(a, text, &refused, &err);

	(void)state;
	assert_non_null(routes);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct alert alert = sample(ALERT_HIGH, ALERT_NETWORK);

		assert_true(time_read(slice_of(rows[i].raised), &alert.timestamp_us));
		assert_int_equal(wanted(routes, &alert), rows[i].to);
	}
}

static void a_way_of_the_information_side_to_the_police_is_refused(void **state)
{
	static const struct {
		const char *fields;
		bool refused;
	} rows[] = {
		{"to: [police]", true},
		{"to: [soc, police]", true},
		{"domains: [information], to: [police]", true},
		{"domains: [network, information, bridge], to: [police]", true},
		{"tags: [haidang.phishing], to: [police]", true},
		{"to: [soc], escalate: {to: [police], after: 5m}", true},
		{"domains: [network, bridge], to: [police]", false},
		{"classes: [phishing, data_leak], to: [police]", false},
		{"domains: [information], to: [soc]", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		CLEANUP(buf_release) struct buf text = {0};
		struct err err = {0};
		bool refused;

		buf_printf(&text, "routes:\n- {name: a, %s}\n", rows[i].fields);
		const struct routes *routes = read_text(a, buf_text(&text), &refused, &err);

		assert_int_equal(refused, rows[i].refused);
		assert_int_equal(!routes, rows[i].refused);
		if (refused)
			assert_int_equal(err.line, 2);
	}
}

static void the_police_get_no_rumour_whatever_else_is_said(void **state)
{
	struct alert rumour = sample(ALERT_CRITICAL, ALERT_INFORMATION);
	struct alert fraud = rumour;

	(void)state;
	fraud.rule.tags[0] = SLICE("attack.t1566.002");
	fraud.rule.tag_count = 1;
	assert_false(routes_permit(&targets[2], &rumour));
	assert_true(routes_permit(&targets[2], &fraud));
	assert_true(routes_permit(&targets[0], &rumour));
}

static void classes_are_known_by_tags_and_what_is_below_them(void **state)
{
	static const struct {
		const char *tag;
		unsigned classes;
	} rows[] = {
		{"attack.t1566", 1U << CLASS_PHISHING},
		{"attack.t1566.002", 1U << CLASS_PHISHING},
		{"attack.t15661", 0},
		{"attack.t1583.001", 1U << CLASS_IMPERSONATION},
		{"attack.t1583", 0},
		{"haidang.malicious-app", 1U << CLASS_MALICIOUS_APP},
		{"haidang.data-leak", 1U << CLASS_DATA_LEAK},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct alert alert = sample(ALERT_LOW, ALERT_INFORMATION);

		alert.rule.tags[0] = slice_of(rows[i].tag);
		alert.rule.tag_count = 1;
		assert_int_equal(class_of(&alert), rows[i].classes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_goes_to_the_targets_of_every_route_that_fits),
		cmocka_unit_test(hours_are_those_in_which_the_alert_was_raised),
		cmocka_unit_test(a_way_of_the_information_side_to_the_police_is_refused),
		cmocka_unit_test(the_police_get_no_rumour_whatever_else_is_said),
		cmocka_unit_test(classes_are_known_by_tags_and_what_is_below_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
