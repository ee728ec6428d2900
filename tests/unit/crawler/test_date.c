#include "crawler/date.h"
#include "tests/unit/test.h"

#include <string.h>

static void each_way_of_writing_is_read(void **state)
{
	static const struct {
		const char *text, *date;
	} rows[] = {
		{"2025-10-05", "2025-10-05"},
		{"2025-10-05T10:00:00Z", "2025-10-05T10:00:00+00:00"},
		{"2025-10-05T10:00:00.123+07:00", "2025-10-05T10:00:00+07:00"},
		{"Sun, 05 Oct 2025 10:00:00 GMT", "2025-10-05T10:00:00+00:00"},
		{"Sun, 5 Oct 2025 10:00:00 -0500", "2025-10-05T10:00:00-05:00"},
		{"Thứ hai, 05/10/2025, 10:00 (GMT+7)", "2025-10-05T10:00:00+07:00"},
		{"10:30 05/10/2025", "2025-10-05T10:30:00"},
		{"5-10-2025", "2025-10-05"},
		{"Hội An, ngày 5 tháng 10 năm 2025", "2025-10-05"},
		{"October 5, 2025 3:07 PM", "2025-10-05T15:07:00"},
		{"5 October 2025", "2025-10-05"},
		{"10/25/2025", "2025-10-25"},
		{"20251005", "2025-10-05"},
		{"Samstag, 3. Dezember 2011 um 10:56", "2011-12-03T10:56:00"},
		{"27 juin 2019", "2019-06-27"},
		{"1er août 2020", "2020-08-01"},
		{"14 de marzo de 2020", "2020-03-14"},
		{"26.10.13", "2013-10-26"},
		{"26/10/13, 03:48 pm", "2013-10-26T15:48:00"},
		{"27. März, 15. Mai 2016", "2016-05-15"},
		{"Mayors met 2019", NULL},
		{"23 / 11 / 2026", NULL},
		{"Thứ Hai, 23/11/2026 - 07:05", "2026-11-23T07:05:00"},
		{"Cập nhật lúc 16:20, 23-11-2026", "2026-11-23T16:20:00"},
		{"23 Tháng Mười Một, 2026", "2026-11-23"},
		{"29/02/2024", "2024-02-29"},
		{"29/02/2025", NULL},
		{"32/01/2025", NULL},
		{"1.2.3", NULL},
		{"điện thoại 0905123456", NULL},
		{"", NULL},
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct date d;
		char text[DATE_TEXT_MAX] = "";
		bool found = date_find(slice_of(rows[i].text), &d);

		if (found)
			date_write(&d, text);
		if (found != (rows[i].date != NULL) || (found && strcmp(text, rows[i].date) != 0))
			fail_msg("\"%s\": %s", rows[i].text, text);
	}
}

static void the_zone_of_viet_nam_is_used_when_none_is_named(void **state)
{
	struct date d;
	(void)state;

	assert_true(date_find(SLICE("01/01/2026 07:00"), &d));
	assert_true(date_us(&d, 7 * 60) == (int64_t)1767225600 * 1000000);
	assert_true(date_find(SLICE("2026-01-01T00:00:00Z"), &d));
	assert_true(date_us(&d, 7 * 60) == (int64_t)1767225600 * 1000000);
}

static void relative_times_are_counted_from_now(void **state)
{
	static const int64_t now = (int64_t)1795392300 * 1000000; /* 2026-11-23T07:05+07:00 */
	static const struct {
		const char *text, *date;
	} rows[] = {
		{"3 giờ trước", "2026-11-23T04:05:00+07:00"},
		{"Đăng 15 phút trước", "2026-11-23T06:50:00+07:00"},
		{"8 giờ trước", "2026-11-22T23:05:00+07:00"},
		{"2 ngày trước", "2026-11-21"},
		{"Hôm qua, 21:30", "2026-11-22T21:30:00"},
		{"Hôm nay", "2026-11-23"},
		{"1 tuần trước", "2026-11-16"},
		{"5 hours ago", "2026-11-23T02:05:00+07:00"},
		{"365 days ago", "2025-11-23"},
		{"ba giờ trước", NULL},
		{"3 giờ trước đó", "2026-11-23T04:05:00+07:00"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct date d;
		char text[DATE_TEXT_MAX] = "";
		bool found = date_find_ago(slice_of(rows[i].text), now, &d);

		if (found)
			date_write(&d, text);
		if (found != (rows[i].date != NULL) || (found && strcmp(text, rows[i].date) != 0))
			fail_msg("\"%s\": %s", rows[i].text, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_of_writing_is_read),
		cmocka_unit_test(relative_times_are_counted_from_now),
		cmocka_unit_test(the_zone_of_viet_nam_is_used_when_none_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
