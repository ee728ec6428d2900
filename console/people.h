/* The people who may use the console, and their sessions. No default account exists.
 *
 * A session's token is 256 random bits that only the browser holds; the record keeps its hash.
 * The token against forged requests is made from it, so it needs no place either.
 *
 * All functions on `db` stand between db_begin() and db_end(). */
#pragma once

#include "console/limits.h"
#include "console/password.h"
#include "lib/db.h"
#include "lib/digest.h"

enum role { ROLE_VIEWER, ROLE_ANALYST, ROLE_LEAD, ROLE_ADMIN, ROLE_AUDITOR, ROLE_COUNT };

/* What a role may do. */
enum { MAY_READ = 1, MAY_ACT = 2, MAY_AUDIT = 4 };

const char *role_name(enum role role);
bool role_read(struct slice name, enum role *ret);
unsigned role_permissions(enum role role);

struct person {
	int64_t id;
	char name[NAME_LEN_MAX + 1];
	enum role role;
	unsigned visible; /* domains, as alerts_visible() gives them */
	bool must_change; /* the password, before anything else */
	bool disabled;
	char hash[PASSWORD_HASH_MAX]; /* of the password */
};

/* 1 to NAME_LEN_MAX ASCII letters, digits, '.', '-', '_'. */
bool person_name_is_valid(struct slice name);

/* False when there is none of the name; case does not matter. */
bool person_find(struct db *db, struct slice name, struct person *ret);

/* False when the name is taken. */
bool person_add(struct db *db, const struct person *person, int64_t now_us);

/* Sets password hash and must_change, and ends the person's sessions. */
void person_set_password(struct db *db, int64_t id, const char *hash, bool must_change);
void person_disable(struct db *db, int64_t id); /* and ends their sessions */

struct session_times {
	int64_t idle_ms, absolute_ms;
};

enum { TOKEN_TEXT_LEN = 2 * SECRET_LEN };

struct session {
	struct person person;
	uint8_t token[SHA256_LEN]; /* the hash */
	char csrf[2 * SHA256_LEN + 1];
	int64_t seen_us;
};

/* A new session; its token goes to the browser alone. */
void session_start(
	struct db *db, int64_t person_id, int64_t now_us, char ret_token[TOKEN_TEXT_LEN + 1]);

/* The session a browser's token stands for; false when there is none, it expired or the person
 * was disabled. */
bool session_find(struct db *db, struct slice token, const struct session_times *times,
	int64_t now_us, struct session *ret);

/* Whether the session `hash` still holds. */
bool session_holds(struct db *db, const uint8_t hash[SHA256_LEN], const struct session_times *times,
	int64_t now_us);

void session_touch(struct db *db, const uint8_t hash[SHA256_LEN], int64_t now_us);
void session_end(struct db *db, const uint8_t hash[SHA256_LEN]);
void sessions_expire(struct db *db, const struct session_times *times, int64_t now_us);

/* The token that a state-changing request of this session must bear. */
void session_csrf(struct slice token, char ret[2 * SHA256_LEN + 1]);
