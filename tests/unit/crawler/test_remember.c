#include "crawler/remember.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

static const int64_t TTL_MS = INT64_C(3600000);

static void of_two_values_waiting_the_newer_wins(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct clock_manual clock;
	struct slice got;
	(void)state;

	clock_manual_init(&clock, 1000000);
	struct remember *m = remember_new(NULL, "", &clock.clock);
	remember_later(m, SLICE("text:a"), SLICE("older"), TTL_MS);
	remember_later(m, SLICE("text:b"), SLICE("other"), TTL_MS);
	remember_later(m, SLICE("text:a"), SLICE("newer"), TTL_MS);
	assert_true(remember_has_later(m));
	remember_commit(m);
	assert_false(remember_has_later(m));
	assert_true(remember_get(m, a, SLICE("text:a"), &got) && slice_is(got, "newer"));
	assert_true(remember_get(m, a, SLICE("text:b"), &got) && slice_is(got, "other"));
	clock_manual_advance(&clock, TTL_MS + 1);
	assert_false(remember_get(m, a, SLICE("text:a"), &got));
	remember_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_values_waiting_the_newer_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
