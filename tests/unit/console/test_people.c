#include "console/people.h"
#include "tests/unit/console/record_fixture.h"

static const struct session_times times = {INT64_C(30) * 60 * 1000, INT64_C(12) * 3600 * 1000};

static int64_t minutes(int64_t count)
{
	return count * 60 * 1000000;
}

static struct person add(struct db *db, const char *name)
{
	struct person person = {.role = ROLE_ANALYST, .visible = NETWORK_ONLY, .hash = "$hash"},
		      found;

	memcpy(person.name, name, strlen(name));
	db_begin(db, DB_WRITE);
	assert_true(person_add(db, &person, NOW_US));
	assert_true(person_find(db, slice_of(name), &found));
	assert_int_equal(db_end(db), 0);
	return found;
}

static void start(struct db *db, const struct person *person, int64_t at_us, char token[])
{
	db_begin(db, DB_WRITE);
	session_start(db, person->id, at_us, token);
	assert_int_equal(db_end(db), 0);
}

static bool holds(struct db *db, const char *token, int64_t at_us)
{
	struct session session;

	db_begin(db, DB_READ);
	bool found = session_find(db, slice_of(token), &times, at_us, &session);

	assert_int_equal(session_holds(db, session.token, &times, at_us), found);
	assert_int_equal(db_end(db), 0);
	return found;
}

static void names_are_few_letters_and_unique_in_any_case(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{"lan", true},
		{"tran.van-a_1", true},
		{"", false},
		{"lan nguyen", false},
		{"l\xc3\xa0n", false},
		{"a/b", false},
		{"0123456789012345678901234567890123456789012345678901234567890123", true},
		{"01234567890123456789012345678901234567890123456789012345678901234", false},
	};
	struct record_fixture *f = *state;
	struct person again = add(f->db, "lan");

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(person_name_is_valid(slice_of(rows[i].name)), rows[i].valid);
	memcpy(again.name, "LAN", 4);
	db_begin(f->db, DB_WRITE);
	assert_false(person_add(f->db, &again, NOW_US));
	assert_true(person_find(f->db, SLICE("Lan"), &again));
	assert_int_equal(db_end(f->db), 0);
	assert_string_equal(again.name, "lan");
}

static void a_session_ends_by_idleness_and_by_age(void **state)
{
	struct record_fixture *f = *state;
	struct person lan = add(f->db, "lan");
	char token[TOKEN_TEXT_LEN + 1];
	struct session session;

	start(f->db, &lan, NOW_US, token);
	assert_true(holds(f->db, token, NOW_US + minutes(29)));
	assert_false(holds(f->db, token, NOW_US + minutes(31)));
	for (int64_t at = 0; at < INT64_C(12) * 60; at += 20) {
		db_begin(f->db, DB_WRITE);
		assert_true(session_find(
			f->db, slice_of(token), &times, NOW_US + minutes(at), &session));
		session_touch(f->db, session.token, NOW_US + minutes(at));
		assert_int_equal(db_end(f->db), 0);
	}
	assert_false(holds(f->db, token, NOW_US + minutes(INT64_C(12) * 60 + 1)));
}

static void the_record_does_not_hold_the_token(void **state)
{
	struct record_fixture *f = *state;
	struct person lan = add(f->db, "lan");
	char token[TOKEN_TEXT_LEN + 1], other[TOKEN_TEXT_LEN + 1];

	start(f->db, &lan, NOW_US, token);
	start(f->db, &lan, NOW_US, other);
	assert_string_not_equal(token, other);
	db_begin(f->db, DB_READ);
	assert_int_equal(db_query_int(f->db,
				 "SELECT count(*) FROM session WHERE instr(hex(token), hex(?1))"
				 " OR instr(hex(token), upper(?1))",
				 DB_VALUES(db_text(slice_of(token))), -1),
		0);
	assert_int_equal(db_end(f->db), 0);
	token[5] = token[5] == 'a' ? 'b' : 'a';
	assert_false(holds(f->db, token, NOW_US));
	assert_false(holds(f->db, "", NOW_US));
	assert_true(holds(f->db, other, NOW_US));
}

static void a_new_password_or_a_disabled_account_ends_sessions(void **state)
{
	struct record_fixture *f = *state;
	struct person lan = add(f->db, "lan"), minh = add(f->db, "minh");
	char lans[TOKEN_TEXT_LEN + 1], minhs[TOKEN_TEXT_LEN + 1];

	start(f->db, &lan, NOW_US, lans);
	start(f->db, &minh, NOW_US, minhs);
	db_begin(f->db, DB_WRITE);
	person_set_password(f->db, lan.id, "$other", true);
	assert_int_equal(db_end(f->db), 0);
	assert_false(holds(f->db, lans, NOW_US));
	assert_true(holds(f->db, minhs, NOW_US));
	db_begin(f->db, DB_WRITE);
	person_disable(f->db, minh.id);
	assert_true(person_find(f->db, SLICE("minh"), &minh));
	assert_int_equal(db_end(f->db), 0);
	assert_true(minh.disabled);
	assert_false(holds(f->db, minhs, NOW_US));
}

static void the_oldest_session_gives_way(void **state)
{
	struct record_fixture *f = *state;
	struct person lan = add(f->db, "lan");
	char first[TOKEN_TEXT_LEN + 1], second[TOKEN_TEXT_LEN + 1], next[TOKEN_TEXT_LEN + 1];

	start(f->db, &lan, NOW_US, first);
	start(f->db, &lan, NOW_US + 1, second);
	for (int i = 2; i < SESSIONS_PER_USER_MAX; i++)
		start(f->db, &lan, NOW_US + i, next);
	assert_true(holds(f->db, first, NOW_US + minutes(1)));
	start(f->db, &lan, NOW_US + SESSIONS_PER_USER_MAX, next);
	assert_false(holds(f->db, first, NOW_US + minutes(1)));
	assert_true(holds(f->db, second, NOW_US + minutes(1)));
	assert_true(holds(f->db, next, NOW_US + minutes(1)));
}

static void passwords_are_judged(void **state)
{
	static const struct {
		const char *password, *fault;
	} rows[] = {
		{"matkhau-rat-dai", NULL},
		{"m\xe1\xba\xadt kh\xe1\xba\xa9u d\xc3\xa0i", NULL},
		{"ngan-qua-2026", "password_too_short"},
		{"aaaaaaaaaaaaaaaaaaaaaa", "password_too_simple"},
		{"toi-la-hoang-day-2026", "password_holds_name"},
		{"khong-phai-utf8-\xff\xff", "password_unusable"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *fault = password_fault(slice_of(rows[i].password), SLICE("hoang"));

		assert_string_equal(fault ? fault : "", rows[i].fault ? rows[i].fault : "");
	}
}

static void a_hash_fits_its_password_alone(void **state)
{
	char hash[PASSWORD_HASH_MAX], one_time[ONE_TIME_LEN + 1], other[ONE_TIME_LEN + 1];

	(void)state;
	password_one_time(one_time);
	password_one_time(other);
	assert_string_not_equal(one_time, other);
	assert_null(password_fault(slice_of(one_time), SLICE("lan")));
	password_hash(slice_of(one_time), hash);
	assert_true(password_verify(hash, slice_of(one_time)));
	assert_false(password_verify(hash, slice_of(other)));
	assert_false(password_verify(password_hash_of_nobody(), slice_of(one_time)));
}

#define ON_RECORD(test) cmocka_unit_test_setup_teardown(test, record_make, record_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_RECORD(names_are_few_letters_and_unique_in_any_case),
		ON_RECORD(a_session_ends_by_idleness_and_by_age),
		ON_RECORD(the_record_does_not_hold_the_token),
		ON_RECORD(a_new_password_or_a_disabled_account_ends_sessions),
		ON_RECORD(the_oldest_session_gives_way),
		cmocka_unit_test(passwords_are_judged),
		cmocka_unit_test(a_hash_fits_its_password_alone),
	};

	password_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
