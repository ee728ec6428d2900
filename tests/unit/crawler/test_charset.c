#include "crawler/charset.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

static void mark_header_and_document_are_asked_in_turn(void **state)
{
	static const struct {
		struct slice bytes;
		const char *type, *charset, *text;
	} rows[] = {
		{{"\xEF\xBB\xBFx", 4}, "text/html; charset=windows-1252", "utf-8", "x"},
		{{"\xFF\xFE"
		  "a\0",
			 4},
			"", "utf-16le", "a"},
		{{"\xE9", 1}, "text/html; charset=ISO-8859-1", "windows-1252", "é"},
		{{"<meta charset='windows-1258'>\xD0", 30}, "", "windows-1258",
			"<meta charset='windows-1258'>Đ"},
		{{"<!-- <meta charset=big5> --><meta http-equiv=Content-Type content='text/html;charset=utf-8'>",
			 92},
			"", "utf-8",
			"<!-- <meta charset=big5> --><meta http-equiv=Content-Type content='text/html;charset=utf-8'>"},
		{{"<?xml version='1.0' encoding='koi8-r'?>\xC1", 40}, "text/xml", "koi8-r",
			"<?xml version='1.0' encoding='koi8-r'?>а"},
		{{"\xC4\x91", 2}, "", "utf-8", "đ"},
		{{"\xC4\x91\xFF", 3}, "", "windows-1252", "Ä‘ÿ"},
		{{"a\xCC\x81", 3}, "utf-8", "utf-8", "á"},
		{{"\xBE", 1}, "tcvn3", "tcvn", "ắ"},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct charset_set *set = charset_set_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct charset_text t =
			charset_decode(set, a, rows[i].bytes, slice_of(rows[i].type));

		assert_string_equal(t.charset, rows[i].charset);
		if (!slice_is(t.text, rows[i].text))
			fail_msg("row %zu: \"%.*s\"", i, SLICE_ARG(t.text));
	}
	charset_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mark_header_and_document_are_asked_in_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
