/* The articles that wait to be read, or read again: in Redis, so that a crawler that is killed
 * loses none, and reads none twice within the cadence of its source.
 *
 *     struct frontier *f = frontier_new(redis, "demo", clock, ttl_ms);
 *     frontier_push(f, items, count);                 (what a look found)
 *     while ((node = frontier_take(f)) != NULL)
 *             nodes[count++] = node;                  (due now; each is ours until it is over)
 *     frontier_peek(f, a, nodes, count, items);
 *     … right before the request: frontier_claim(f, node, cadence_ms) …
 *     frontier_done(f, node) or frontier_again(f, node, &item, due_ms)
 *     frontier_commit(f);                             (when the events about them have arrived)
 *
 * Items stand in 64 lanes by host, frontier:{NAME.qNN}, a hash of id to item. In front of an
 * item stand two times: when it is due, and the earliest time of its next request. A claim moves
 * both by the cadence before the request goes out: whoever comes back after a crash waits so long,
 * then reads what was not done. This process keeps ids and times of what is due within
 * FRONTIER_HORIZON_MS, and looks lane by lane for more. Without Redis it keeps the items as well. */
#pragma once

#include "crawler/timeline.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/redis.h"

enum {
	FRONTIER_LANES = 64,
	FRONTIER_HORIZON_MS = 2 * 3600 * 1000,
	FRONTIER_NODES_MAX = 200000,
	FRONTIER_LANE_MAX = 8000, /* of these, in one lane */
	FRONTIER_ITEM_MAX = 16 * 1024,
	FRONTIER_URL_MAX = 4096, /* in normal form; a longer one must not be pushed */
};

/* What is known of an article before it is read, and between two readings. */
struct frontier_item {
	unsigned tier, tries, step; /* step: 0 for the first reading */
	uint32_t entry;             /* known_hash() of what the feed said */
	int64_t queued_ms;          /* when it was first seen */
	int64_t not_before_ms;      /* of the next request */
	struct slice url, source, title, summary, published;
	struct slice canonical;                      /* under which it was published */
	struct slice etag, last_modified, body_hash; /* of the last reading */
	struct slice key; /* tells it from others when the url alone would not; is not kept */
};

struct frontier;
struct frontier_node;

struct frontier *frontier_new(
	struct redis *redis, const char *name, const struct clock *clock, int64_t ttl_ms);
void frontier_free(struct frontier **f);

/* One exchange with Redis. Items that wait already stay as they are unless their entry is another
 * now. 0, or -errno when Redis is away: then any of them may have been taken. */
int frontier_push(struct frontier *f, const struct frontier_item *items, size_t count)
	__attribute__((warn_unused_result));

/* False when so many wait in the lane of its host that no more should be pushed: a host that names
 * pages faster than it may be asked for them would fill Redis, and take the room of all others. */
bool frontier_has_room(const struct frontier *f, struct slice url);

struct frontier_node *frontier_take(struct frontier *f); /* NULL: nothing is due */

/* The items of nodes that were taken; one that is gone has an empty url. In the arena. */
int frontier_peek(struct frontier *f, struct arena *a, struct frontier_node *const *nodes,
	size_t count, struct frontier_item *ret) __attribute__((warn_unused_result));

enum frontier_claim { FRONTIER_MINE, FRONTIER_NOT_YET, FRONTIER_AWAY };
enum frontier_claim frontier_claim(
	struct frontier *f, struct frontier_node *node, int64_t cadence_ms);

/* Each ends the taking of a node. Put off: due again then, nothing was asked for. The other two
 * become true in Redis with the commit. */
void frontier_put_off(struct frontier *f, struct frontier_node *node, int64_t due_ms);
void frontier_done(struct frontier *f, struct frontier_node *node);
void frontier_again(struct frontier *f, struct frontier_node *node,
	const struct frontier_item *item, int64_t due_ms);
int frontier_commit(struct frontier *f) __attribute__((warn_unused_result));

/* Now and then: reads the next lane for what comes due. 0 or -errno. */
int frontier_look(struct frontier *f) __attribute__((warn_unused_result));
bool frontier_is_whole(const struct frontier *f); /* every lane was read since the start */

size_t frontier_count(const struct frontier *f); /* due within the horizon */
size_t frontier_uncommitted(const struct frontier *f);

/* An item as it lies in Redis, after its two times. False when the bytes are none. */
void frontier_item_write(const struct frontier_item *item, struct buf *out);
bool frontier_item_read(struct slice bytes, struct frontier_item *ret); /* borrowed */
