/* What a program tells about itself every few seconds: a key that expires when it falls silent.
 * `haidang status` and the console's strip read it.
 *
 *     health:PROGRAM.INSTANCE = {"program","instance","pid","version","started","updated","status",
 *                                "metrics":{name or name{labels}: value, …}}     EX 30 */
#pragma once

#include "lib/clock.h"
#include "lib/metrics.h"
#include "lib/redis.h"

struct health {
	const char *program;  /* "probe" */
	const char *instance; /* sensor or host name */
	int64_t started_us;
};

enum { HEALTH_EXPIRY_S = 30, HEALTH_INTERVAL_MS = 5000 };

/* Writes the key and its entry in HEALTH_INDEX. 0 or -errno. A status that begins with "degraded" is
 * a problem to `haidang status`; events that a publisher of this program has lost make it one. */
int health_report(const struct health *health, struct redis *r, const struct clock *clock,
	const struct metrics *metrics, const char *status) __attribute__((warn_unused_result));

/* Calls `fn` with each program's JSON, or with an empty slice for one known but silent. */
typedef void health_each_fn(void *ctx, struct slice key, struct slice json);
int health_each(struct redis *r, health_each_fn *fn, void *ctx) __attribute__((warn_unused_result));
