#include "collector/syslog.h"
#include "lib/clock.h"
#include "tests/unit/test.h"

#include <string.h>

static const struct syslog_now now = {
	INT64_C(1795392000000000), INT64_C(7) * 3600}; /* 2026-11-23T00:00Z */

static int64_t us_of(const char *text)
{
	int64_t us = 0;

	assert_true(time_read(slice_of(text), &us));
	return us;
}

static void assert_slice(struct slice found, const char *expected)
{
	if (!slice_is(found, expected))
		fail_msg("found '%.*s', expected '%s'", SLICE_ARG(found), expected);
}

static void headers_of_all_kinds_are_read(void **state)
{
	static const struct {
		const char *line, *time, *host, *app, *text;
		unsigned facility, severity;
	} cases[] = {
		{"<165>1 2026-11-23T07:05:01.5+07:00 fw app 12 ID47 [x@1 a=\"]\\\"\"] \xef\xbb\xbfhello",
			"2026-11-23T00:05:01.5Z", "fw", "app", "hello", 20, 5},
		{"<34>1 - - - - - - text", NULL, "", "", "text", 4, 2},
		{"<34>1 2026-11-23T00:00:00Z h a - - - text\r\n", "2026-11-23T00:00:00Z", "h", "a",
			"text", 4, 2},
		{"<13>Nov 23 07:05:01 gw sshd[77]: hello", "2026-11-23T00:05:01Z", "gw", "sshd",
			"sshd[77]: hello", 1, 5},
		{"<13>Nov  3 07:05:01 gw a: b", "2026-11-03T00:05:01Z", "gw", "a", "a: b", 1, 5},
		{"<13>Jan  1 00:00:01 gw a: b", "2026-12-31T17:00:01Z", "gw", "a", "a: b", 1, 5},
		{"<166>Nov 23 2026 07:05:01: %ASA-6-1: b", "2026-11-23T00:05:01Z", "", "%ASA-6-1",
			"%ASA-6-1: b", 20, 6},
		{"<13>2026-11-23T07:05:01+07:00 gw a: b", "2026-11-23T00:05:01Z", "gw", "a", "a: b",
			1, 5},
		{"<189>date=2026-11-23 devid=1", NULL, "", "", "date=2026-11-23 devid=1", 23, 5},
		{"no header at all", NULL, "", "", "no header at all", 1, 5},
		{"<999>text", NULL, "", "", "<999>text", 1, 5},
		{"<13>1 nonsense", NULL, "", "", "1 nonsense", 1, 5},
		{"<13>Nov 33 07:05:01 gw a: b", NULL, "", "", "Nov 33 07:05:01 gw a: b", 1, 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct syslog_message m;

		assert_true(syslog_read(slice_of(cases[i].line), &now, &m));
		assert_int_equal(m.time_us, cases[i].time ? us_of(cases[i].time) : 0);
		assert_slice(m.host, cases[i].host);
		assert_slice(m.app, cases[i].app);
		assert_slice(m.text, cases[i].text);
		assert_int_equal(m.facility, cases[i].facility);
		assert_int_equal(m.severity, cases[i].severity);
	}
}

static void a_message_without_text_is_none(void **state)
{
	struct syslog_message m;

	(void)state;
	assert_false(syslog_read(SLICE(""), &now, &m));
	assert_false(syslog_read(SLICE("<13>"), &now, &m));
	assert_false(syslog_read(SLICE("<34>1 - - - - - -"), &now, &m));
	assert_false(syslog_read(SLICE("<34>1 - - - - - [open"), &now, &m) && m.text.len == 0);
}

static void both_framings_of_rfc_6587_are_cut(void **state)
{
	struct slice rest = SLICE("5 hello<1>a\n3 b\ncX"), message;

	(void)state;
	assert_int_equal(syslog_frame_cut(&rest, 100, &message), FRAME_WHOLE);
	assert_slice(message, "hello");
	assert_int_equal(syslog_frame_cut(&rest, 100, &message), FRAME_WHOLE);
	assert_slice(message, "<1>a");
	assert_int_equal(syslog_frame_cut(&rest, 100, &message), FRAME_WHOLE);
	assert_slice(message, "b\nc");
	assert_int_equal(syslog_frame_cut(&rest, 100, &message), FRAME_MORE);
	assert_slice(rest, "X");
}

static void a_frame_is_waited_for_or_refused(void **state)
{
	static const struct {
		const char *bytes;
		enum syslog_frame frame;
	} cases[] = {
		{"", FRAME_MORE},
		{"1", FRAME_MORE},
		{"12 short", FRAME_MORE},
		{"<1>no end", FRAME_MORE},
		{"21 x", FRAME_BAD},
		{"1x x", FRAME_BAD},
		{"12345678 x", FRAME_BAD},
		{"<1>twenty-one bytes ...", FRAME_BAD},
		{"<1>twenty-one bytes ...\n", FRAME_BAD},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct slice rest = slice_of(cases[i].bytes), message;

		assert_int_equal(syslog_frame_cut(&rest, 20, &message), cases[i].frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_of_all_kinds_are_read),
		cmocka_unit_test(a_message_without_text_is_none),
		cmocka_unit_test(both_framings_of_rfc_6587_are_cut),
		cmocka_unit_test(a_frame_is_waited_for_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
