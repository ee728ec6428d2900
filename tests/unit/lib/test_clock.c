#include "lib/clock.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <time.h>

static void times_are_read_with_any_zone(void **state)
{
	static const struct {
		const char *text, *same;
	} rows[] = {
		{"2026-11-23T00:05:00.000001+00:00", "2026-11-23T00:05:00.000001+00:00"},
		{"2026-11-23T07:05:00.5+0700", "2026-11-23T00:05:00.500000+00:00"},
		{"2026-11-22T19:05:00-05:00", "2026-11-23T00:05:00.000000+00:00"},
		{"2026-11-23t00:05:00z", "2026-11-23T00:05:00.000000+00:00"},
		{"2026-11-23 00:05:00Z", "2026-11-23T00:05:00.000000+00:00"},
		{"2024-02-29T23:59:59.999999999Z", "2024-02-29T23:59:59.999999+00:00"},
		{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000+00:00"},
		{"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999+00:00"},
		{"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000+00:00"},
		{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999+00:00"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[TIME_TEXT_LEN + 1];
		int64_t us;

		if (!time_read(slice_of(rows[i].text), &us))
			fail_msg("%s was refused", rows[i].text);
		time_write(us, text);
		assert_string_equal(text, rows[i].same);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"2026",
		"2026-11-23",
		"2026-11-23T00:05",
		"2026-11-23T00:05:00",
		"2026-11-23T00:05:00.Z",
		"2026-11-23T00:05:00+7",
		"2026-11-23T00:05:00+07:0",
		"2026-11-23T00:05:00+24:00",
		"2026-11-23T00:05:00+07:60",
		"2026-11-23T00:05:00Zx",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"2026-11-00T00:00:00Z",
		"2026-11-23T24:00:00Z",
		"2026-11-23T00:60:00Z",
		"2026-11-23T00:00:61Z",
		"26-11-23T00:00:00Z",
		"-026-11-23T00:00:00Z",
		"2026/11/23T00:00:00Z",
		" 2026-11-23T00:00:00Z",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t us;

		if (time_read(slice_of(rows[i]), &us))
			fail_msg("\"%s\" was taken", rows[i]);
	}
}

/* Against the C library, over days that fall in every month and leap cycle. */
static void dates_agree_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -200000; day < 200000; day += 37) {
		char text[TIME_TEXT_LEN + 1], expected[TIME_TEXT_LEN + 1];
		time_t seconds = (time_t)(day * 86400 + 12345);
		struct tm tm;
		int64_t back;

		assert_non_null(gmtime_r(&seconds, &tm));
		assert_true(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000007+00:00",
				    &tm) > 0);
		time_write((int64_t)seconds * 1000000 + 7, text);
		assert_string_equal(text, expected);
		assert_true(time_read(slice_of(text), &back));
		assert_int_equal(back, (int64_t)seconds * 1000000 + 7);
	}
}

static void years_past_four_digits_are_clamped(void **state)
{
	char text[TIME_TEXT_LEN + 1];

	(void)state;
	time_write(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999999+00:00");
	time_write(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01T00:00:00.000000+00:00");
}

static void time_left_is_rounded_up_and_never_negative(void **state)
{
	(void)state;
	assert_int_equal(mono_left_ms((mono_t){1000001}, (mono_t){0}), 2);
	assert_int_equal(mono_left_ms((mono_t){1000000}, (mono_t){0}), 1);
	assert_int_equal(mono_left_ms((mono_t){1}, (mono_t){0}), 1);
	assert_int_equal(mono_left_ms((mono_t){5}, (mono_t){5}), 0);
	assert_int_equal(mono_left_ms((mono_t){5}, (mono_t){6}), 0);
}

static void a_manual_clock_moves_only_by_hand(void **state)
{
	struct clock_manual manual;

	(void)state;
	clock_manual_init(&manual, 1700000000000000);
	mono_t before = clock_mono(&manual.clock);

	assert_int_equal(clock_wall_us(&manual.clock), 1700000000000000);
	clock_manual_advance(&manual, 1500);
	assert_int_equal(clock_wall_us(&manual.clock), 1700000001500000);
	assert_int_equal(mono_left_ms(mono_after(before, 2000), clock_mono(&manual.clock)), 500);
}

static void the_system_clock_runs_forward(void **state)
{
	const struct clock *clock = clock_system();
	mono_t first = clock_mono(clock);

	(void)state;
	assert_true(clock_mono(clock).ns >= first.ns);
	assert_in_range(clock_wall_us(clock) / 1000000, 1700000000, 253402300799);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read_with_any_zone),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(dates_agree_with_the_c_library),
		cmocka_unit_test(years_past_four_digits_are_clamped),
		cmocka_unit_test(time_left_is_rounded_up_and_never_negative),
		cmocka_unit_test(a_manual_clock_moves_only_by_hand),
		cmocka_unit_test(the_system_clock_runs_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
