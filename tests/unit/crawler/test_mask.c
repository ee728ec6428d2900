#include "crawler/mask.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

static void what_points_at_a_person_is_masked(void **state)
{
	static const char *const rows[][2] = {
		{"gọi 0905123456 ngay", "gọi [số điện thoại] ngay"},
		{"gọi 0905 123 456, gấp", "gọi [số điện thoại], gấp"},
		{"0905.123.456", "[số điện thoại]"},
		{"+84 905 123 456", "[số điện thoại]"},
		{"84905123456", "[số điện thoại]"},
		{"02353 812 345", "[số điện thoại]"},
		{"CCCD 048099001234", "CCCD [số định danh]"},
		{"viết cho truc.ban@example.vn nhé", "viết cho [thư điện tử] nhé"},
		{"theo @truc_ban.", "theo [tài khoản]."},
		{"stk 19001234567", "stk [số]"},
		{"SĐT0905123456", "SĐT[số điện thoại]"},
		{"0905123456/0912345678", "[số điện thoại]/[số điện thoại]"},
		{"0905 123 456 0912 345 678", "[số điện thoại] [số điện thoại]"},
		{"0905.123.456 - 0912.345.678", "[số điện thoại] - [số điện thoại]"},
		{"(0235) 3.812.345", "([số điện thoại]"},
		{"0905–123–456", "[số điện thoại]"},
		{"84 905 123 456", "[số điện thoại]"},
		{"090 5123456 gọi lúc 5.10", "[số điện thoại] gọi lúc 5.10"},
		{"049 090 123 456", "[số định danh]"},
		{"nhắn @Nguyễn nhé", "nhắn [tài khoản] nhé"},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice got = mask_personal(a, slice_of(rows[i][0]));

		if (!slice_is(got, rows[i][1]))
			fail_msg("\"%s\": \"%.*s\"", rows[i][0], SLICE_ARG(got));
	}
}

static void other_numbers_stay(void **state)
{
	static const char *const rows[] = {"năm 2025", "1.500.000 đồng", "05/10/2025", "QL40B",
		"Sông Tranh 2", "1022", "24/7", "3,5 m", "115", "2 @ 3", "a@", "@", "+", "0", "",
		"ngày 5.10.2025", "10:30 ngày 18-11-2026", "giá 12.000.000.000 đồng",
		"05.10.2025 08:30", "5-10-2025 08 giờ", "100.500.000.000 đồng"};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice got = mask_personal(a, slice_of(rows[i]));

		if (!slice_is(got, rows[i]))
			fail_msg("\"%s\": \"%.*s\"", rows[i], SLICE_ARG(got));
	}
}

static void addresses_name_no_person(void **state)
{
	static const char *const rows[][2] = {
		{"https://a.vn/tin/lu-20251005.html?id=7",
			"https://a.vn/tin/lu-20251005.html?id=7"},
		{"https://a.vn", "https://a.vn"},
		{"https://a.vn/@ten.that/video/1", "https://a.vn/-/video/1"},
		{"https://a.vn/x?u=truc.ban%40b.vn&p=2", "https://a.vn/x?u=-&p=2"},
		{"https://a.vn/ban-nha-0905123456.html", "https://a.vn/ban-nha--.html"},
		{"https://a.vn/tin-20251005093000123.htm",
			"https://a.vn/tin-20251005093000123.htm"},
		{"https://0905123456.vn/a", "https://0905123456.vn/a"},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice got = mask_address(a, slice_of(rows[i][0]));

		if (!slice_is(got, rows[i][1]))
			fail_msg("\"%s\": \"%.*s\"", rows[i][0], SLICE_ARG(got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_points_at_a_person_is_masked),
		cmocka_unit_test(other_numbers_stay),
		cmocka_unit_test(addresses_name_no_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
