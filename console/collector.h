/* The thread that talks to Redis: it collects alerts into the record, asks how the other programs
 * are, and reports how this one is. The thread that serves never waits for Redis.
 *
 *     struct collector *c = collector_new(&options, &err);
 *     ... watch collector_fd(c), readable when alerts came ...
 *     collector_free(&c);                   (ends the round it is at) */
#pragma once

#include "lib/clock.h"
#include "lib/metrics.h"
#include "lib/redis.h"

struct collector;

struct collector_options {
	const char *record_path;
	struct redis_options redis; /* borrowed */
	const struct clock *clock;
	struct metrics *metrics; /* nothing is registered in it any more */
	const char *instance;    /* name of this machine */
};

/* NULL with an error when the record cannot be opened. */
struct collector *collector_new(const struct collector_options *options, struct err *err);
void collector_free(struct collector **c);

int collector_fd(const struct collector *c);
void collector_seen(struct collector *c); /* takes the readiness back */

/* Appends {"redis": bool, "programs": [...]} without the outer braces. */
struct json_writer;
void collector_programs(struct collector *c, struct json_writer *w);
