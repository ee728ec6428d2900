/* Hash slots of a Redis Cluster: which of the 16,384 a key belongs to, and the map from slots to
 * nodes as CLUSTER SLOTS tells it (Redis Cluster specification, "Key distribution model"). */
#pragma once

#include "lib/redis_address.h"
#include "lib/redis_reply.h"

enum { REDIS_SLOTS = 16384 };

/* CRC16 (XMODEM) of the hash tag, if the key has one, or of the whole key. */
unsigned redis_slot_of(struct slice key);

/* Called per range of slots with its master. A node that does not know its own host is at the one
 * that was asked. */
struct redis_slot_range {
	unsigned first, last;
	struct redis_address master;
};
typedef void redis_on_slots(void *ctx, const struct redis_slot_range *range);

/* False when the answer is no map: an error, or nonsense. */
bool redis_slots_read(const struct redis_reply *reply, const struct redis_address *asked,
	redis_on_slots *fn, void *ctx);

/* What a node answers to a command for a slot it does not serve (now). */
enum redis_turn {
	REDIS_HERE,  /* nothing of the kind */
	REDIS_MOVED, /* for good, to `to` */
	REDIS_ASK,   /* this once, after ASKING */
	REDIS_LATER, /* nobody can serve it just now: again after a moment */
};
enum redis_turn redis_turn_read(const struct redis_reply *reply, const struct redis_address *asked,
	struct redis_address *ret_to);
