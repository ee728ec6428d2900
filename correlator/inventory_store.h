/* Where the inventory lies: the first event of each pair of a site and a value. */
#pragma once

#include "correlator/keymap.h"
#include "event/id.h"
#include "lib/buf.h"
#include "lib/redis.h"

struct inventory_store {
	struct redis *redis; /* NULL: in memory */
	struct redis_script script;
	struct keymap known; /* in memory */
};

struct inventory_pair {
	struct slice site, kind, value;
};

struct inventory_first {
	uint64_t stream;
	struct event_id id;
};

void inventory_store_init(struct inventory_store *s, struct redis *redis);
void inventory_store_release(struct inventory_store *s);

/* The first event of the pair, which is `mine` when it is new. 0 or -errno. */
int inventory_store_first(struct inventory_store *s, const struct inventory_pair *pair,
	const struct inventory_first *mine, struct inventory_first *ret);

/* Queues when the pair was last seen (s since 1970); nothing in memory. */
void inventory_store_seen(
	struct inventory_store *s, const struct inventory_pair *pair, uint64_t last_s);
