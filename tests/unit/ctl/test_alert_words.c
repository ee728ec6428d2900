#include "ctl/alert_words.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <time.h>

static struct alert sample(void)
{
	return (struct alert){
		.alert_id = SLICE("al-1"),
		.revision = 1,
		.timestamp_us = INT64_C(1764000000000000),
		.rule = {.id = SLICE("r1"),
			.title = SLICE("Port scan"),
			.title_vi = SLICE("Quét cổng"),
			.author = SLICE("Hải Đăng"),
			.level = ALERT_CRITICAL},
		.entity = SLICE("10.1.0.5"),
		.count = 25,
		.timespan_s = 60,
		.explanation_vi = SLICE("Dò 25 cổng."),
		.explanation_en = SLICE("Tried 25 ports."),
	};
}

static void assert_words(const struct alert_words *how, const struct alert *alert, const char *want)
{
	CLEANUP(buf_release) struct buf out = {0};

	alert_words_write(how, alert, &out);
	assert_string_equal(buf_text(&out), want);
}

static void an_alert_speaks_the_language_asked_for(void **state)
{
	struct alert alert = sample();

	(void)state;
	assert_words(&(struct alert_words){.lang = LANG_VI}, &alert,
		"16:00:00 24/11/2025  [nghiêm trọng] Quét cổng\n"
		"    Đối tượng: 10.1.0.5\n"
		"    Dò 25 cổng.\n"
		"    Luật: r1 (Hải Đăng) · 25 lần trong 60 s · al-1\n");
	assert_words(&(struct alert_words){.lang = LANG_EN}, &alert,
		"16:00:00 24/11/2025  [critical] Port scan\n"
		"    Entity: 10.1.0.5\n"
		"    Tried 25 ports.\n"
		"    Rule: r1 (Hải Đăng) · 25 times within 60 s · al-1\n");
}

static void what_is_missing_in_one_language_is_shown_in_the_other(void **state)
{
	struct alert alert = sample();

	(void)state;
	alert.rule.title_vi = alert.explanation_vi = (struct slice){0};
	alert.rule.author = alert.entity = (struct slice){0};
	alert.count = alert.timespan_s = 0;
	alert.revision = 3;
	alert.attack[0] = SLICE("T1046");
	alert.attack[1] = SLICE("T1595");
	alert.attack_count = 2;
	alert.advice_en = SLICE("Isolate it.");
	assert_words(&(struct alert_words){.lang = LANG_VI}, &alert,
		"16:00:00 24/11/2025  [nghiêm trọng] Port scan\n"
		"    Tried 25 ports.\n"
		"    Việc làm trước: Isolate it.\n"
		"    Luật: r1 · T1046, T1595 · al-1.3\n");
}

static void an_alert_says_what_matched_and_who_needs_to_know(void **state)
{
	struct alert alert = {.rule = {.title = SLICE("t"), .level = ALERT_LOW},
		.matched = SLICE("{\"dest_port\":445,\"tcp.state\":\"reset\"}"),
		.notify = SLICE("[{\"id\":\"pa05\",\"vi\":\"Phòng An ninh mạng\","
				"\"en\":\"Cyber police\",\"desk\":\"Trực ban\"},"
				"{\"id\":\"owner\"}]")};

	(void)state;
	assert_words(&(struct alert_words){.lang = LANG_VI}, &alert,
		"00:00:00 01/01/1970  [thấp] t\n"
		"    Dấu hiệu: dest_port = 445, tcp.state = reset\n"
		"    Ai cần biết: Phòng An ninh mạng (Trực ban); owner\n"
		"    Luật:  · \n");
	assert_words(&(struct alert_words){.lang = LANG_EN}, &alert,
		"00:00:00 01/01/1970  [low] t\n"
		"    Matched: dest_port = 445, tcp.state = reset\n"
		"    Who needs to know: Cyber police (Trực ban); owner\n"
		"    Rule:  · \n");
}

static void colour_marks_the_level_only(void **state)
{
	struct alert alert = {.rule = {.title = SLICE("t"), .level = ALERT_HIGH}};

	(void)state;
	assert_words(&(struct alert_words){.lang = LANG_EN, .colour = true}, &alert,
		"00:00:00 01/01/1970  \033[31m[high]\033[0m t\n    Rule:  · \n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_speaks_the_language_asked_for),
		cmocka_unit_test(what_is_missing_in_one_language_is_shown_in_the_other),
		cmocka_unit_test(an_alert_says_what_matched_and_who_needs_to_know),
		cmocka_unit_test(colour_marks_the_level_only),
	};

	if (setenv("TZ", "UTC", 1) < 0) /* NOLINT(concurrency-mt-unsafe): the only thread */
		return 1;
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
