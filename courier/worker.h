/* One target's thread: takes alerts from its consumer group, sends them, acknowledges. Threads
 * share nothing but metrics, so a dead target never delays another. */
#pragma once

#include "courier/routes.h"
#include "courier/target.h"
#include "lib/metrics.h"
#include "lib/redis.h"

struct worker;

struct worker_options {
	struct target_place place;
	const struct routes *routes;
	size_t index; /* of the target in the configuration */
	struct redis_options redis;
	struct metrics *metrics;
};

/* NULL with an error when the target's secrets cannot be read. What the options point to outlives
 * the worker. */
struct worker *worker_start(const struct worker_options *options, struct err *err);

/* Asks it to end: it waits up to DRAIN_MS for answers on their way, then acknowledges. */
void worker_stop(struct worker *w);
void worker_join(struct worker *w);  /* stops it too */
void worker_free(struct worker **w); /* joins it too */

/* Whether the target takes no alerts at present, and why; any thread may ask. */
bool worker_is_failing(struct worker *w, char ret_said[REASON_MAX]);
