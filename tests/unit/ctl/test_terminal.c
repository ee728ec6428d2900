#include "ctl/terminal.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

static void text_of_strangers_cannot_steer_a_terminal(void **state)
{
	static const struct {
		struct slice text;
		const char *shown;
	} rows[] = {
		{SLICE_INIT("Cổng thông tin tỉnh"), "Cổng thông tin tỉnh"},
		{SLICE_INIT("a\tb\r\nc"), "a b  c"},
		{SLICE_INIT("\x1b[31mred\x1b[0m"), "[31mred[0m"},
		{SLICE_INIT("\x1b]0;title\x07x\x08\x7f\0y"), "]0;titlexy"},
		{SLICE_INIT("\xc2\x9b"
			    "31m\xc2\x85"),
			"31m"},
		{SLICE_INIT("\xe2\x80\xae"
			    "fdp.exe\xe2\x81\xa6"),
			"fdp.exe"},
		{SLICE_INIT("line\xe2\x80\xa8"
			    "line"),
			"line line"},
		{SLICE_INIT("goo\xe2\x80\x8bgle\xef\xbb\xbf"), "google"},
		{SLICE_INIT("\xf3\xa0\x81\x81tag"), "tag"},
		{SLICE_INIT("a\xffz\xc3"), "a\xef\xbf\xbdz\xef\xbf\xbd"},
		{SLICE_INIT(""), ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_release) struct buf out = {0};

		terminal_add(&out, rows[i].text);
		assert_string_equal(buf_text(&out), rows[i].shown);
	}
}

static void json_stays_the_same_value(void **state)
{
	static const struct {
		struct slice json;
		const char *shown;
	} rows[] = {
		{SLICE_INIT("{\"a\": \"ộ\\u001b\"}"), "{\"a\": \"ộ\\u001b\"}"},
		{SLICE_INIT("{\n\t\"a\":\r1}"), "{  \"a\": 1}"},
		{SLICE_INIT("[\"\xc2\x9b\",\"\xe2\x80\xae\",\"\x7f\"]"),
			"[\"\\u009b\",\"\\u202e\",\"\\u007f\"]"},
		{SLICE_INIT("[\"\xf3\xa0\x81\x81\"]"), "[\"\\udb40\\udc41\"]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_release) struct buf out = {0};

		terminal_add_json(&out, rows[i].json);
		assert_string_equal(buf_text(&out), rows[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_strangers_cannot_steer_a_terminal),
		cmocka_unit_test(json_stays_the_same_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
