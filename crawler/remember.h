/* What the crawler remembers for a while: small values under keys that expire, in Redis where
 * there is one, and in a bounded table of this process. Without Redis it remembers until it ends.
 *
 *     struct remember *m = remember_new(redis, "crawler:demo:", clock);
 *     remember_set(m, SLICE("etag:…"), value, ttl_ms);
 *     if (remember_get(m, a, SLICE("etag:…"), &value))
 *             ...
 *
 * While Redis is away everything seems forgotten but what this process knows: work is repeated
 * then, never lost. One thread. */
#pragma once

#include "lib/arena.h"
#include "lib/redis.h"

struct remember;

/* `redis` may be NULL; it is borrowed. */
struct remember *remember_new(struct redis *redis, const char *prefix, const struct clock *clock);
void remember_free(struct remember **m);

bool remember_get(struct remember *m, struct arena *a, struct slice key, struct slice *ret);

/* Many at once, in one exchange with Redis; an unknown key gives an empty slice. */
void remember_get_many(struct remember *m, struct arena *a, const struct slice *keys, size_t count,
	struct slice *ret);

/* Kept here at once, sent to Redis with the next remember_flush() or remember_get…(). */
void remember_set(struct remember *m, struct slice key, struct slice value, int64_t ttl_ms);
void remember_flush(struct remember *m);
void remember_forget(struct remember *m, struct slice key); /* at once here, as remember_set() */

/* Kept here at once, but sent to Redis only by remember_commit(): for what must not be known
 * before the events about it have arrived. */
void remember_later(struct remember *m, struct slice key, struct slice value, int64_t ttl_ms);
bool remember_has_later(const struct remember *m);
void remember_commit(struct remember *m);
