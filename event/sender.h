/* The Redis side of a publisher, run by its thread: sends batches in order, each once, spools what
 * cannot be sent, replays the spool first. See sender.c for how nothing is lost or doubled.
 *
 *     sender_take(s, &list);     (batches from the producer; they are the sender's now)
 *     sender_work(s);            (one step: a group sent, or the batches moved to the spool)
 *     batches = sender_done(s);  (empty ones, to be filled again) */
#pragma once

#include "event/batch.h"
#include "event/publish.h"

struct sender;

/* Why events were dropped: the label `reason` of haidang_publish_dropped_total. */
enum drop_reason {
	DROP_QUEUE,
	DROP_SPOOL,
	DROP_DAMAGED,
	DROP_REFUSED,
	DROP_SHUTDOWN,
	DROP_TOO_LONG
};
enum { DROP_REASON_COUNT = DROP_TOO_LONG + 1 };

struct publish_metrics {
	struct metric *events, *batches, *spooled, *duplicates, *unconfirmed, *eve_lost;
	struct metric *dropped[DROP_REASON_COUNT];
	struct metric *queue, *spool_len;
};

/* The producer's side of the ids; called from the sender's thread. `first` is the oldest id that
 * was never sent, as far as the sender knows, or zero. Sees to it that further ids are above
 * `stream_last`, and returns how ids given out so far must move. */
typedef struct id_shift ids_settle(void *ctx, struct event_id stream_last, struct event_id first);

struct sender_options {
	const struct publish_options *publish;
	const char *stream; /* must outlive the sender */
	const struct clock *clock;
	const struct publish_metrics *metrics;
	ids_settle *settle;
	void *ctx;
};

/* Opens the spool, and asks Redis for the stream's last id if it can be reached at once. */
struct sender *sender_new(const struct sender_options *options);
void sender_free(struct sender **s); /* what is left is spooled or dropped, and counted */

struct event_id sender_spool_last(const struct sender *s);
void sender_take(struct sender *s, struct batch_list *batches);

enum sender_state { SENDER_IDLE, SENDER_BUSY, SENDER_STUCK };

/* IDLE: nothing left to send; BUSY: call again at once; STUCK: call again after a while. */
enum sender_state sender_work(struct sender *s);
size_t sender_events(const struct sender *s); /* held in memory */
size_t sender_len(const struct sender *s);    /* bytes of them */
struct batch *sender_done(struct sender *s);  /* one that is no longer needed, or NULL */
