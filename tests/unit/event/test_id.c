#include "event/id.h"
#include "tests/unit/test.h"

static void ids_have_a_fixed_width_and_read_back(void **state)
{
	static const struct {
		struct event_id id;
		const char *text;
	} rows[] = {
		{{1763856300000, 42}, "1763856300000-000042"},
		{{0, 0}, "0000000000000-000000"},
		{{9999999999999, 999999}, "9999999999999-999999"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[EVENT_ID_LEN + 1];
		struct event_id back;

		event_id_write(rows[i].id, text);
		assert_string_equal(text, rows[i].text);
		assert_true(event_id_read(slice_of(text), &back));
		assert_int_equal(event_id_compare(back, rows[i].id), 0);
	}
}

static void ids_of_redis_are_read_and_others_refused(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		struct event_id id;
	} rows[] = {
		{"1-2", true, {1, 2}},
		{"18446744073709551615-4294967295", true, {UINT64_MAX, UINT32_MAX}},
		{"1-4294967296", false, {0}},
		{"18446744073709551616-1", false, {0}},
		{"", false, {0}},
		{"1", false, {0}},
		{"-", false, {0}},
		{"1-", false, {0}},
		{"-1", false, {0}},
		{"1-2-3", false, {0}},
		{"1-+2", false, {0}},
		{" 1-2", false, {0}},
		{"1-2 ", false, {0}},
		{"a-b", false, {0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct event_id id = {0};

		assert_int_equal(event_id_read(slice_of(rows[i].text), &id), rows[i].ok);
		assert_int_equal(event_id_compare(id, rows[i].id), 0);
	}
}

static void the_next_id_is_always_greater(void **state)
{
	static const struct {
		struct event_id last;
		int64_t wall_us;
		struct event_id next;
	} rows[] = {
		{{0, 0}, 1763856300000999, {1763856300000, 0}},
		{{1763856300000, 7}, 1763856300000000, {1763856300000, 8}},
		{{1763856300000, 7}, 1763856300001000, {1763856300001, 0}},
		{{1763856300000, 7}, 1000, {1763856300000, 8}}, /* the clock stepped back */
		{{1763856300000, 999998}, 1000, {1763856300000, 999999}},
		{{1763856300000, 999999}, 1763856300000000, {1763856300001, 0}},
		{{1763856300000, UINT32_MAX}, 0, {1763856300001, 0}},
		{{5, 0}, -1, {5, 1}},
		{{5, 0}, INT64_MAX, {9999999999999, 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct event_id next = event_id_next(rows[i].last, rows[i].wall_us);

		assert_int_equal(event_id_compare(next, rows[i].next), 0);
		assert_int_equal(event_id_compare(rows[i].last, next), -1);
	}
}

static void ids_compare_as_numbers(void **state)
{
	(void)state;
	assert_int_equal(event_id_compare((struct event_id){1, 9}, (struct event_id){2, 0}), -1);
	assert_int_equal(event_id_compare((struct event_id){2, 0}, (struct event_id){1, 9}), 1);
	assert_int_equal(event_id_compare((struct event_id){1, 1}, (struct event_id){1, 2}), -1);
	assert_int_equal(event_id_compare((struct event_id){1, 2}, (struct event_id){1, 1}), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_have_a_fixed_width_and_read_back),
		cmocka_unit_test(ids_of_redis_are_read_and_others_refused),
		cmocka_unit_test(the_next_id_is_always_greater),
		cmocka_unit_test(ids_compare_as_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
