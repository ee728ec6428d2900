#include "console/audit.h"
#include "tests/unit/console/record_fixture.h"

#include <errno.h>

static void append(struct db *db, int64_t at_us, const char *actor, const char *action)
{
	db_begin(db, DB_WRITE);
	audit_append(db,
		&(struct audit_entry){.at_us = at_us,
			.actor = slice_of(actor),
			.address = SLICE("127.0.0.1"),
			.action = slice_of(action),
			.detail = SLICE("{}")});
	assert_int_equal(db_end(db), 0);
}

static bool verify(struct db *db, const char *head, struct audit_report *ret, struct err *err)
{
	db_begin(db, DB_READ);
	bool whole = audit_verify(db, slice_of(head), ret, err);

	assert_int_equal(db_end(db), 0);
	return whole;
}

/* As somebody would who can write the file. */
static void tamper(struct db *db, const char *sql)
{
	db_begin(db, DB_WRITE);
	db_run(db, "DROP TRIGGER audit_is_not_changed", DB_NOTHING);
	db_run(db, "DROP TRIGGER audit_is_not_cut", DB_NOTHING);
	assert_int_equal(db_run(db, sql, DB_NOTHING), 1);
	assert_int_equal(db_end(db), 0);
}

static void three(struct db *db)
{
	append(db, 1, "lan", "login");
	append(db, 2, "lan", "close");
	append(db, 3, "lan", "logout");
}

static void a_whole_chain_verifies_and_its_head_moves(void **state)
{
	struct record_fixture *f = *state;
	struct audit_report empty, one, three_entries;
	struct err err = {0};

	assert_true(verify(f->db, "", &empty, &err));
	assert_int_equal(empty.count, 0);
	append(f->db, 1, "lan", "login");
	assert_true(verify(f->db, "", &one, &err));
	append(f->db, 2, "lan", "close");
	append(f->db, 3, "lan", "logout");
	assert_true(verify(f->db, one.head, &three_entries, &err));
	assert_int_equal(three_entries.count, 3);
	assert_string_not_equal(one.head, three_entries.head);
}

static void the_log_refuses_to_be_changed(void **state)
{
	struct record_fixture *f = *state;

	three(f->db);
	db_begin(f->db, DB_WRITE);
	db_run(f->db, "UPDATE audit SET actor = 'minh'", DB_NOTHING);
	assert_int_equal(db_end(f->db), -EEXIST);
	assert_non_null(strstr(db_said(f->db), "only grows"));
	db_begin(f->db, DB_WRITE);
	db_run(f->db, "DELETE FROM audit", DB_NOTHING);
	assert_int_equal(db_end(f->db), -EEXIST);
}

static void every_kind_of_tampering_is_found(void **state)
{
	static const struct {
		const char *sql, *said;
	} rows[] = {
		{"UPDATE audit SET actor = 'minh' WHERE seq = 2", "entry 2 was changed"},
		{"UPDATE audit SET at_us = 9 WHERE seq = 1", "entry 1 was changed"},
		{"UPDATE audit SET address = action, action = address WHERE seq = 3",
			"entry 3 was changed"},
		{"UPDATE audit SET address = '10.0.0.9' WHERE seq = 2", "entry 2 was changed"},
		{"UPDATE audit SET action = 'open' WHERE seq = 2", "entry 2 was changed"},
		{"UPDATE audit SET alert_id = 'al' WHERE seq = 2", "entry 2 was changed"},
		{"UPDATE audit SET detail = '{ }' WHERE seq = 2", "entry 2 was changed"},
		{"UPDATE audit SET hash = zeroblob(32) WHERE seq = 2", "entry 2 was changed"},
		{"UPDATE audit SET hash = x'00' WHERE seq = 3", "entry 3 was changed"},
		{"DELETE FROM audit WHERE seq = 1", "entry 1 is missing"},
		{"DELETE FROM audit WHERE seq = 2", "entry 2 is missing"},
		{"INSERT INTO audit VALUES (4, 4, 'lan', '', 'login', '', '{}', zeroblob(32))",
			"entry 4 was changed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		void *fixture;
		struct audit_report report;
		struct err err = {0};

		record_make(&fixture);
		struct record_fixture *f = fixture;

		three(f->db);
		tamper(f->db, rows[i].sql);
		assert_false(verify(f->db, "", &report, &err));
		assert_non_null(strstr(err_text(&err), rows[i].said));
		record_remove(&fixture);
	}
}

static void a_log_cut_at_its_end_shows_by_a_head_kept_elsewhere(void **state)
{
	struct record_fixture *f = *state;
	struct audit_report whole, cut;
	struct err err = {0};

	three(f->db);
	assert_true(verify(f->db, "", &whole, &err));
	tamper(f->db, "DELETE FROM audit WHERE seq = 3");
	assert_true(verify(f->db, "", &cut, &err));
	assert_int_equal(cut.count, 2);
	assert_false(verify(f->db, whole.head, &cut, &err));
	assert_non_null(strstr(err_text(&err), "the log was cut"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_whole_chain_verifies_and_its_head_moves, record_make, record_remove),
		cmocka_unit_test_setup_teardown(
			the_log_refuses_to_be_changed, record_make, record_remove),
		cmocka_unit_test(every_kind_of_tampering_is_found),
		cmocka_unit_test_setup_teardown(a_log_cut_at_its_end_shows_by_a_head_kept_elsewhere,
			record_make, record_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
