/* The addresses that were read, millions of them: for each what its entry said, its title and its
 * text, as hashes. In Redis they stand in 131,072 small hashes (28 bytes an address), asked for in
 * one exchange however many they are.
 *
 *     struct known *k = known_new(redis, "demo", clock, ttl_ms);
 *     if (known_get(k, a, urls, count, facts) < 0)
 *             ...                                    (Redis is away: nothing seems known)
 *     facts[0].entry = known_hash(said);
 *     known_later(k, urls[0], &facts[0]);            (seen by known_get() at once)
 *     known_commit(k);                               (when the events about it have arrived)
 *
 * An address is told from another by 81 bits of its SHA-256: among 10 million, one new address in
 * 2 * 10^17 would be taken for a known one. Without Redis the last KNOWN_HERE_MAX are kept here. */
#pragma once

#include "lib/arena.h"
#include "lib/redis.h"

enum { KNOWN_BUCKET_BITS = 17, KNOWN_HERE_MAX = 100000, KNOWN_RECORD_LEN = 16 };

struct known_facts {
	uint32_t entry; /* of what the feed said; 0: never read */
	uint32_t title; /* of the title published; 0: nothing published */
	uint64_t text;  /* of title and text, 48 bits; 0: nothing published */
	uint16_t day;   /* last written, days since 1970 */
};

struct known;

/* `redis` may be NULL; it is borrowed. */
struct known *known_new(
	struct redis *redis, const char *name, const struct clock *clock, int64_t ttl_ms);
void known_free(struct known **k); /* what was not committed is forgotten */

/* Facts of an unknown address are zero. 0, or -errno when Redis is away. */
int known_get(struct known *k, struct arena *a, const struct slice *urls, size_t count,
	struct known_facts *ret) __attribute__((warn_unused_result));
void known_later(struct known *k, struct slice url, const struct known_facts *facts);
size_t known_waiting(const struct known *k); /* for known_commit() */
int known_commit(struct known *k) __attribute__((warn_unused_result));

/* Forgets what is older than the time to live in the next `buckets` buckets; all of them are one
 * round. Returns how many were forgotten, or -errno. */
int64_t known_sweep(struct known *k, unsigned buckets);

/* Never 0. */
uint32_t known_hash(struct slice said);
uint64_t known_hash48(struct slice said);

/* The record as it lies in Redis. False when the bytes are none. */
bool known_facts_read(struct slice bytes, struct known_facts *ret);
void known_facts_write(const struct known_facts *facts, uint8_t ret[KNOWN_RECORD_LEN]);
