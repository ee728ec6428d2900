#include "crawler/timeline.h"
#include "tests/unit/test.h"

enum { ENTRIES = 500 };

static void the_oldest_comes_first_and_nothing_before_its_time(void **state)
{
	struct timeline t = {0};
	struct due due[ENTRIES] = {0};
	int64_t last = -1, next;
	(void)state;

	for (int i = 0; i < ENTRIES; i++)
		timeline_set(&t, &due[i], i * 7919 % 1009, 3);
	assert_null(timeline_take(&t, -1));
	for (int64_t now = 0; now < 1009; now++)
		for (struct due *d; (d = timeline_take(&t, now)) != NULL; last = d->at_ms) {
			assert_int_equal(d->at_ms, now);
			assert_true(d->at_ms >= last && !due_is_set(d));
		}
	assert_int_equal(timeline_count(&t), 0);
	assert_false(timeline_next(&t, &next));
	timeline_release(&t);
}

static void among_those_due_the_lowest_rank_comes_first(void **state)
{
	struct timeline t = {0};
	struct due early = {0}, late = {0}, later = {0};
	(void)state;

	timeline_set(&t, &early, 1, 4);
	timeline_set(&t, &late, 2, 1);
	timeline_set(&t, &later, 3, 1);
	assert_ptr_equal(timeline_take(&t, 10), &late);
	assert_ptr_equal(timeline_take(&t, 10), &later);
	assert_ptr_equal(timeline_take(&t, 10), &early);
	timeline_release(&t);
}

static void an_entry_may_be_moved_and_removed_in_either_heap(void **state)
{
	struct timeline t = {0};
	struct due due[ENTRIES] = {0};
	size_t taken = 0;
	(void)state;

	for (int i = 0; i < ENTRIES; i++)
		timeline_set(&t, &due[i], i, (unsigned)i % 5);
	assert_non_null(timeline_take(&t, ENTRIES / 2)); /* half of them are ready now */
	for (int i = 0; i < ENTRIES; i += 3)
		timeline_remove(&t, &due[i]);
	for (int i = 1; i < ENTRIES; i += 3)
		timeline_set(&t, &due[i], 10000 - i, 0);
	for (int i = 2; i < ENTRIES; i += 3)
		taken += due_is_set(&due[i]);
	for (struct due *d; (d = timeline_take(&t, ENTRIES)) != NULL; taken--)
		assert_int_equal((d - due) % 3, 2);
	assert_int_equal(taken, 0);
	for (int64_t last = 0; timeline_count(&t) > 0;) {
		const struct due *d = timeline_take(&t, last);

		if (d == NULL)
			assert_true(timeline_next(&t, &last));
		else
			assert_int_equal((d - due) % 3, 1);
	}
	timeline_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_comes_first_and_nothing_before_its_time),
		cmocka_unit_test(among_those_due_the_lowest_rank_comes_first),
		cmocka_unit_test(an_entry_may_be_moved_and_removed_in_either_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
