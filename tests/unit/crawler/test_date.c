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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_of_writing_is_read),
		cmocka_unit_test(the_zone_of_viet_nam_is_used_when_none_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
