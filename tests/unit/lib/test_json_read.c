#include "lib/json_read.h"
#include "lib/json_write.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

enum { LEN_MAX = 4096 };

static int reader_make(void **state)
{
	*state = json_reader_new(LEN_MAX);
	return 0;
}

static int reader_free(void **state)
{
	struct json_reader *r = *state;

	json_reader_free(&r);
	assert_null(r);
	return 0;
}

static struct json_value read_ok(struct json_reader *r, const char *text)
{
	struct json_value root;
	struct err err = {0};

	assert_true(json_read(r, slice_of(text), &root, &err));
	assert_false(err_is_set(&err));
	return root;
}

static void values_have_their_kinds(void **state)
{
	static const struct {
		const char *text;
		enum json_kind kind;
	} rows[] = {
		{"null", JSON_NULL},
		{"true", JSON_BOOL},
		{"0", JSON_INT},
		{"-9223372036854775808", JSON_INT},
		{"18446744073709551615", JSON_INT},
		{"1.0", JSON_REAL},
		{"1e3", JSON_REAL},
		{"\"\"", JSON_TEXT},
		{"[]", JSON_ARRAY},
		{"{}", JSON_OBJECT},
		{" \t\r\n{ } ", JSON_OBJECT},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(json_kind(read_ok(*state, rows[i].text)), rows[i].kind);
}

static void what_is_not_json_is_refused_in_words(void **state)
{
	static const char *const rows[] = {"", " ", "{", "[1,]", "{\"a\":}", "{\"a\" 1}", "{a:1}",
		"'a'", "01", "+1", ".5", "1.", "nul", "\"\n\"", "\"\\x\"", "\"\\ud800\"",
		"\"\xc3\"", "1 2", "{} {}", "[1] x", "18446744073709551616",
		"99999999999999999999999999", "1e999", "NaN", "\"open"};
	struct json_value root;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = {0};

		assert_false(json_read(*state, slice_of(rows[i]), &root, &err));
		assert_true(strlen(err_text(&err)) > 10);
	}
}

static void lengths_and_depths_are_bounded(void **state)
{
	char text[LEN_MAX + 2];
	struct json_value root;
	struct err err = {0};

	memset(text, ' ', sizeof text);
	text[0] = '1';
	assert_true(json_read(*state, slice_over(text, LEN_MAX), &root, &err));
	assert_false(json_read(*state, slice_over(text, LEN_MAX + 1), &root, &err));
	assert_string_equal(err_text(&err), "JSON of 4097 bytes is over 4096");

	for (size_t depth = 1; depth < LEN_MAX / 16; depth++) {
		CLEANUP(buf_release) struct buf copy = {0};
		struct err deep = {0};

		memset(text, '[', depth);
		text[depth] = '1';
		memset(text + depth + 1, ']', depth);
		assert_int_equal(json_read(*state, slice_over(text, 2 * depth + 1), &root, &deep),
			depth < JSON_DEPTH_MAX);

		/* Whatever is let pass can be written again. */
		memset(text + depth, ']', depth);
		if (json_read(*state, slice_over(text, 2 * depth), &root, &deep))
			json_copy(root, &copy);
	}
	memset(text, '[', LEN_MAX);
	assert_false(json_read(*state, slice_over(text, LEN_MAX), &root, &err));
}

static void a_reader_still_works_after_a_refusal(void **state)
{
	struct json_value root;
	struct err err = {0};

	assert_false(json_read(*state, SLICE("[1,"), &root, &err));
	assert_int_equal(json_count(read_ok(*state, "[1,2,3]")), 3);
}

static void numbers_keep_to_their_ranges(void **state)
{
	static const struct {
		const char *text;
		bool is_i64, is_u64, is_real;
	} rows[] = {
		{"0", true, true, true},
		{"-1", true, false, true},
		{"9223372036854775807", true, true, true},
		{"9223372036854775808", false, true, true},
		{"18446744073709551615", false, true, true},
		{"1.5", false, false, true},
		{"\"1\"", false, false, false},
		{"true", false, false, false},
		{"null", false, false, false},
		{"[]", false, false, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct json_value v = read_ok(*state, rows[i].text);
		int64_t i64;
		uint64_t u64;
		double real;

		assert_int_equal(json_to_i64(v, &i64), rows[i].is_i64);
		assert_int_equal(json_to_u64(v, &u64), rows[i].is_u64);
		assert_int_equal(json_to_real(v, &real), rows[i].is_real);
	}
}

static void members_are_found_by_key_and_path(void **state)
{
	static const struct {
		const char *path, *text; /* NULL: none */
	} rows[] = {
		{"a", "top"},
		{"dns.rrname", "nested"},
		{"x.y", "dotted key first"},
		{"q.r.s", "dotted key inside"},
		{"dns", NULL},
		{"dns.none", NULL},
		{"a.b", NULL},
		{"list.0", NULL},
		{"", NULL},
		{".", NULL},
		{"dns.", NULL},
		{"twice", "first"},
		{"\xe1\xbb\x99", "escaped key"},
	};
	struct json_value root = read_ok(*state,
		"{\"a\":\"top\",\"dns\":{\"rrname\":\"nested\"},\"x.y\":\"dotted key first\","
		"\"x\":{\"y\":\"no\"},\"q\":{\"r.s\":\"dotted key inside\"},\"list\":[1],"
		"\"twice\":\"first\",\"twice\":\"second\",\"\\u1ed9\":\"escaped key\"}");

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct json_value v;
		struct slice text = {0};
		bool found = json_at(root, rows[i].path, &v) && json_to_text(v, &text);

		assert_int_equal(found, rows[i].text != NULL);
		if (found)
			assert_true(slice_is(text, rows[i].text));
	}

	struct slice text;

	assert_true(json_get_text(root, "x.y", &text));
	assert_false(json_get_text(root, "list", &text));
}

static void texts_may_hold_a_nul(void **state)
{
	struct slice text;

	assert_true(json_to_text(read_ok(*state, "\"a\\u0000b\\ud83c\\udf0a\""), &text));
	assert_true(slice_equal(text, SLICE("a\0b\xf0\x9f\x8c\x8a")));
}

static bool note(void *ctx, struct slice key, struct json_value value)
{
	struct buf *out = ctx;

	buf_printf(out, "%.*s=", SLICE_ARG(key));
	json_copy(value, out);
	buf_add_byte(out, ';');
	return out->len < 12;
}

static void members_are_visited_until_told_to_stop(void **state)
{
	static const struct {
		const char *text, *visited;
	} rows[] = {
		{"{\"a\":1,\"b\":[2]}", "a=1;b=[2];"},
		{"{\"a\":1,\"b\":{\"c\":2},\"d\":3}", "a=1;b={\"c\":2};"},
		{"[true,null]", "=true;=null;"},
		{"[]", ""},
		{"7", ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf out = {0};

		json_each(read_ok(*state, rows[i].text), note, &out);
		assert_string_equal(buf_text(&out), rows[i].visited);
	}
}

static void a_copy_says_the_same(void **state)
{
	static const char *const rows[] = {
		"null",
		"[]",
		"{}",
		"-5",
		"18446744073709551615",
		"1.5",
		"1.0",
		"{\"a\":[1,{\"b\":\"\\\"\\\\\\n\\u0001ộ\"},true,false,null],\"a\":2}",
		"[[[[[[[[[[]]]]]]]]]]",
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf out = {0};

		json_copy(read_ok(*state, rows[i]), &out);
		assert_string_equal(buf_text(&out), rows[i]);
	}
}

static void small_texts_are_read_beside_the_end_of_a_page(void **state)
{
	struct json_reader *r = json_reader_new(1);
	struct json_value root;
	struct err err = {0};
	char *one = mem_copy("7", 1);

	(void)state;
	assert_true(json_read(r, slice_over(one, 1), &root, &err));
	mem_free(one);
	json_reader_free(&r);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, reader_make, reader_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(values_have_their_kinds),
		CASE(what_is_not_json_is_refused_in_words),
		CASE(lengths_and_depths_are_bounded),
		CASE(a_reader_still_works_after_a_refusal),
		CASE(numbers_keep_to_their_ranges),
		CASE(members_are_found_by_key_and_path),
		CASE(texts_may_hold_a_nul),
		CASE(members_are_visited_until_told_to_stop),
		CASE(a_copy_says_the_same),
		CASE(small_texts_are_read_beside_the_end_of_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
