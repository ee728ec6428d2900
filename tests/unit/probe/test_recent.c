#include "probe/recent.h"
#include "tests/unit/test.h"

static void the_same_is_silent_for_a_while(void **state)
{
	struct recent *r = recent_new(100);

	(void)state;
	assert_true(recent_add(r, 42, 1000));
	assert_false(recent_add(r, 42, 1000));
	assert_false(recent_add(r, 42, 1099));
	assert_true(recent_add(r, 42, 1100));
	assert_true(recent_add(r, 43, 1100));
	recent_free(&r);
}

static void the_newer_of_two_on_one_place_stays(void **state)
{
	const uint64_t first = 7, second = first + (UINT64_C(1) << 40);
	struct recent *r = recent_new(100);

	(void)state;
	assert_true(recent_add(r, first, 0));
	assert_true(recent_add(r, second, 0));
	assert_false(recent_add(r, second, 1));
	assert_true(recent_add(r, first, 1));
	recent_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_silent_for_a_while),
		cmocka_unit_test(the_newer_of_two_on_one_place_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
