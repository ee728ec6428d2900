#include "probe/pool.h"
#include "tests/unit/test.h"

#include <stdint.h>
#include <string.h>

static void objects_are_apart_and_come_again(void **state)
{
	struct pool *p = pool_new(24, 3);
	void *at[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		at[i] = pool_take(p);
		assert_non_null(at[i]);
		assert_int_equal((uintptr_t)at[i] % sizeof(void *), 0);
		memset(at[i], i, 24);
	}
	assert_null(pool_take(p));
	assert_int_equal(((unsigned char *)at[1])[23], 1);
	pool_give(p, at[1]);
	pool_give(p, at[0]);
	assert_int_equal(pool_taken(p), 1);
	assert_ptr_equal(pool_take(p), at[0]);
	assert_ptr_equal(pool_take(p), at[1]);
	assert_null(pool_take(p));
	pool_free(&p);
	assert_null(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(objects_are_apart_and_come_again)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
