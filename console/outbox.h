/* What analysts did, on its way to the courier: written in the transaction of the act itself, and
 * taken out when Redis has it in the stream of changes. A row's id is that of its stream entry, so
 * that one sent twice stands there once, whoever is killed when. */
#pragma once

#include "lib/db.h"
#include "lib/redis.h"

/* The alert as it now stands, with its standing. Between db_begin() and db_end(). */
struct outbox_change {
	struct slice alert_id, reason;
	int64_t now_us;
};
void outbox_put(struct db *db, const struct outbox_change *change);

/* Sends the oldest. The number sent, or -errno when Redis or the record failed; nothing is lost. */
int outbox_send(struct db *db, struct redis *r) __attribute__((warn_unused_result));
