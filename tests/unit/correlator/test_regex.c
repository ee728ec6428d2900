#include "correlator/limits.h"
#include "correlator/regex.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

/* Both engines: the compiled code, and the interpreter where memory may not be made executable. */
static const char *const engines[] = {"", "(*NO_JIT)"};
enum { ENGINE_COUNT = sizeof engines / sizeof *engines };

static struct regex *add(struct regex_set *set, unsigned engine, const char *expression)
{
	CLEANUP(mem_cleanup) char *whole = mem_printf("%s%s", engines[engine], expression);
	struct regex *re = regex_add(set, slice_of(whole), 0);

	assert_non_null(re);
	return re;
}

static void repeat(struct buf *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_add_text(out, text);
}

static void a_repeated_group_goes_through_a_long_text(void **state)
{
	CLEANUP(regex_set_free) struct regex_set *set = regex_set_new();
	CLEANUP(buf_release) struct buf text = {0};

	(void)state;
	repeat(&text, "ab", 4000);
	buf_add_byte(&text, 'c');
	for (unsigned i = 0; i < ENGINE_COUNT; i++) {
		assert_true(regex_finds(add(set, i, "^(?:a|b)+c$"), buf_slice(&text)));
		assert_false(regex_finds(add(set, i, "^(?:ab|b)+d$"), buf_slice(&text)));
	}
	assert_int_equal(regex_set_given_up(set), 0);
}

static void an_endless_search_is_ended_by_an_automaton(void **state)
{
	CLEANUP(regex_set_free) struct regex_set *set = regex_set_new();
	CLEANUP(buf_release) struct buf text = {0};
	static const char *const endless[] = {
		"^(?:a+)+$", "^(?:a|aa)+$", "(?:a*)*c", "^(a?){40}a{40}c"};

	(void)state;
	repeat(&text, "a", 20000);
	struct regex *re = add(set, 0, "^(?:a+)+$");
	assert_true(regex_finds(re, buf_slice(&text)));
	buf_add_byte(&text, 'b');
	assert_false(regex_finds(re, buf_slice(&text)));
	for (size_t k = 0; k < sizeof endless / sizeof *endless; k++)
		assert_false(regex_finds(add(set, 0, endless[k]), buf_slice(&text)));
	assert_int_equal(regex_set_given_up(set), 0);
}

static void what_no_automaton_decides_is_given_up_and_counted(void **state)
{
	CLEANUP(regex_set_free) struct regex_set *set = regex_set_new();
	CLEANUP(buf_release) struct buf text = {0};

	(void)state;
	repeat(&text, "a", 200);
	buf_add_byte(&text, 'b');
	for (unsigned i = 0; i < ENGINE_COUNT; i++) {
		assert_false(regex_finds(add(set, i, "^(?:(a+)\\1*)+$"), buf_slice(&text)));
		assert_int_equal(regex_set_given_up(set), i + 1);
	}
}

static void only_the_start_of_a_very_long_text_is_searched(void **state)
{
	CLEANUP(regex_set_free) struct regex_set *set = regex_set_new();
	CLEANUP(buf_release) struct buf text = {0};

	(void)state;
	repeat(&text, "x", REGEX_TEXT_MAX - 1);
	buf_add_text(&text, "ạend");
	for (unsigned i = 0; i < ENGINE_COUNT; i++) {
		assert_true(regex_finds(add(set, i, "x$"), buf_slice(&text)));
		assert_false(regex_finds(add(set, i, "end"), buf_slice(&text)));
	}
	assert_int_equal(regex_set_given_up(set), 0);
}

static void what_is_no_expression_is_refused_with_its_reason(void **state)
{
	CLEANUP(regex_set_free) struct regex_set *set = regex_set_new();
	CLEANUP(buf_release) struct buf longest = {0};

	(void)state;
	repeat(&longest, "a", REGEX_LEN_MAX);
	assert_non_null(regex_add(set, buf_slice(&longest), 0));
	buf_add_byte(&longest, 'a');
	assert_null(regex_add(set, buf_slice(&longest), 0));
	assert_string_equal(regex_said(set), "longer than 8192 bytes");
	assert_null(regex_add(set, SLICE("a(b"), 0));
	assert_non_null(strstr(regex_said(set), "at byte 3"));
	assert_null(regex_add(set, SLICE("a\\Cb"), 0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_repeated_group_goes_through_a_long_text),
		cmocka_unit_test(an_endless_search_is_ended_by_an_automaton),
		cmocka_unit_test(what_no_automaton_decides_is_given_up_and_counted),
		cmocka_unit_test(only_the_start_of_a_very_long_text_is_searched),
		cmocka_unit_test(what_is_no_expression_is_refused_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
