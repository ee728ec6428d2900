#include "courier/journal.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct fixture {
	char folder[32], path[48];
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	memcpy(f->folder, "/tmp/hd-journal-XXXXXX", 23);
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/j", f->folder);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	static const char *const endings[] = {"", ".1", ".2", ".3"};

	for (size_t i = 0; i < 4; i++) {
		CLEANUP(mem_cleanup) char *path = mem_printf("%s%s", f->path, endings[i]);

		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->folder), 0);
	mem_free(f);
	return 0;
}

static struct journal *open_with(struct fixture *f, int64_t size_max)
{
	struct err err = {0};
	struct journal *j = journal_open(
		f->path, &(struct journal_options){.size_max = size_max, .files_max = 2}, &err);

	assert_non_null(j);
	return j;
}

static void append(struct journal *j, const char *key)
{
	CLEANUP(mem_cleanup) char *line = mem_printf("{\"key\":\"%s\"}", key);

	assert_int_equal(journal_append(j, key, slice_of(line)), 0);
}

static void holds(struct fixture *f, const char *ending, const char *want)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s%s", f->path, ending);
	CLEANUP(buf_release) struct buf text = {0};
	struct err err = {0};

	assert_true(file_read(path, 1 << 20, &text, &err));
	assert_string_equal(buf_text(&text), want);
}

static void a_torn_line_goes_and_the_keys_before_it_are_known(void **state)
{
	static const struct {
		const char *found, *kept;
		bool knows_b;
	} rows[] = {
		{"", "", false},
		{"{\"key\":\"a\"}\n{\"key\":\"b\"}\n", "{\"key\":\"a\"}\n{\"key\":\"b\"}\n", true},
		{"{\"key\":\"a\"}\n{\"key\":\"b\"}", "{\"key\":\"a\"}\n", false},
		{"{\"key\":\"b\"}\n{\"key\":\"", "{\"key\":\"b\"}\n", true},
		{"{\"ke", "", false},
		{"\n\n{", "\n\n", false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(file_write(f->path, slice_of(rows[i].found)), 0);
		struct journal *j = open_with(f, 0);

		assert_int_equal(journal_has(j, "b"), rows[i].knows_b);
		assert_false(journal_has(j, "c"));
		append(j, "c");
		assert_true(journal_has(j, "c"));
		journal_close(&j);
		CLEANUP(mem_cleanup) char *want = mem_printf("%s{\"key\":\"c\"}\n", rows[i].kept);

		holds(f, "", want);
	}
}

static void keys_are_known_beyond_a_rotation(void **state)
{
	struct fixture *f = *state;
	struct journal *j = open_with(f, 30);

	append(j, "a");
	append(j, "b");
	append(j, "c"); /* 12 bytes each: the third begins a new file */
	holds(f, ".1", "{\"key\":\"a\"}\n{\"key\":\"b\"}\n");
	holds(f, "", "{\"key\":\"c\"}\n");
	journal_close(&j);
	j = open_with(f, 30);
	assert_true(journal_has(j, "a") && journal_has(j, "c"));
	journal_close(&j);
}

static void only_so_many_old_files_are_kept(void **state)
{
	struct fixture *f = *state;
	struct journal *j = open_with(f, 12);

	for (int i = 0; i < 5; i++) {
		char key[2] = {(char)('a' + i), '\0'};

		append(j, key);
	}
	journal_close(&j);
	holds(f, "", "{\"key\":\"e\"}\n");
	holds(f, ".2", "{\"key\":\"c\"}\n");
	CLEANUP(mem_cleanup) char *third = mem_printf("%s.3", f->path);

	assert_int_not_equal(access(third, F_OK), 0);
}

static void the_last_keys_of_a_long_file_are_known(void **state)
{
	struct fixture *f = *state;
	struct journal *j = open_with(f, 0);
	char key[16];

	for (int i = 0; i < 3 * JOURNAL_KEYS; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		append(j, key);
	}
	journal_close(&j);
	j = open_with(f, 0);
	(void)snprintf(key, sizeof(key), "%d", 2 * JOURNAL_KEYS);
	assert_true(journal_has(j, key));
	(void)snprintf(key, sizeof(key), "%d", 2 * JOURNAL_KEYS - 1);
	assert_false(journal_has(j, key));
	journal_close(&j);
}

static void a_second_writer_is_refused_and_one_beside_is_not(void **state)
{
	struct fixture *f = *state;
	struct journal *j = open_with(f, 0);
	struct err err = {0};

	append(j, "a");
	assert_null(journal_open(f->path, &(struct journal_options){.files_max = 1}, &err));
	struct journal *beside = journal_open(
		f->path, &(struct journal_options){.files_max = 1, .beside = true}, &err);

	assert_non_null(beside);
	append(beside, "b");
	append(j, "c");
	holds(f, "", "{\"key\":\"a\"}\n{\"key\":\"b\"}\n{\"key\":\"c\"}\n");
	journal_close(&beside);
	journal_close(&j);
}

static void a_rotation_that_cannot_open_a_new_file_ends_with_the_next_append(void **state)
{
	struct fixture *f = *state;
	struct journal *j = open_with(f, 0);
	struct rlimit whole;

	append(j, "a");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &whole), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_max = whole.rlim_max}), 0);
	int failed = journal_rotate(j);

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &whole), 0);
	assert_int_equal(failed, -EMFILE);
	holds(f, ".1", "{\"key\":\"a\"}\n");
	append(j, "b");
	holds(f, "", "{\"key\":\"b\"}\n");
	assert_true(journal_has(j, "a"));
	journal_close(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_torn_line_goes_and_the_keys_before_it_are_known, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_are_known_beyond_a_rotation, setup, teardown),
		cmocka_unit_test_setup_teardown(only_so_many_old_files_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_last_keys_of_a_long_file_are_known, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_second_writer_is_refused_and_one_beside_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_rotation_that_cannot_open_a_new_file_ends_with_the_next_append, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
