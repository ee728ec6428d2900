#include "collector/dissect.h"
#include "collector/limits.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

static void assert_column(const struct columns *c, const char *name, const char *expected)
{
	struct slice found = {0};

	if (!column_get(c, slice_of(name), &found) || !slice_is(found, expected))
		fail_msg("%s: found '%.*s', expected '%s'", name, SLICE_ARG(found), expected);
}

static void gaps_run_up_to_the_text_after_them(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct err err = {0};
	struct column room[COLUMNS_MAX];
	struct columns c = {.at = room};
	const struct dissect *d =
		dissect_new(a, SLICE("Deny %{proto} src %{}:%{ip}/%{port} by %{rest}"), &err);

	(void)state;
	assert_non_null(d);
	assert_true(dissect_match(d, SLICE("%X: Deny tcp src out:10.1.2.3/22 by acl x"), &c));
	assert_int_equal(c.count, 4);
	assert_column(&c, "proto", "tcp");
	assert_column(&c, "ip", "10.1.2.3");
	assert_column(&c, "port", "22");
	assert_column(&c, "rest", "acl x");
	assert_false(dissect_match(d, SLICE("Deny tcp src out:10.1.2.3"), &c));
	assert_int_equal(c.count, 4); /* a failed match adds nothing */
}

static void bad_patterns_are_refused(void **state)
{
	static const char *const cases[] = {"", "%{a}%{b}", "a %{open"};
	CLEANUP(arena_free) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err err = {0};

		assert_null(dissect_new(a, slice_of(cases[i]), &err));
		assert_true(err_is_set(&err));
	}
}

static void pairs_are_read_with_and_without_quotes(void **state)
{
	struct column room[COLUMNS_MAX];
	struct columns c = {.at = room};

	(void)state;
	pairs_read(SLICE("[UFW] a=1 b=\"x \\\" = y\" , c= d.e=f;g=\"open"), false, &c);
	assert_column(&c, "a", "1");
	assert_column(&c, "b", "x \\\" = y");
	assert_column(&c, "c", "");
	assert_column(&c, "d.e", "f");
	assert_column(&c, "g", "open");
	assert_int_equal(c.count, 5);
}

static void values_of_cef_run_up_to_the_next_key(void **state)
{
	struct column room[COLUMNS_MAX];
	struct columns c = {.at = room};

	(void)state;
	pairs_read(
		SLICE("src=10.1.2.3 msg=two words a\\=b here cs1Label=x y dst=1.2.3.4"), true, &c);
	assert_column(&c, "src", "10.1.2.3");
	assert_column(&c, "msg", "two words a\\=b here");
	assert_column(&c, "cs1Label", "x y");
	assert_column(&c, "dst", "1.2.3.4");
	assert_int_equal(c.count, 4);
}

static void commas_number_the_values(void **state)
{
	static const struct slice names[] = {
		SLICE_INIT("a"), SLICE_INIT(""), SLICE_INIT("c"), SLICE_INIT("d"), SLICE_INIT("e")};
	struct column room[COLUMNS_MAX];
	struct columns c = {.at = room};

	(void)state;
	commas_read(SLICE("1,2,\"x,y\",z"), names, 5, &c);
	assert_int_equal(c.count, 4);
	assert_column(&c, "a", "1");
	assert_column(&c, "c", "x,y");
	assert_column(&c, "d", "z");
	assert_column(&c, "e", "");
}

static void no_more_columns_than_there_is_room_for(void **state)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct column room[COLUMNS_MAX];
	struct columns c = {.at = room};

	(void)state;
	for (int i = 0; i < 2 * COLUMNS_MAX; i++)
		buf_printf(&text, "k%d=%d ", i, i);
	pairs_read(buf_slice(&text), false, &c);
	assert_int_equal(c.count, COLUMNS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps_run_up_to_the_text_after_them),
		cmocka_unit_test(bad_patterns_are_refused),
		cmocka_unit_test(pairs_are_read_with_and_without_quotes),
		cmocka_unit_test(values_of_cef_run_up_to_the_next_key),
		cmocka_unit_test(commas_number_the_values),
		cmocka_unit_test(no_more_columns_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
