#include "console/people.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned permissions;
} roles[ROLE_COUNT] = {
	[ROLE_VIEWER] = {"viewer", MAY_READ},
	[ROLE_ANALYST] = {"analyst", MAY_READ | MAY_ACT},
	[ROLE_LEAD] = {"lead", MAY_READ | MAY_ACT},
	[ROLE_ADMIN] = {"admin", MAY_READ | MAY_ACT},
	[ROLE_AUDITOR] = {"auditor", MAY_READ | MAY_AUDIT},
};

const char *role_name(enum role role)
{
	return roles[role].name;
}

bool role_read(struct slice name, enum role *ret)
{
	for (enum role role = ROLE_VIEWER; role < ROLE_COUNT; role++)
		if (slice_is(name, roles[role].name)) {
			*ret = role;
			return true;
		}
	return false;
}

unsigned role_permissions(enum role role)
{
	return roles[role].permissions;
}

bool person_name_is_valid(struct slice name)
{
	if (name.len < 1 || name.len > NAME_LEN_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '.' || c == '-' || c == '_'))
			return false;
	}
	return true;
}

static void copy_text(char *ret, size_t room, struct slice text)
{
	must(text.len < room);
	memcpy(ret, text.at, text.len);
	ret[text.len] = '\0';
}

#define PERSON "u.id, u.name, u.role, u.domains, u.must_change, u.disabled, u.password"

static void read_person(struct query *q, struct person *ret)
{
	*ret = (struct person){.id = query_int(q, 0),
		.role = (enum role)query_int(q, 2),
		.visible = (unsigned)query_int(q, 3),
		.must_change = query_int(q, 4) != 0,
		.disabled = query_int(q, 5) != 0};
	copy_text(ret->name, sizeof ret->name, query_bytes(q, 1));
	copy_text(ret->hash, sizeof ret->hash, query_bytes(q, 6));
}

bool person_find(struct db *db, struct slice name, struct person *ret)
{
	CLEANUP(query_end)
	struct query *q = db_query(
		db, "SELECT " PERSON " FROM user u WHERE u.name = ?1", DB_VALUES(db_text(name)));

	if (!query_next(q))
		return false;
	read_person(q, ret);
	return true;
}

bool person_add(struct db *db, const struct person *person, int64_t now_us)
{
	return db_run(db,
		       "INSERT INTO user (name, role, domains, password, must_change, disabled,"
		       " created_us) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6) ON CONFLICT DO NOTHING",
		       DB_VALUES(db_text(slice_of(person->name)), db_int(person->role),
			       db_int(person->visible), db_text(slice_of(person->hash)),
			       db_int(person->must_change), db_int(now_us))) == 1;
}

static void end_sessions(struct db *db, int64_t id)
{
	db_run(db, "DELETE FROM session WHERE user = ?1", DB_VALUES(db_int(id)));
}

void person_set_password(struct db *db, int64_t id, const char *hash, bool must_change)
{
	db_run(db, "UPDATE user SET password = ?2, must_change = ?3 WHERE id = ?1",
		DB_VALUES(db_int(id), db_text(slice_of(hash)), db_int(must_change)));
	end_sessions(db, id);
}

void person_disable(struct db *db, int64_t id)
{
	db_run(db, "UPDATE user SET disabled = 1 WHERE id = ?1", DB_VALUES(db_int(id)));
	end_sessions(db, id);
}

void session_csrf(struct slice token, char ret[2 * SHA256_LEN + 1])
{
	uint8_t mac[SHA256_LEN];

	digest_hmac_sha256(token, SLICE("haidang console csrf"), mac);
	digest_hex(mac, sizeof mac, ret);
}

void session_start(
	struct db *db, int64_t person_id, int64_t now_us, char ret_token[TOKEN_TEXT_LEN + 1])
{
	uint8_t secret[SECRET_LEN], hash[SHA256_LEN];

	secret_random(secret, sizeof secret);
	digest_hex(secret, sizeof secret, ret_token);
	secret_wipe(secret, sizeof secret);
	digest_sha256(slice_over(ret_token, TOKEN_TEXT_LEN), hash);

	db_run(db,
		"DELETE FROM session WHERE user = ?1 AND token NOT IN (SELECT token FROM session"
		" WHERE user = ?1 ORDER BY created_us DESC LIMIT ?2)",
		DB_VALUES(db_int(person_id), db_int(SESSIONS_PER_USER_MAX - 1)));
	db_run(db, "INSERT INTO session VALUES (?1, ?2, ?3, ?3)",
		DB_VALUES(db_bytes(hash, sizeof hash), db_int(person_id), db_int(now_us)));
}

#define LIVE "s.seen_us > ?2 AND s.created_us > ?3 AND NOT u.disabled"

bool session_find(struct db *db, struct slice token, const struct session_times *times,
	int64_t now_us, struct session *ret)
{
	if (token.len != TOKEN_TEXT_LEN)
		return false;
	*ret = (struct session){0};
	digest_sha256(token, ret->token);

	CLEANUP(query_end)
	struct query *q = db_query(db,
		"SELECT " PERSON ", s.seen_us FROM session s JOIN user u ON u.id = s.user"
		" WHERE s.token = ?1 AND " LIVE,
		DB_VALUES(db_bytes(ret->token, SHA256_LEN), db_int(now_us - times->idle_ms * 1000),
			db_int(now_us - times->absolute_ms * 1000)));

	if (!query_next(q))
		return false;
	read_person(q, &ret->person);
	ret->seen_us = query_int(q, 7);
	session_csrf(token, ret->csrf);
	return true;
}

bool session_holds(struct db *db, const uint8_t hash[SHA256_LEN], const struct session_times *times,
	int64_t now_us)
{
	return db_query_int(db,
		       "SELECT 1 FROM session s JOIN user u ON u.id = s.user WHERE s.token = ?1 AND " LIVE,
		       DB_VALUES(db_bytes(hash, SHA256_LEN), db_int(now_us - times->idle_ms * 1000),
			       db_int(now_us - times->absolute_ms * 1000)),
		       0) == 1;
}

void session_touch(struct db *db, const uint8_t hash[SHA256_LEN], int64_t now_us)
{
	db_run(db, "UPDATE session SET seen_us = ?2 WHERE token = ?1",
		DB_VALUES(db_bytes(hash, SHA256_LEN), db_int(now_us)));
}

void session_end(struct db *db, const uint8_t hash[SHA256_LEN])
{
	db_run(db, "DELETE FROM session WHERE token = ?1", DB_VALUES(db_bytes(hash, SHA256_LEN)));
}

void sessions_expire(struct db *db, const struct session_times *times, int64_t now_us)
{
	db_run(db, "DELETE FROM session WHERE seen_us <= ?1 OR created_us <= ?2",
		DB_VALUES(db_int(now_us - times->idle_ms * 1000),
			db_int(now_us - times->absolute_ms * 1000)));
}
