/* The list of mutes in Redis: read, and changed by comparing and setting, with a line in its log.
 * All return 0, or the exit status after a message on stderr. */
#pragma once

#include "event/mute.h"
#include "lib/redis.h"

struct mute_store {
	struct redis *redis; /* owned */
	struct redis_script write;
	struct buf text; /* as read, which a change must find again */
	struct mute_list *list;
};

/* In place, as the client knows its script. */
void mute_store_open(struct mute_store *s, struct redis *redis);
void mute_store_release(struct mute_store *s);
int mute_store_read(struct mute_store *s);

/* Writes s->list when nobody changed it since it was read; `what` goes to the log: "add",
 * "remove". */
int mute_store_write(struct mute_store *s, const char *what, const struct mute *mute);

/* How many alerts a mute held back. */
int mute_store_count(struct mute_store *s, struct slice id, uint64_t *ret);
