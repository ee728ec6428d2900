#include "lib/slice.h"
#include "tests/unit/test.h"

#include <string.h>

static void parts_are_cut_at_separators(void **state)
{
	static const struct {
		const char *text, *parts; /* joined with | and closed with . */
	} rows[] = {
		{"a,b", "a|b|."},
		{"a,", "a|."},
		{"a,,b", "a||b|."},
		{",a", "|a|."},
		{",", "|."},
		{"", "."},
		{"abc", "abc|."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice rest = slice_of(rows[i].text), part;
		char parts[32] = "";
		size_t len = 0;

		while (slice_cut(&rest, ',', &part)) {
			memcpy(parts + len, part.at, part.len);
			len += part.len;
			parts[len++] = '|';
		}
		parts[len] = '.';
		assert_string_equal(parts, rows[i].parts);
	}
}

static void whole_numbers_are_read_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *text;
		bool unsigned_good, signed_good;
		uint64_t as_unsigned;
		int64_t as_signed;
	} rows[] = {
		{"0", true, true, 0, 0},
		{"007", true, true, 7, 7},
		{"-1", false, true, 0, -1},
		{"9223372036854775807", true, true, INT64_MAX, INT64_MAX},
		{"9223372036854775808", true, false, (uint64_t)INT64_MAX + 1, 0},
		{"-9223372036854775808", false, true, 0, INT64_MIN},
		{"-9223372036854775809", false, false, 0, 0},
		{"18446744073709551615", true, false, UINT64_MAX, 0},
		{"18446744073709551616", false, false, 0, 0},
		{"99999999999999999999999", false, false, 0, 0},
		{"", false, false, 0, 0},
		{"-", false, false, 0, 0},
		{"--1", false, false, 0, 0},
		{"+1", false, false, 0, 0},
		{" 1", false, false, 0, 0},
		{"1 ", false, false, 0, 0},
		{"1a", false, false, 0, 0},
		{"0x1", false, false, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t u = 0;
		int64_t s = 0;

		if (slice_to_u64(slice_of(rows[i].text), &u) != rows[i].unsigned_good ||
			u != rows[i].as_unsigned)
			fail_msg("unsigned \"%s\"", rows[i].text);
		if (slice_to_i64(slice_of(rows[i].text), &s) != rows[i].signed_good ||
			s != rows[i].as_signed)
			fail_msg("signed \"%s\"", rows[i].text);
	}
}

static void real_numbers_are_decimal_and_finite(void **state)
{
	static const struct {
		const char *text;
		bool good;
		double value;
	} rows[] = {
		{"0.5", true, 0.5},
		{"-12", true, -12},
		{"1e3", true, 1000},
		{"1E-2", true, 0.01},
		{"1e999", false, 0},
		{"nan", false, 0},
		{"inf", false, 0},
		{"0x10", false, 0},
		{"1.5 ", false, 0},
		{"1.2.3", false, 0},
		{".", false, 0},
		{"", false, 0},
		{"1111111111111111111111111111111111111111111111111111111111111111", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		double value = 0;
		bool good = slice_to_real(slice_of(rows[i].text), &value);

		if (good != rows[i].good || value < rows[i].value || value > rows[i].value)
			fail_msg("\"%s\" gives %d %g", rows[i].text, good, value);
	}
}

static void a_number_ends_with_its_slice(void **state)
{
	uint64_t value;
	double real;

	(void)state;
	assert_true(slice_to_u64((struct slice){"1234", 2}, &value) && value == 12);
	assert_true(slice_to_real((struct slice){"1.25", 3}, &real) && real > 1.19 && real < 1.21);
}

static void comparing_looks_at_bytes_and_length(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
		bool nocase;
	} rows[] = {
		{"", "", 0, true},
		{"a", "", 1, false},
		{"a", "ab", -1, false},
		{"abc", "abd", -1, false},
		{"ABC", "abc", -1, true},
		{"[", "{", -1, false}, /* 0x20 apart, but no letters */
		{"\xc3\x80", "\xc3\xa0", -1, false},
		{"\xff", "a", 1, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice a = slice_of(rows[i].a), b = slice_of(rows[i].b);
		int order = slice_compare(a, b);

		assert_int_equal((order > 0) - (order < 0), rows[i].order);
		order = slice_compare(b, a);
		assert_int_equal((order > 0) - (order < 0), -rows[i].order);
		assert_int_equal(slice_equal(a, b), rows[i].order == 0);
		assert_int_equal(slice_equal_nocase(a, b), rows[i].nocase);
	}
}

static void searching_finds_the_first_place(void **state)
{
	struct slice s = SLICE("abcabc\0d");

	(void)state;
	assert_int_equal(slice_find(s, SLICE("bc")), 1);
	assert_int_equal(slice_find(s, SLICE("\0d")), 6);
	assert_int_equal(slice_find(s, SLICE("")), 0);
	assert_int_equal(slice_find(s, SLICE("abcabc\0de")), s.len);
	assert_int_equal(slice_find_byte(s, 'c'), 2);
	assert_int_equal(slice_find_byte(s, 'x'), s.len);
	assert_true(slice_starts(s, SLICE("abc")) && !slice_starts(s, SLICE("bc")));
	assert_true(slice_ends(s, SLICE("\0d")) && !slice_ends(s, SLICE("c")));
	assert_true(slice_starts(s, SLICE("")) && slice_ends(s, SLICE("")));
}

static void the_part_past_the_end_is_empty(void **state)
{
	struct slice s = SLICE("abc");

	(void)state;
	assert_true(slice_is(slice_from(s, 1), "bc"));
	assert_int_equal(slice_from(s, 3).len, 0);
	assert_int_equal(slice_from(s, SIZE_MAX).len, 0);
}

static void trimming_takes_white_space_at_both_ends(void **state)
{
	(void)state;
	assert_true(slice_is(slice_trim(SLICE(" \t\r\na b\v\f ")), "a b"));
	assert_int_equal(slice_trim(SLICE(" \n ")).len, 0);
	assert_true(slice_is(slice_trim(SLICE("\xc2\xa0")), "\xc2\xa0"));
}

static void an_empty_slice_may_point_nowhere(void **state)
{
	struct slice none = {0}, part;

	(void)state;
	assert_true(slice_equal(none, slice_of(NULL)));
	assert_true(slice_is(none, ""));
	assert_int_equal(slice_find(none, SLICE("x")), 0);
	assert_int_equal(slice_trim(none).len, 0);
	assert_int_equal(slice_from(none, 1).len, 0);
	assert_false(slice_cut(&none, ',', &part));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_cut_at_separators),
		cmocka_unit_test(whole_numbers_are_read_whole_or_not_at_all),
		cmocka_unit_test(real_numbers_are_decimal_and_finite),
		cmocka_unit_test(a_number_ends_with_its_slice),
		cmocka_unit_test(comparing_looks_at_bytes_and_length),
		cmocka_unit_test(searching_finds_the_first_place),
		cmocka_unit_test(the_part_past_the_end_is_empty),
		cmocka_unit_test(trimming_takes_white_space_at_both_ends),
		cmocka_unit_test(an_empty_slice_may_point_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
