/* One target's consumer group on all alert streams, on the stream of analysts' changes and on the
 * target's own (escalations, reminders, retried dead letters): reads them into a queue and
 * acknowledges what is settled. After a start the entries this group already took but never
 * acknowledged come first. Remembers which alerts the target got, so that what becomes of them
 * follows.
 *
 *     struct inbox *in = inbox_new("centre", redis);
 *     inbox_read(in, queue, 200, ctx, on_taken);
 *     inbox_bury(in, queue, clock);       (refused for good: to the dead letters)
 *     inbox_ack(in, queue);
 *
 * Nothing is acknowledged that was not delivered, refused for good, or not meant for the target,
 * so an alert is delivered at least once through every crash of courier, receiver and Redis. All
 * return 0 or -errno; after an error the same call is made again later. */
#pragma once

#include "courier/queue.h"
#include "event/streams.h"
#include "lib/redis_stream.h"

enum {
	INBOX_OWN = ALERT_BUCKETS, /* indexes of the two other streams */
	INBOX_CHANGES,             /* last, for changes follow what they are about */
	INBOX_STREAMS,
	INBOX_READ_MAX = INBOX_STREAMS * READ_PER_STREAM /* items a read may add */
};

struct inbox;

struct inbox *inbox_new(const char *target, struct redis *redis);
void inbox_free(struct inbox **in);

/* Called for each item added to the queue. `gone`: the entry was trimmed before it was sent. */
typedef void inbox_on_taken(void *ctx, struct item *item, bool gone);

/* Adds what there is, waiting at most `block_ms` for a first entry; the queue must have room for
 * INBOX_READ_MAX. The number of items added, or -errno. */
int inbox_read(struct inbox *in, struct queue *q, int64_t block_ms, inbox_on_taken *fn, void *ctx);

/* Decides on the held items but those that earlier ones of the same alert may yet decide: one of the
 * target's own stream is let go unless it was delivered before, any other when the target got its
 * alert; the rest are done. The number let go. */
int inbox_ask(struct inbox *in, struct queue *q) __attribute__((warn_unused_result));

/* Forgets what the target got before `before_us`, and of more than GOT_MAX the oldest. */
int inbox_forget(struct inbox *in, int64_t before_us) __attribute__((warn_unused_result));

/* Writes refused items to the dead letters; they are then done. */
int inbox_bury(struct inbox *in, struct queue *q, const struct clock *clock)
	__attribute__((warn_unused_result));

/* Acknowledges and removes the items that are done. */
int inbox_ack(struct inbox *in, struct queue *q, int64_t now_us)
	__attribute__((warn_unused_result));

struct inbox_sizes {
	int64_t backlog; /* alerts not yet delivered, in memory or not */
	int64_t dead;    /* dead letters kept */
};
int inbox_measure(struct inbox *in, struct inbox_sizes *ret) __attribute__((warn_unused_result));
