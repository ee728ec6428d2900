#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/request_target.h"
#include "tests/unit/test.h"

#include <string.h>

static const struct request_target_limits limits = {2048, 256};

static void targets_are_taken_apart(void **state)
{
	static const struct {
		const char *raw;
		bool good;
		const char *path, *value; /* of the parameter q */
	} rows[] = {
		{"/", true, "/", ""},
		{"/api/v1/alerts?q=a", true, "/api/v1/alerts", "a"},
		{"/x?q=s%C3%B4ng+tranh", true, "/x", "s\xc3\xb4ng tranh"},
		{"/x+y", true, "/x+y", ""},
		{"/x?a=1&&q=2", true, "/x", "2"},
		{"/x?q=1&q=2", true, "/x", "1"},
		{"/x?q", true, "/x", ""},
		{"/x?q==", true, "/x", "="},
		{"/%61", true, "/a", ""},
		{"/x?q=%2f%2F", true, "/x", "//"},
		{"", false, "", ""},
		{"x", false, "", ""},
		{"*", false, "", ""},
		{"http://x/", false, "", ""},
		{"/%", false, "", ""},
		{"/%4", false, "", ""},
		{"/%zz", false, "", ""},
		{"/%00", false, "", ""},
		{"/%ff", false, "", ""},
		{"/x?q=%00", false, "", ""},
		{"/x?q=%c3", false, "", ""},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct request_target target;

		assert_int_equal(request_target_read(a, slice_of(rows[i].raw), &limits, &target),
			rows[i].good);
		if (!rows[i].good)
			continue;
		assert_true(slice_is(target.path, rows[i].path));
		assert_true(slice_is(request_target_param(&target, "q"), rows[i].value));
	}
}

static struct slice repeated(struct buf *b, const char *start, const char *part, size_t count)
{
	buf_clear(b);
	buf_add_text(b, start);
	for (size_t i = 0; i < count; i++)
		buf_add_text(b, part);
	return buf_slice(b);
}

static void limits_hold_to_the_byte(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf b = {0};
	struct request_target target;

	(void)state;
	assert_true(
		request_target_read(a, repeated(&b, "/", "a", limits.len - 1), &limits, &target));
	assert_false(request_target_read(a, repeated(&b, "/", "a", limits.len), &limits, &target));
	assert_true(request_target_read(
		a, repeated(&b, "/?", "a&", REQUEST_PARAMS_MAX), &limits, &target));
	assert_false(request_target_read(
		a, repeated(&b, "/?", "a&", REQUEST_PARAMS_MAX + 1), &limits, &target));
	assert_true(request_target_read(
		a, repeated(&b, "/?q=", "a", limits.param_len), &limits, &target));
	assert_false(request_target_read(
		a, repeated(&b, "/?q=", "a", limits.param_len + 1), &limits, &target));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_taken_apart),
		cmocka_unit_test(limits_hold_to_the_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
