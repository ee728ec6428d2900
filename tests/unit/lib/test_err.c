#include "lib/err.h"
#include "tests/unit/test.h"

#include <string.h>

static void an_error_names_what_is_known_of_its_place(void **state)
{
	static const struct {
		const char *file;
		unsigned line;
		const char *text;
	} rows[] = {
		{"probe.yaml", 12, "probe.yaml:12: bad 7"},
		{"probe.yaml", 0, "probe.yaml: bad 7"},
		{NULL, 12, "line 12: bad 7"},
		{NULL, 0, "bad 7"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = {0};

		assert_false(err_is_set(&err));
		assert_false(err_set(&err, rows[i].file, rows[i].line, "bad %d", 7));
		assert_true(err_is_set(&err));
		assert_string_equal(err_text(&err), rows[i].text);
	}
}

static void the_first_error_stays(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, "a", 1, "first");
	assert_false(err_set(&err, "b", 2, "second"));
	assert_string_equal(err_text(&err), "a:1: first");
}

static void long_texts_are_cut(void **state)
{
	struct err err = {0};
	char longest[5000] = {0};

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	err_set(&err, longest, 4294967295, "%s", longest);
	assert_int_equal(strlen(err_text(&err)), ERR_FILE_MAX - 1 + 13 + ERR_SAID_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_names_what_is_known_of_its_place),
		cmocka_unit_test(the_first_error_stays),
		cmocka_unit_test(long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
