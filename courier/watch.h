/* Watches alerts nobody acts upon, in a thread of its own: an alert that is not acknowledged in the
 * time its route gives goes to the route's second targets; an incident whose legal clock ends soon
 * is brought to mind where its alert went. Both are written once to the own stream of each target
 * (to:{TARGET}), from where its worker delivers them like any alert.
 *
 * What is due when stands in Redis, so that it outlives the courier:
 *     watch:{courier}          sorted set of "ALERT|KIND|WHAT|CHANGE" by due time in ms
 *     watch:{courier}:alerts   hash: alert id -> the alert as it last stood */
#pragma once

#include "courier/routes.h"
#include "lib/clock.h"
#include "lib/metrics.h"
#include "lib/redis.h"

struct watch;

struct watch_options {
	const struct courier_config *config;
	const struct routes *routes;
	const struct clock *clock;
	struct redis_options redis;
	struct metrics *metrics;
};

struct watch *watch_start(const struct watch_options *options);
void watch_stop(struct watch *w);
void watch_free(struct watch **w); /* stops and joins it too */
