#include "courier/clocks.h"
#include "courier/digest.h"
#include "courier/mime.h"
#include "lib/clock.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

static void a_header_is_plain_or_encoded_words_and_nothing_else(void **state)
{
	static const struct {
		struct slice text;
		const char *want;
	} rows[] = {
		{SLICE_INIT("plain text"), "plain text"},
		{SLICE_INIT("a\r\nBcc: x"), "a Bcc: x"},
		{SLICE_INIT("=?UTF-8?B?QQ==?="), "=?UTF-8?B?PT9VVEYtOD9CP1FRPT0/PQ==?="},
		{SLICE_INIT("Quét"), "=?UTF-8?B?UXXDqXQ=?="},
		{SLICE_INIT("áááááááááááááááááááá"),
			"=?UTF-8?B?w6HDocOhw6HDocOhw6HDocOhw6HDocOhw6HDocOhw6HDocOhw6E=?=\r\n"
			" =?UTF-8?B?w6E=?="},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_release) struct buf out = {0};

		mime_header_text(rows[i].text, &out);
		assert_string_equal(buf_text(&out), rows[i].want);
	}
}

static void an_address_has_nothing_that_means_something_in_a_header(void **state)
{
	static const char *const good[] = {"a@b", "truc.ban+1@ioc.example"};
	static const char *const bad[] = {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nBcc: x@y",
		"<a@b>", "\"a\"@b", "a@b,c@d", "á@b", "a@b;c"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(mime_address_check(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(mime_address_check(bad[i]));
}

static void a_period_ends_at_the_next_multiple_or_time_of_day(void **state)
{
	char six[] = "06:00", eleven[] = "11:00";
	char *times[] = {six, eleven};
	const struct config_texts at = {times, 2}, none = {0};
	static const struct {
		const char *now;
		int64_t every_ms; /* 0: the times */
		const char *end;
	} rows[] = {
		{"2026-11-23T00:07:00Z", 600000, "2026-11-23T00:10:00Z"},
		{"2026-11-23T00:10:00Z", 600000, "2026-11-23T00:20:00Z"},
		{"2026-11-23T05:59:59+07:00", 0, "2026-11-23T06:00:00+07:00"},
		{"2026-11-23T06:00:00+07:00", 0, "2026-11-23T11:00:00+07:00"},
		{"2026-11-23T11:00:00+07:00", 0, "2026-11-24T06:00:00+07:00"},
		{"2026-11-23T23:59:00+07:00", 0, "2026-11-24T06:00:00+07:00"},
		{"2026-11-23T00:30:00+07:00", 0, "2026-11-23T06:00:00+07:00"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t now, end;

		assert_true(time_read(slice_of(rows[i].now), &now));
		assert_true(time_read(slice_of(rows[i].end), &end));
		assert_int_equal(
			digest_period_end(now, rows[i].every_ms, rows[i].every_ms ? &none : &at),
			end);
	}
}

static void an_incident_is_what_an_analyst_or_a_rule_says_until_it_is_closed(void **state)
{
	static const struct {
		const char *state, *incident, *tag;
		unsigned clocks; /* bits of legal_clocks */
		int64_t start_us;
	} rows[] = {
		{"", "", "", 0, 0},
		{"acknowledged", "", "", 0, 0},
		{"acknowledged", "at_once", "", 7, 20},
		{"acknowledged", "serious", "", 6, 20},
		{"new", "ordinary", "", 4, 20},
		{"closed", "serious", "", 0, 0},
		{"", "", "haidang.incident-serious", 6, 10},
		{"acknowledged", "ordinary", "haidang.incident-at-once", 4, 20},
		{"closed", "", "haidang.incident-at-once", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct alert alert = {.timestamp_us = 10,
			.rule = {.tags = {slice_of(rows[i].tag)}, .tag_count = 1},
			.standing = {.state = slice_of(rows[i].state),
				.incident = slice_of(rows[i].incident),
				.incident_us = 20}};
		struct incident incident = clocks_incident(&alert);
		unsigned clocks = 0;

		for (unsigned c = 0; c < CLOCK_COUNT; c++)
			clocks |= (legal_clocks[c].gravities & incident.gravity) ? 1U << c : 0;
		assert_int_equal(clocks, rows[i].clocks);
		assert_int_equal(incident.start_us, rows[i].start_us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_plain_or_encoded_words_and_nothing_else),
		cmocka_unit_test(an_address_has_nothing_that_means_something_in_a_header),
		cmocka_unit_test(a_period_ends_at_the_next_multiple_or_time_of_day),
		cmocka_unit_test(an_incident_is_what_an_analyst_or_a_rule_says_until_it_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
