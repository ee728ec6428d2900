#include "console/cookie.h"
#include "tests/unit/test.h"

static void a_cookie_is_found_by_its_exact_name(void **state)
{
	static const struct {
		const char *header, *value;
	} rows[] = {
		{"haidang=abc", "abc"},
		{"a=1; haidang=abc; b=2", "abc"},
		{"a=1;haidang=abc", "abc"},
		{"haidang=a=b", "a=b"},
		{"haidang=", ""},
		{"Haidang=abc", ""},
		{"xhaidang=abc", ""},
		{"haidangx=abc", ""},
		{"haidang", ""},
		{"", ""},
		{";;;", ""},
		{"haidang=one; haidang=two", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(slice_is(
			cookie_find(slice_of(rows[i].header), SLICE("haidang")), rows[i].value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cookie_is_found_by_its_exact_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
