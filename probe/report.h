/* The probe's metrics, written to its metrics file and told to Redis every few seconds by a thread
 * of its own, so that a slow Redis or disk never holds up a packet.
 *
 *     struct report *r = report_new(&options);
 *     report_update(r, &counts, drops);           (by the worker's thread, now and then)
 *     report_free(&r);                            (after a last one) */
#pragma once

#include "lib/clock.h"
#include "lib/metrics.h"
#include "lib/redis.h"
#include "probe/capture.h"
#include "probe/worker.h"

struct report;

struct report_options {
	struct metrics *metrics;
	const struct redis_options *redis; /* NULL: tells nobody */
	const char *run_dir;               /* "": no metrics file */
	const char *sensor;
	const struct clock *clock;
};

struct report *report_new(const struct report_options *options);
void report_free(struct report **r);

void report_update(
	struct report *r, const struct worker_counts *counts, struct capture_drops drops);
void report_capture_is_up(struct report *r, bool up);
