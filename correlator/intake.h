/* Where events come from: the producer streams that this worker holds a lease on. Entries are read
 * through a script that looks at the lease first, so that a worker which lost it (a long pause)
 * can no longer take entries and break their order.
 *
 *     struct intake *in = intake_new(&options);
 *     intake_scan(in);                          (every second: new streams, leases, takeovers)
 *     intake_read(in);
 *     while (intake_next(in, &entry))           (in the order of ids over all streams)
 *             …
 *     intake_ack(in);                           (all that intake_next() gave, once it is settled)
 *     intake_release(in);                       (gives the leases back)
 *     intake_free(&in);
 *
 * Acknowledging and reading ahead go on in Redis while the caller works: intake_ack() does not wait,
 * and what failed then is told by a later call.
 *
 * Workers share the streams evenly: each counts the workers seen in the time of a lease, and gives
 * back what is beyond its share.
 *
 * After any failure, here or in the windows, intake_reset(): what is not acknowledged is read
 * again, this worker's own pending entries first. All int results are 0 or -errno. A stream whose
 * lease or entries Redis answers with an error is left alone until the next scan and counted in
 * haidang_correlator_refusals_total; a refused acknowledgement is -EIO. */
#pragma once

#include "event/id.h"
#include "lib/metrics.h"
#include "lib/redis.h"

struct intake;

struct intake_options {
	struct redis *redis; /* nothing queued between calls */
	const struct clock *clock;
	struct metrics *metrics;
	const char *worker; /* this worker's name, the same after a restart */
	size_t entries;     /* read at once from each stream */
	size_t streams_max;
	int64_t lease_ms;
};

/* One stream entry; borrowed until intake_ack() or intake_reset(). */
struct intake_entry {
	struct slice stream;
	uint64_t stream_hash;
	struct event_id id;
	struct slice batch; /* events, one a line; .at NULL: the entry has none that can be used */
};

struct intake *intake_new(const struct intake_options *options);
void intake_free(struct intake **in);

/* Learns of streams, makes their groups, takes and renews leases. */
int intake_scan(struct intake *in) __attribute__((warn_unused_result));
int intake_read(struct intake *in) __attribute__((warn_unused_result));
bool intake_next(struct intake *in, struct intake_entry *ret);
int intake_ack(struct intake *in) __attribute__((warn_unused_result));
void intake_reset(struct intake *in);
int intake_release(struct intake *in) __attribute__((warn_unused_result));

size_t intake_held(const struct intake *in);      /* streams under lease */
int64_t intake_refusals(const struct intake *in); /* so many commands, so far */
const char *intake_said(const struct intake *in); /* at the last failure or refusal */
