#include "crawler/calendar.h"
#include "crawler/date.h"
#include "tests/unit/test.h"

static int64_t day_of(int year, int month, int day)
{
	struct date d = {.year = year, .month = month, .day = day};

	return date_us(&d, 0) / INT64_C(86400000000);
}

static void the_days_of_viet_nam_are_told_apart(void **state)
{
	static const struct {
		int year, month, day;
		enum day_kind kind;
		bool in_season;
		const char *name;
	} cases[] = {
		{2026, 11, 23, DAY_WORKING, true, "flood"},
		{2026, 11, 22, DAY_WEEKEND, true, "flood"},
		{2026, 3, 3, DAY_WORKING, false, "ordinary"},
		{2026, 3, 7, DAY_WEEKEND, false, "weekend"},
		{2026, 2, 17, DAY_HOLIDAY, false, "tet"},
		{2026, 2, 15, DAY_HOLIDAY, false, "tet"},
		{2026, 2, 14, DAY_WEEKEND, false, "weekend"},
		{2027, 2, 6, DAY_HOLIDAY, false, "tet"},
		{2030, 1, 31, DAY_HOLIDAY, false, "tet"},
		{2030, 1, 30, DAY_WORKING, false, "ordinary"},
		{2026, 4, 26, DAY_HOLIDAY, false, "gio_to"},
		{2034, 4, 28, DAY_HOLIDAY, false, "gio_to"},
		{2026, 4, 30, DAY_HOLIDAY, false, "reunification"},
		{2028, 9, 2, DAY_HOLIDAY, true, "national_day"},
		{2028, 2, 29, DAY_WORKING, false, "ordinary"},
		{2026, 12, 31, DAY_WORKING, true, "flood"},
		{2027, 1, 1, DAY_HOLIDAY, false, "new_year"},
	};
	struct err err = {0};
	struct calendar *c = calendar_read("rules/calendar.yaml", &err);
	(void)state;

	assert_non_null(c);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct calendar_day day =
			calendar_day(c, day_of(cases[i].year, cases[i].month, cases[i].day));

		assert_int_equal(day.kind, cases[i].kind);
		assert_int_equal(day.in_season, cases[i].in_season);
		assert_true(slice_is(day.name, cases[i].name));
	}
	calendar_free(&c);
}

static void a_day_begins_at_midnight_in_viet_nam(void **state)
{
	(void)state;
	/* 2026-11-22 17:00 UTC is the 23rd, a Monday. */
	int64_t hour = calendar_local_hour(INT64_C(1795366800000000));
	assert_int_equal(hour % 24, 0);
	assert_int_equal(hour / 24, day_of(2026, 11, 23));
	assert_int_equal(calendar_day(NULL, hour / 24).kind, DAY_WORKING);
	assert_int_equal(calendar_day(NULL, hour / 24 - 1).kind, DAY_WEEKEND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_days_of_viet_nam_are_told_apart),
		cmocka_unit_test(a_day_begins_at_midnight_in_viet_nam),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
