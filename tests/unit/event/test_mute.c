/* Which alerts a mute holds back, and which mutes there may be. */
#include "event/mute.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

enum { HOUR_US = 3600000 };

#define NOW_US INT64_C(1795132800000000)

static struct alert alert_of(const char *group)
{
	return (struct alert){
		.rule = {.id = SLICE("860c1be7"),
			.file = SLICE("/usr/share/haidang/rules/sigma/network/port_scan.yml"),
			.level = ALERT_HIGH},
		.entity = SLICE("10.1.2.3 → 10.9.0.1"),
		.owner = SLICE("pa05"),
		.group = slice_of(group),
		.events = SLICE("[{\"src_ip\":\"10.1.2.3\"},{\"src_ip\":\"10.1.2.4\"}]")};
}

static struct mute mute_of(void)
{
	return (struct mute){.id = SLICE("mt-1"),
		.owner = SLICE("ioc"),
		.reason = SLICE("a registered scanner"),
		.created_us = NOW_US,
		.expires_us = NOW_US + INT64_C(1000) * HOUR_US};
}

static bool fits(const struct mute *mute, const struct alert *alert)
{
	CLEANUP(mute_list_free) struct mute_list *list = mute_list_new();
	struct err err = {0};

	if (!mute_list_add(list, mute, NOW_US, &err))
		fail_msg("%s", err_text(&err));
	return mute_list_find(list, alert, NOW_US + 1) != NULL;
}

static void all_that_a_mute_names_must_fit(void **state)
{
	static const struct {
		const char *rule, *entity, *network, *domain, *agency, *group;
		bool fits;
	} cases[] = {
		{"860c1be7", "", "", "", "", "{}", true},
		{"port_scan", "", "", "", "", "{}", true},
		{"port_sca", "", "", "", "", "{}", false},
		{"", "10.1.2.3 → 10.9.0.1", "", "", "", "{}", true},
		{"", "10.1.2.3", "", "", "", "{}", false},
		{"", "", "", "", "pa05", "{}", true},
		{"", "", "", "", "ioc", "{}", false},
		{"", "", "10.1.0.0/16", "", "", "{\"src_ip\":\"10.1.2.3\"}", true},
		{"", "", "10.1.0.0/16", "", "", "{\"dest_ip\":\"10.1.9.9\"}", true},
		{"", "", "10.2.0.0/16", "", "", "{\"src_ip\":\"10.1.2.3\"}", false},
		{"", "", "10.1.2.3", "", "", "{\"src_ip\":\"10.1.2.3\"}", true},
		{"", "", "2001:db8::/32", "", "", "{\"src_ip\":\"2001:db8::1\"}", true},
		{"", "", "10.1.2.0/24", "", "", "{\"http.hostname\":\"a\"}", true},
		{"", "", "10.1.2.3", "", "", "{\"http.hostname\":\"a\"}", false},
		{"", "", "", "bad.example", "", "{\"dns.domain\":\"bad.example\"}", true},
		{"", "", "", "bad.example", "", "{\"http.hostname\":\"www.bad.example\"}", true},
		{"", "", "", "bad.example", "", "{\"http.hostname\":\"notbad.example\"}", false},
		{"port_scan", "", "10.2.0.0/16", "", "", "{\"src_ip\":\"10.1.2.3\"}", false},
		{"port_scan", "", "10.1.0.0/16", "", "pa05", "{\"src_ip\":\"10.1.2.3\"}", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct alert alert = alert_of(cases[i].group);
		struct mute mute = mute_of();

		mute.rule = slice_of(cases[i].rule);
		mute.entity = slice_of(cases[i].entity);
		mute.network = slice_of(cases[i].network);
		mute.domain = slice_of(cases[i].domain);
		mute.agency = slice_of(cases[i].agency);
		if (fits(&mute, &alert) != cases[i].fits)
			fail_msg("case %zu", i);
	}
}

static void what_is_grave_is_muted_only_on_purpose(void **state)
{
	struct alert alert = alert_of("{}");
	struct mute mute = mute_of();

	(void)state;
	mute.rule = SLICE("port_scan");
	alert.rule.level = ALERT_CRITICAL;
	assert_false(fits(&mute, &alert));
	alert.rule.level = ALERT_LOW;
	alert.rule.tags[alert.rule.tag_count++] = SLICE(MUTE_LEGAL_CLOCK_TAG);
	assert_false(fits(&mute, &alert));
	mute.critical = true;
	assert_true(fits(&mute, &alert));
}

static void a_mute_ends(void **state)
{
	CLEANUP(mute_list_free) struct mute_list *list = mute_list_new();
	struct alert alert = alert_of("{}");
	struct mute mute = mute_of();
	struct err err = {0};

	(void)state;
	mute.rule = SLICE("port_scan");
	assert_true(mute_list_add(list, &mute, NOW_US, &err));
	assert_non_null(mute_list_find(list, &alert, mute.expires_us - 1));
	assert_null(mute_list_find(list, &alert, mute.expires_us));
	mute_list_expire(list, mute.expires_us);
	assert_int_equal(list->count, 0);
}

static void a_mute_needs_owner_reason_end_and_aim(void **state)
{
	(void)state;
	for (int i = 0; i < 7; i++) {
		CLEANUP(mute_list_free) struct mute_list *list = mute_list_new();
		struct mute mute = mute_of();
		struct err err = {0};

		mute.rule = SLICE("port_scan");
		switch (i) {
		case 0: mute.owner = SLICE(""); break;
		case 1: mute.reason = SLICE("short"); break;
		case 2: mute.expires_us = NOW_US; break;
		case 3: mute.expires_us = NOW_US + INT64_C(91) * 86400 * 1000000; break;
		case 4: mute.rule = SLICE(""); break;
		case 5: mute.network = SLICE("10.0.0.0/7"); break;
		default: mute.network = SLICE("nonsense"); break;
		}
		assert_false(mute_list_add(list, &mute, NOW_US, &err));
		assert_true(err_is_set(&err));
		assert_int_equal(list->count, 0);
	}
}

static void a_list_reads_back_as_it_was_written(void **state)
{
	CLEANUP(mute_list_free) struct mute_list *list = mute_list_new(), *again = NULL;
	CLEANUP(buf_release) struct buf first = {0}, second = {0};
	struct mute mute = mute_of();
	struct err err = {0};

	(void)state;
	mute.network = SLICE("10.1.0.0/16");
	mute.critical = true;
	assert_true(mute_list_add(list, &mute, NOW_US, &err));
	mute_list_write(list, &first);
	again = mute_list_read(buf_slice(&first), &err);
	assert_non_null(again);
	mute_list_write(again, &second);
	assert_string_equal(buf_text(&first), buf_text(&second));
	assert_true(again->at[0].critical);
	assert_true(mute_list_remove(again, SLICE("mt-1")));
	assert_false(mute_list_remove(again, SLICE("mt-1")));
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const texts[] = {"x", "{}", "{\"mutes\":[{}]}", "{\"mutes\":1}",
		"{\"mutes\":[{\"id\":\"a\",\"network\":\"1.2.3.4/99\"}]}"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct err err = {0};

		assert_null(mute_list_read(slice_of(texts[i]), &err));
		assert_true(err_is_set(&err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_a_mute_names_must_fit),
		cmocka_unit_test(what_is_grave_is_muted_only_on_purpose),
		cmocka_unit_test(a_mute_ends),
		cmocka_unit_test(a_mute_needs_owner_reason_end_and_aim),
		cmocka_unit_test(a_list_reads_back_as_it_was_written),
		cmocka_unit_test(what_is_no_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
