/* What people did, in a log that only grows. Each entry bears the SHA-256 of the one before it
 * and of itself, so that a changed, removed or inserted entry breaks the chain; a head written
 * down elsewhere also shows a log cut at its end.
 *
 *     db_begin(db, DB_WRITE);
 *     ... change something ...
 *     audit_append(db, &(struct audit_entry){.at_us = now, .actor = name, .action = SLICE("close")});
 *     db_end(db)                      (both or neither)
 */
#pragma once

#include "lib/db.h"
#include "lib/digest.h"

struct audit_entry {
	int64_t at_us;
	struct slice actor;    /* user name; "" before anybody logged in */
	struct slice address;  /* of the client; "" for the command line */
	struct slice action;   /* "acknowledge" */
	struct slice alert_id; /* "" when it is about no alert */
	struct slice detail;   /* a JSON object */
};

void audit_append(struct db *db, const struct audit_entry *entry);

struct audit_report {
	uint64_t count;
	char head[2 * SHA256_LEN + 1]; /* hash of the last entry, hex; zeros for an empty log */
};

/* Walks the whole chain. False with what is wrong; also when `head` (hex, may be empty) is the
 * hash of no entry. Within db_begin() and db_end(). */
bool audit_verify(struct db *db, struct slice head, struct audit_report *ret, struct err *err);
