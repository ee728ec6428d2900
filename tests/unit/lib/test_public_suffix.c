#include "lib/public_suffix.h"
#include "tests/unit/test.h"

#include <string.h>

static void the_registrable_domain_is_the_end_of_the_host(void **state)
{
	static const char *const rows[][2] = {
		{"a.b.danang.gov.vn", "danang.gov.vn"},
		{"DANANG.GOV.VN.", "DANANG.GOV.VN"},
		{"news.example.com", "example.com"},
		{"example.com", "example.com"},
		{"x.vercel.app", "x.vercel.app"},
		{"gov.vn", ""},
		{"localhost", ""},
		{"10.0.0.1", ""},
		{"[::1]", ""},
		{"", ""},
		{".", ""},
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice got = public_suffix_domain(slice_of(rows[i][0]));

		if (!slice_is(got, rows[i][1]))
			fail_msg("%s: got \"%.*s\"", rows[i][0], SLICE_ARG(got));
	}
}

static void names_over_253_bytes_have_none(void **state)
{
	char host[300];
	(void)state;

	memset(host, 'a', sizeof host);
	memcpy(host + 290, ".com", sizeof ".com");
	assert_int_equal(public_suffix_domain(slice_over(host, 294)).len, 0);
}

static void a_nul_byte_hides_nothing(void **state)
{
	(void)state;

	assert_int_equal(public_suffix_domain(SLICE("evil.com\0.gov.vn")).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_registrable_domain_is_the_end_of_the_host),
		cmocka_unit_test(names_over_253_bytes_have_none),
		cmocka_unit_test(a_nul_byte_hides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
