#include "lib/json_write.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The text alone, without the quotes around it. */
static void assert_text(struct slice text, const char *json)
{
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(buf_release) struct buf quoted = {0};
	struct json_writer w = json_writer_on(&out);

	json_text(&w, text);
	buf_printf(&quoted, "\"%s\"", json);
	assert_string_equal(buf_text(&out), buf_text(&quoted));
}

static void texts_are_escaped_as_json_wants(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{"", ""},
		{"plain", "plain"},
		{"exactly8", "exactly8"},
		{"\"", "\\\""},
		{"\\", "\\\\"},
		{"/", "/"},
		{"1234567\"9", "1234567\\\"9"},
		{"12345678\\", "12345678\\\\"},
		{"a\nb\tc\rd\be\ff", "a\\nb\\tc\\rd\\be\\ff"},
		{"\x7f", "\x7f"},
		{"đường bị sạt lở", "đường bị sạt lở"},
		{"dài hơn tám \"chữ\"", "dài hơn tám \\\"chữ\\\""},
		{"\xf0\x9f\x8c\x8a", "\xf0\x9f\x8c\x8a"},
		{"\xe2\x80\xa8", "\xe2\x80\xa8"},
		{"</script>", "</script>"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_text(slice_of(rows[i].text), rows[i].json);
}

static void bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
#define BAD "\xef\xbf\xbd"
	static const struct {
		const char *text, *json;
	} rows[] = {
		{"\x80", BAD},
		{"\xff", BAD},
		{"a\xc3", "a" BAD},
		{"\xc3(", BAD "("},
		{"\xc0\xaf", BAD BAD}, /* overlong */
		{"\xc1\xbf", BAD BAD},
		{"\xe0\x80\xaf", BAD BAD BAD},
		{"\xe0\x9f\xbf", BAD BAD BAD},
		{"\xe0\xa0\x80", "\xe0\xa0\x80"},
		{"\xed\x9f\xbf", "\xed\x9f\xbf"},
		{"\xed\xa0\x80", BAD BAD BAD}, /* a surrogate */
		{"\xed\xbf\xbf", BAD BAD BAD},
		{"\xed\xa0\xbd\xed\xb2\xa9", BAD BAD BAD BAD BAD BAD},
		{"\xee\x80\x80", "\xee\x80\x80"},
		{"\xf0\x8f\xbf\xbf", BAD BAD BAD BAD},
		{"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
		{"\xf4\x90\x80\x80", BAD BAD BAD BAD}, /* beyond U+10FFFF */
		{"\xf5\x80\x80\x80", BAD BAD BAD BAD},
		{"\xe1\xbb", BAD BAD},
		{"\xf0\x9f\x8c", BAD BAD BAD},
		{"t\xe1\xbb\x99t\xe1\xbb", "t\xe1\xbb\x99t" BAD BAD},
		{"\x93quote\x94", BAD "quote" BAD},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_text(slice_of(rows[i].text), rows[i].json);
}

static void every_control_character_is_escaped_wherever_it_stands(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 0x20; c++) {
		for (size_t at = 0; at < 20; at++) {
			char text[20], json[40], escape[8];
			const char *letter = c ? strchr("\b\b\tt\nn\ff\rr", (int)c) : NULL;

			(void)snprintf(escape, sizeof escape, "\\u%04x", c);
			if (letter)
				(void)snprintf(
					escape, sizeof escape, "\\%c", c == '\b' ? 'b' : letter[1]);
			memset(text, 'x', sizeof text);
			text[at] = (char)c;
			memset(json, 'x', sizeof json);
			memcpy(json + at, escape, strlen(escape));
			json[sizeof text - 1 + strlen(escape)] = '\0';
			assert_text(slice_over(text, sizeof text), json);
		}
	}
}

static void commas_and_nesting_come_by_themselves(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);

	(void)state;
	json_begin_object(&w);
	json_key(&w, "a");
	json_begin_array(&w);
	json_end_array(&w);
	json_key(&w, "b");
	json_begin_array(&w);
	json_uint(&w, 1);
	json_begin_object(&w);
	json_end_object(&w);
	json_begin_array(&w);
	json_null(&w);
	json_bool(&w, true);
	json_end_array(&w);
	json_bool(&w, false);
	json_end_array(&w);
	json_key_slice(&w, SLICE("ớ\"\n"));
	json_raw(&w, SLICE("{\"x\":1}"));
	json_key(&w, "c");
	json_text(&w, SLICE("t"));
	json_end_object(&w);
	buf_add_byte(&out, '\n');
	json_uint(&w, 2);
	assert_string_equal(buf_text(&out),
		"{\"a\":[],\"b\":[1,{},[null,true],false],\"ớ\\\"\\n\":{\"x\":1},\"c\":\"t\"}\n2");
	assert_int_equal(out.len, strlen(out.at));
}

static void numbers_are_written_exactly(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);

	(void)state;
	json_begin_array(&w);
	json_uint(&w, 0);
	json_uint(&w, UINT64_MAX);
	json_int(&w, INT64_MIN);
	json_int(&w, -1);
	json_int(&w, INT64_MAX);
	json_real(&w, 0);
	json_real(&w, -0.0);
	json_real(&w, 0.1);
	json_real(&w, 1.0 / 3);
	json_real(&w, 12345);
	json_real(&w, 1e300);
	json_real(&w, 5e-324);
	json_real(&w, (double)NAN);
	json_real(&w, -(double)INFINITY);
	json_end_array(&w);
	assert_string_equal(buf_text(&out),
		"[0,18446744073709551615,-9223372036854775808,-1,9223372036854775807,0.0,-0.0,0.1,"
		"0.3333333333333333,12345.0,1e+300,4.94065645841247e-324,null,null]");
}

static void reals_read_back_as_the_same_number(void **state)
{
	static const double rows[] = {1.0 / 3, 0.1 + 0.2, 1e23, 123456789.123456789, 5e-324, 1e15};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf out = {0};
		struct json_writer w = json_writer_on(&out);
		double back;

		json_real(&w, rows[i]);
		assert_true(slice_to_real(buf_slice(&out), &back));
		assert_true(back == rows[i]);
	}
}

static void nest_too_deep(struct json_writer *w)
{
	for (int i = 0; i <= JSON_DEPTH_MAX; i++)
		json_begin_array(w);
}

static void end_what_was_not_begun(struct json_writer *w)
{
	json_end_object(w);
}

static void end_an_array_as_object(struct json_writer *w)
{
	json_begin_array(w);
	json_end_object(w);
}

static void end_after_a_key(struct json_writer *w)
{
	json_begin_object(w);
	json_key(w, "k");
	json_end_object(w);
}

static void value_without_key(struct json_writer *w)
{
	json_begin_object(w);
	json_null(w);
}

static void key_in_an_array(struct json_writer *w)
{
	json_begin_array(w);
	json_key(w, "k");
}

static void two_keys(struct json_writer *w)
{
	json_begin_object(w);
	json_key(w, "k");
	json_key(w, "l");
}

static void raw_without_a_value(struct json_writer *w)
{
	json_raw(w, SLICE(""));
}

static bool aborts(void (*run)(struct json_writer *w))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct buf out = {0};
		struct json_writer w = json_writer_on(&out);

		(void)close(STDERR_FILENO);
		run(&w);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void unbalanced_calls_abort(void **state)
{
	static void (*const rows[])(struct json_writer *) = {nest_too_deep, end_what_was_not_begun,
		end_an_array_as_object, end_after_a_key, value_without_key, key_in_an_array,
		two_keys, raw_without_a_value};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(aborts(rows[i]));
}

static void the_deepest_level_still_works(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);

	(void)state;
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_begin_array(&w);
	json_uint(&w, 1);
	json_uint(&w, 2);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_end_array(&w);
	assert_int_equal(out.len, 2 * JSON_DEPTH_MAX + 3);
	assert_int_equal(w.depth, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_escaped_as_json_wants),
		cmocka_unit_test(bytes_that_are_not_utf8_become_replacement_characters),
		cmocka_unit_test(every_control_character_is_escaped_wherever_it_stands),
		cmocka_unit_test(commas_and_nesting_come_by_themselves),
		cmocka_unit_test(numbers_are_written_exactly),
		cmocka_unit_test(reals_read_back_as_the_same_number),
		cmocka_unit_test(unbalanced_calls_abort),
		cmocka_unit_test(the_deepest_level_still_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
