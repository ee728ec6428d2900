/* The alerts one target holds in memory: which may be sent now, which wait, which are settled.
 * Knows no network and no Redis; the clock is injected.
 *
 * While the receiver takes alerts, up to `concurrency` are under way, the oldest first. After
 * QUEUE_FAILURES_MAX failures in a row the target rests: one attempt at a time, pauses doubling
 * from retry_min to retry_max with jitter, each with the alert tried least often, so that one
 * alert that always fails cannot hold up the others. The first success ends the rest.
 *
 *     while ((item = queue_next(q)))
 *             send(item);
 *     ...
 *     queue_answered(q, item, &answer);
 *     while ((item = queue_first(q, ITEM_REFUSED)) && bury(item))
 *             queue_done(q, item);
 *     while ((item = queue_first(q, ITEM_DONE)) && acknowledge(item))
 *             queue_remove(q, item);
 *
 * Items belong to the queue. */
#pragma once

#include "courier/answer.h"
#include "courier/limits.h"
#include "lib/buf.h"
#include "lib/clock.h"

enum { QUEUE_FAILURES_MAX = 3, ITEM_ID_MAX = 48, ITEM_KEY_MAX = 100 };

enum item_state {
	ITEM_WAITING,
	ITEM_HELD, /* not known yet whether the target is to get it */
	ITEM_FLYING,
	ITEM_REFUSED, /* for good; to become a dead letter */
	ITEM_DONE,    /* to be acknowledged */
};

struct item {
	unsigned stream;        /* of the inbox */
	char id[ITEM_ID_MAX];   /* of its entry there */
	char key[ITEM_KEY_MAX]; /* the delivery's stable id; "" when the alert cannot be read */
	bool follows;           /* not before earlier ones of the same alert */
	bool delivered;         /* of one that is done */
	struct buf alert;       /* JSON as it stood in the stream */
	enum item_state state;
	uint64_t attempts, refusals;
	char said[REASON_MAX]; /* about the last failure */
	mono_t due;
};

struct queue_options {
	size_t concurrency;
	int64_t retry_min_ms, retry_max_ms;
	uint64_t refused_max;
	uint64_t seed; /* of the jitter */
};

struct queue;

struct queue *queue_new(const struct queue_options *options, const struct clock *clock);
void queue_free(struct queue **q);

size_t queue_count(const struct queue *q);
size_t queue_flying(const struct queue *q);
size_t queue_room(const struct queue *q); /* items that may still be added */

bool queue_has(const struct queue *q, unsigned stream, struct slice id);
struct item *queue_add(struct queue *q, unsigned stream, struct slice id, struct slice alert);

/* The next to be sent now, from then on flying; NULL when none may. */
struct item *queue_next(struct queue *q);

/* Milliseconds until queue_next() may give one that only waits for time, `limit_ms` at most. */
int64_t queue_wait_ms(const struct queue *q, int64_t limit_ms);

void queue_answered(struct queue *q, struct item *item, const struct answer *answer);

/* A waiting item is held back until it is known whether it is to be sent; then let go. */
void queue_hold(struct queue *q, struct item *item);
void queue_release(struct queue *q, struct item *item);

/* Whether an earlier item of the same alert is in the queue that was delivered or may yet be. */
bool queue_is_second(const struct queue *q, const struct item *item);

/* A waiting or held item that is not to be sent: nothing more to do, or refused with a reason. */
void queue_done(struct queue *q, struct item *item);
void queue_refuse(struct queue *q, struct item *item, const char *said);

/* The oldest in that state, or NULL; queue_list() gives up to `room` of them. */
struct item *queue_first(const struct queue *q, enum item_state state);
size_t queue_list(const struct queue *q, enum item_state state, struct item **ret, size_t room);
void queue_remove(struct queue *q, struct item *item);

uint64_t queue_failures(const struct queue *q); /* in a row */

/* The circuit breaker: closed while attempts are made freely, open while the target rests, half
 * open when the next attempt will tell. */
enum circuit { CIRCUIT_CLOSED, CIRCUIT_HALF_OPEN, CIRCUIT_OPEN };
extern const char *const circuit_names[];
enum circuit queue_circuit(const struct queue *q);
