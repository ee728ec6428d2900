/* The way of events out of a producer: numbered, batched, written to the producer's Redis stream
 * and, if wanted, to an EVE file. Nothing is lost silently: while Redis is away or full, batches
 * go to a bounded spool file and are replayed in order by their explicit ids; what the spool
 * cannot hold is dropped and counted.
 *
 *     struct publish *p = publish_new(&options, clock, metrics);
 *     struct event_id id = publish_next_id(p, wall_us);
 *     ... write the event as JSON with that id into `line` (no line feed) ...
 *     publish_event(p, id, line);
 *     publish_free(&p);                 (drains for at most options.drain_ms)
 *
 * publish_event() never blocks on Redis: a thread of the publisher does that work. It blocks on the
 * EVE file only when the disk is megabytes behind. Calls on one publisher come from one thread.
 *
 * Metrics: haidang_publish_{events,batches,spooled,duplicates,unconfirmed,eve_lost}_total,
 * haidang_publish_dropped_total{reason}, haidang_publish_{queue_events,spool_bytes}{worker}. */
#pragma once

#include "event/id.h"
#include "lib/metrics.h"
#include "lib/redis.h"

struct publish;

struct publish_options {
	struct redis_options redis; /* .address NULL: no Redis; borrowed by publish_new() */
	const char *kind;           /* "net" or "web" */
	const char *name;           /* of the sensor or crawler */
	unsigned worker;
	const char *eve_path;   /* NULL: none; "-": stdout; appended to otherwise */
	const char *spool_path; /* NULL: no spool, what cannot be sent is dropped and counted */
	int64_t spool_len_max;  /* bytes */
	size_t batch_events;    /* events per stream entry; 0: 10 */
	int64_t linger_ms;      /* a batch waits at most so long for more events; 0: 50 */
	size_t queue_events;    /* events waiting for the thread at most; 0: 65536 */
	int64_t drain_ms;       /* 0: 3000 */
	int64_t stream_len_max; /* entries kept in the stream at most, about; 0: unbounded */
};

struct publish *publish_new(
	const struct publish_options *options, const struct clock *clock, struct metrics *metrics);
void publish_free(struct publish **p);

/* Ids go on after the last one in the stream, the spool and this process. */
struct event_id publish_next_id(struct publish *p, int64_t wall_us);
void publish_event(struct publish *p, struct event_id id, struct slice json);

/* Sends a batch that is not full yet; does not wait. */
void publish_flush(struct publish *p);
void publish_reopen(struct publish *p); /* the EVE file, after it was rotated */

/* 0, or the -errno of the last failure to open or write the EVE file: for a command that should
 * end with an error then. */
int publish_eve_error(const struct publish *p);

/* For quiescent points: waits until all that was given is in Redis and file, or `timeout_ms`. */
bool publish_wait(struct publish *p, int64_t timeout_ms);

/* Events lost so far, on the way to Redis or to the file. Any thread may ask. */
uint64_t publish_lost(const struct publish *p);
