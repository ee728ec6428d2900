/* Dead letters: alerts that a receiver refused for good, in the Redis stream dead:{TARGET} until an
 * operator has them tried again or drops them. inbox_bury() writes them. */
#pragma once

#include "lib/redis.h"

struct dead_letter {
	struct slice id;       /* of the entry */
	struct slice alert;    /* JSON; whatever stood in the alert stream */
	struct slice reason;   /* what the receiver said, in words */
	struct slice attempts; /* a number */
	struct slice at;       /* RFC 3339 */
};

/* Oldest first; the letter is borrowed for the call. All return 0 or more, or -errno. */
typedef void dead_fn(void *ctx, const struct dead_letter *letter);
int dead_each(struct redis *r, const char *target, dead_fn *fn, void *ctx)
	__attribute__((warn_unused_result));

/* Gives it to the target once more, at once and only once; 0 when there is no such letter. `script`
 * is DEAD_RETRY, registered with the client. */
int dead_retry(struct redis *r, const struct redis_script *script, const char *target,
	struct slice id) __attribute__((warn_unused_result));
extern const char DEAD_RETRY[];

/* 0 when there is no such letter. */
int dead_drop(struct redis *r, const char *target, struct slice id)
	__attribute__((warn_unused_result));
