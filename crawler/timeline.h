/* What is due next: a heap by time for what waits, a heap by rank for what is due. Nothing is
 * scanned: setting, removing and taking cost the logarithm of the number of entries.
 *
 *     struct job { struct due due; … };             (the entry stands in its owner)
 *     timeline_set(&t, &job->due, at_ms, tier);     (also moves one that is set)
 *     while ((due = timeline_take(&t, now_ms)) != NULL)
 *             run(CONTAINER(due));
 *
 * Among entries that are due the lowest rank comes first, then the oldest. */
#pragma once

#include "lib/slice.h"

struct due {
	int64_t at_ms;
	unsigned rank;
	bool ready;
	size_t place; /* 1 + index in its heap; 0: not set */
};

struct due_heap {
	struct due **at;
	size_t count, room;
};

struct timeline {
	struct due_heap waiting, ready;
};

void timeline_release(struct timeline *t); /* the entries belong to their owners */
void timeline_set(struct timeline *t, struct due *due, int64_t at_ms, unsigned rank);
void timeline_remove(struct timeline *t, struct due *due); /* one that is not set is left alone */
struct due *timeline_take(struct timeline *t, int64_t now_ms);    /* NULL: nothing is due */
bool timeline_next(const struct timeline *t, int64_t *ret_at_ms); /* false when empty */
size_t timeline_count(const struct timeline *t);
bool due_is_set(const struct due *due);

/* The struct of `type` whose member `due` this is. */
#define DUE_OWNER(due, type, member) ((type *)(void *)((char *)(due)-offsetof(type, member)))
