/* Checks and makes password hashes on a thread of its own, one after the other, so that neither
 * an honest log-in nor a flood of wrong ones holds up the requests of others. The number waiting
 * is bounded.
 *
 *     struct hasher *h = hasher_new();
 *     ... watch hasher_fd(h), readable when something is done ...
 *     if (!hasher_check(h, &job))
 *             ...                       (too many wait: 503)
 *     hasher_done(h, each, ctx);        (on the thread that asked)
 */
#pragma once

#include "console/limits.h"
#include "console/password.h"

struct hasher;

/* Filled by the asker; given back, with the results, in the order of asking. */
struct hash_job {
	char stored[PASSWORD_HASH_MAX];      /* checked against `password` */
	char password[PASSWORD_LEN_MAX + 1]; /* wiped once checked */
	size_t password_len;
	char fresh[PASSWORD_LEN_MAX + 1]; /* hashed when the check succeeds and it is not empty */
	size_t fresh_len;
	void *ctx; /* the asker's */

	bool ret_refused; /* the program is ending */
	bool ret_fits;
	char ret_hash[PASSWORD_HASH_MAX]; /* of `fresh` */
};

struct hasher *hasher_new(void);

/* Ends the thread after the job it is at; those waiting come back refused. */
void hasher_stop(struct hasher *h);
void hasher_free(struct hasher **h);

int hasher_fd(const struct hasher *h);
bool hasher_check(struct hasher *h, const struct hash_job *job);

typedef void hasher_done_fn(void *ctx, struct hash_job *job);
void hasher_done(struct hasher *h, hasher_done_fn *fn, void *ctx);
