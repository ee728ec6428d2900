#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int folder_make(void **state)
{
	*state = mem_text("/tmp/haidang-file-XXXXXX");
	return mkdtemp(*state) == NULL;
}

static int folder_remove(void **state)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/f", (char *)*state);

	(void)unlink(path);
	int status = rmdir(*state); /* fails when a test left something behind */

	mem_free(*state);
	return status;
}

static void a_file_is_read_back_whole(void **state)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/f", (char *)*state);
	CLEANUP(buf_release) struct buf wanted = {0}, got = {0};
	struct err err = {0};

	for (int i = 0; i < 30000; i++)
		buf_printf(&wanted, "%d\n", i);
	assert_int_equal(file_write(path, buf_slice(&wanted)), 0);
	assert_int_equal(file_write(path, buf_slice(&wanted)), 0);
	buf_add_text(&got, "before ");
	assert_true(file_read(path, wanted.len, &got, &err));
	assert_int_equal(got.len, wanted.len + 7);
	assert_memory_equal(got.at, "before ", 7);
	assert_memory_equal(got.at + 7, wanted.at, wanted.len);
}

static void a_file_over_the_limit_is_refused(void **state)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/f", (char *)*state);
	CLEANUP(buf_release) struct buf got = {0};
	struct err err = {0};

	assert_int_equal(file_write(path, SLICE("12345")), 0);
	assert_true(file_read(path, 5, &got, &err));
	assert_false(file_read(path, 4, &got, &err));
	assert_non_null(strstr(err_text(&err), "/f: is longer than 4 bytes"));
}

static void an_endless_file_is_refused(void **state)
{
	CLEANUP(buf_release) struct buf got = {0};
	struct err err = {0};

	(void)state;
	assert_false(file_read("/dev/zero", 1000, &got, &err));
	assert_true(got.len < 1 << 20);
}

static void what_cannot_be_read_is_named_with_the_reason(void **state)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/none", (char *)*state);
	CLEANUP(mem_cleanup)
	char *missing = mem_printf("%s: cannot be opened: No such file or directory", path);
	CLEANUP(mem_cleanup)
	char *folder = mem_printf("%s: cannot be read: Is a directory", (char *)*state);
	CLEANUP(buf_release) struct buf got = {0};
	struct err err = {0}, other = {0};

	assert_false(file_read(path, 10, &got, &err));
	assert_string_equal(err_text(&err), missing);
	assert_false(file_read(*state, 10, &got, &other));
	assert_string_equal(err_text(&other), folder);
}

static void a_failed_write_leaves_nothing_behind(void **state)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/none/f", (char *)*state);

	assert_int_equal(file_write(path, SLICE("x")), -ENOENT);
	/* A folder in the way: the rename fails after the writing. */
	assert_int_equal(file_write(*state, SLICE("x")), -EISDIR);
	CLEANUP(mem_cleanup) char *beside = mem_printf("%s.new", (char *)*state);

	assert_int_equal(access(beside, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_file_is_read_back_whole, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			a_file_over_the_limit_is_refused, folder_make, folder_remove),
		cmocka_unit_test(an_endless_file_is_refused),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_read_is_named_with_the_reason, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			a_failed_write_leaves_nothing_behind, folder_make, folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
