#include "lib/mem.h"
#include "lib/text.h"
#include "tests/unit/test.h"

#include <string.h>

static void assert_slice(struct slice s, const char *want)
{
	if (!slice_is(s, want))
		fail_msg("got \"%.*s\", want \"%s\"", SLICE_ARG(s), want);
}

static void both_normal_forms_become_nfc(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	assert_slice(text_nfc(a, SLICE("Qua\xCC\x89ng Nam")), "Qu\xE1\xBA\xA3ng Nam");
	assert_slice(text_nfc(a, SLICE("Quảng Nam")), "Quảng Nam");
	assert_slice(text_nfc(a, SLICE("plain")), "plain");
	assert_slice(text_nfc(a, SLICE("")), "");
}

static void bad_bytes_become_the_replacement_character(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	assert_slice(text_nfc(a,
			     SLICE("a\xFF"
				   "b")),
		"a\xEF\xBF\xBD"
		"b");
	assert_false(text_is_utf8(SLICE("a\xC3")));
	assert_false(text_is_utf8(SLICE("\xED\xA0\x80")));
	assert_false(text_is_utf8(SLICE("\xC0\xAF")));
	assert_false(text_is_utf8(SLICE("\xF4\x90\x80\x80")));
	assert_true(text_is_utf8(SLICE("Đà Nẵng \xF0\x9F\x8C\x8A")));
}

static void folding_meets_the_plain_form(void **state)
{
	static const char *const rows[][2] = {
		{"Quảng Nam", "quang nam"},
		{"ĐÀ NẴNG", "da nang"},
		{"Thủy điện Sông Tranh 2", "thuy dien song tranh 2"},
		{"ỜỞỠỢỨỪỬỮỰ", "oooouuuuu"},
		{"Ｃ́", "ｃ"},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_slice(text_fold(a, text_nfc(a, slice_of(rows[i][0]))), rows[i][1]);
	assert_slice(text_lower(a, SLICE("ĐÀ NẴNG")), "đà nẵng");
}

static void the_share_of_marked_vowels_tells_plain_text(void **state)
{
	(void)state;

	assert_true(text_diacritic_share(SLICE("Mưa lũ ở miền núi")) > 0.5);
	assert_true(text_diacritic_share(SLICE("mua lu o mien nui")) == 0);
	assert_true(text_diacritic_share(SLICE("123 !?")) == 0);
}

static void squeezing_leaves_single_spaces(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	assert_slice(text_squeeze(a,
			     SLICE("  a \n\t b\xC2\xA0\xC2\xA0"
				   "c \x01")),
		"a b c");
	assert_slice(text_squeeze(a, SLICE(" \n ")), "");
	assert_slice(text_squeeze(a, SLICE("09\u200D05\u2060 12\u00AD3")), "0905 123");
	assert_slice(text_squeeze(a, SLICE("\u202Evng.x\u2066/\u2069")), "vng.x/");
}

static void code_points_are_walked_and_written(void **state)
{
	struct slice s = SLICE("aĐ\xF0\x9F\x8C\x8A\xFF");
	size_t at = 0;
	char out[4];
	(void)state;

	assert_int_equal(text_next(s, &at), 'a');
	assert_int_equal(text_next(s, &at), 0x110);
	assert_int_equal(text_next(s, &at), 0x1F30A);
	assert_int_equal(text_next(s, &at), 0xFFFD);
	assert_int_equal(text_next(s, &at), -1);
	assert_int_equal(text_put(0x1F30A, out), 4);
	assert_memory_equal(out, "\xF0\x9F\x8C\x8A", 4);
	assert_int_equal(text_put(0x110, out), 2);
	assert_memory_equal(out, "Đ", 2);
	assert_true(text_is_word_char('9') && text_is_word_char(0x1EC7));
	assert_false(text_is_word_char('-') || text_is_word_char(' ') || text_is_word_char(-1));
}

static void host_names_go_to_ascii_and_back(void **state)
{
	char host[TEXT_HOST_MAX], back[TEXT_HOST_MAX];
	size_t len;
	(void)state;

	assert_true(text_host_to_ascii(SLICE("ĐÀNẴNG.vn"), host, &len));
	assert_string_equal(host, "xn--nng-8ka8v493n.vn");
	assert_int_equal(text_host_to_unicode(slice_of(host), back), strlen("đànẵng.vn"));
	assert_string_equal(back, "đànẵng.vn");
	assert_false(text_host_to_ascii(SLICE(""), host, &len));
	assert_false(text_host_to_ascii(SLICE("xn--\xFF.vn"), host, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_normal_forms_become_nfc),
		cmocka_unit_test(bad_bytes_become_the_replacement_character),
		cmocka_unit_test(folding_meets_the_plain_form),
		cmocka_unit_test(the_share_of_marked_vowels_tells_plain_text),
		cmocka_unit_test(squeezing_leaves_single_spaces),
		cmocka_unit_test(code_points_are_walked_and_written),
		cmocka_unit_test(host_names_go_to_ascii_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
