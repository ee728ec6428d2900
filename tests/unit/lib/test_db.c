#include "lib/db.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const steps[] = {
	"CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)", "CREATE TABLE u (n INTEGER)"};

struct fixture {
	char folder[32], path[64];
	struct db *db;
};

static int fixture_make(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);
	struct err err = {0};

	memcpy(f->folder, "/tmp/hd-db-XXXXXX", 18);
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
	f->db = db_open(f->path, steps, 2, &err);
	assert_non_null(f->db);
	*state = f;
	return 0;
}

static int fixture_remove(void **state)
{
	struct fixture *f = *state;

	db_close(&f->db);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(rmdir(f->folder), 0);
	mem_free(f);
	return 0;
}

static int64_t rows(struct db *db)
{
	db_begin(db, DB_READ);
	int64_t count = db_query_int(db, "SELECT count(*) FROM t", DB_NOTHING, -1);

	assert_int_equal(db_end(db), 0);
	return count;
}

static void a_failure_sticks_and_rolls_everything_back(void **state)
{
	struct err err = {0};
	struct db *db = db_open("", steps, 2, &err);

	(void)state;
	db_begin(db, DB_WRITE);
	assert_int_equal(db_run(db, "INSERT INTO t VALUES (1, 'a')", DB_NOTHING), 1);
	assert_int_equal(db_run(db, "INSERT INTO t VALUES (1, 'b')", DB_NOTHING), 0);
	assert_int_equal(db_run(db, "INSERT INTO t VALUES (2, 'c')", DB_NOTHING), 0);
	assert_int_equal(db_query_int(db, "SELECT 5", DB_NOTHING, -1), -1);
	assert_int_equal(db_end(db), -EEXIST);
	assert_non_null(strstr(db_said(db), "UNIQUE"));
	assert_int_equal(rows(db), 0);

	db_begin(db, DB_WRITE);
	db_run(db, "INSERT INTO t VALUES (1, ?1)", DB_VALUES(db_text(SLICE(""))));
	assert_int_equal(db_end(db), 0);
	assert_int_equal(rows(db), 1);
	db_close(&db);
}

static void a_full_disk_is_told_and_survived(void **state)
{
	struct fixture *f = *state;

	db_begin(f->db, DB_WRITE);
	int64_t pages = db_query_int(f->db, "PRAGMA max_page_count = 1", DB_NOTHING, 0);

	for (unsigned i = 0; i < 200; i++)
		db_run(f->db, "INSERT INTO t (text) VALUES (hex(zeroblob(500)))", DB_NOTHING);
	assert_true(pages > 1);
	assert_int_equal(db_end(f->db), -ENOSPC);

	db_begin(f->db, DB_WRITE);
	(void)db_query_int(f->db, "PRAGMA max_page_count = 100000", DB_NOTHING, 0);
	assert_int_equal(db_query_int(f->db, "SELECT count(*) FROM t", DB_NOTHING, -1), 0);
	assert_int_equal(db_end(f->db), 0);
}

static void steps_are_taken_once_and_a_newer_file_is_refused(void **state)
{
	struct fixture *f = *state;
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/other.db", f->folder);
	struct err err = {0};
	struct db *db = db_open(path, steps, 1, &err);

	db_close(&db);
	db = db_open(path, steps, 2, &err);
	assert_non_null(db);
	db_close(&db);
	db = db_open(path, steps, 2, &err);
	assert_non_null(db);
	db_close(&db);
	assert_null(db_open(path, steps, 1, &err));
	assert_non_null(strstr(err_text(&err), "made by a newer program: version 2"));
	assert_int_equal(unlink(path), 0);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	struct fixture *f = *state;
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/junk.db", f->folder);
	struct err err = {0};
	FILE *file = fopen(path, "we");

	for (int i = 0; i < 2000; i++)
		assert_true(fputs("this is no database ", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_null(db_open(path, steps, 2, &err));
	assert_non_null(strstr(err_text(&err), "not a database"));
	assert_int_equal(unlink(path), 0);

	struct err gone = {0};

	assert_null(db_open("/nonexistent/folder/x.db", steps, 2, &gone));
	assert_true(err_is_set(&gone));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_sticks_and_rolls_everything_back),
		cmocka_unit_test_setup_teardown(
			a_full_disk_is_told_and_survived, fixture_make, fixture_remove),
		cmocka_unit_test_setup_teardown(steps_are_taken_once_and_a_newer_file_is_refused,
			fixture_make, fixture_remove),
		cmocka_unit_test_setup_teardown(
			a_file_that_is_no_database_is_refused, fixture_make, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
