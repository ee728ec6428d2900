#include "lib/cursor.h"
#include "tests/unit/test.h"

static void numbers_are_read_in_network_order(void **state)
{
	const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 0xff};
	struct cursor c = cursor_over(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_be16(&c), 0x0203);
	assert_int_equal(cursor_left(&c), 4);
	assert_int_equal(cursor_be32(&c), 0x040506ff);
	assert_true(cursor_ok(&c));
	assert_int_equal(cursor_left(&c), 0);
}

static void a_short_read_sticks(void **state)
{
	const uint8_t bytes[] = {1, 2, 3};
	struct cursor c = cursor_over(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(cursor_be32(&c), 0);
	assert_false(cursor_ok(&c));
	assert_int_equal(cursor_left(&c), 0);
	assert_int_equal(cursor_u8(&c), 0);
	assert_null(cursor_bytes(&c, 0));
}

static void a_view_lies_inside_the_buffer(void **state)
{
	const uint8_t bytes[] = {1, 2, 3};
	struct cursor c = cursor_over(bytes, sizeof(bytes));

	(void)state;
	assert_ptr_equal(cursor_bytes(&c, 2), bytes);
	assert_ptr_equal(cursor_bytes(&c, 1), bytes + 2);
	assert_ptr_equal(cursor_bytes(&c, 0), bytes + 3);
	assert_true(cursor_ok(&c));
	assert_null(cursor_bytes(&c, SIZE_MAX));
	assert_false(cursor_ok(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_in_network_order),
		cmocka_unit_test(a_short_read_sticks),
		cmocka_unit_test(a_view_lies_inside_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
