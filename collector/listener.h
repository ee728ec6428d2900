/* A syslog input: listens, takes messages from allowed senders, maps them, publishes the events.
 * A sender gets no answer, so what arrives is kept at once: in the publisher's queue, in Redis, or in
 * the spool file while Redis is away. */
#pragma once

#include "collector/config.h"
#include "collector/mapping.h"
#include "event/publish.h"
#include "lib/service.h"

struct listener;

struct listener_options {
	const struct input_config *config;
	const struct mapping *mapping;
	const struct networks *home;
	const struct publish_options *publish; /* of this input */
	struct service *service;
	const struct clock *clock;
	struct metrics *metrics;
};

/* NULL with an error when an address cannot be listened on. */
struct listener *listener_new(const struct listener_options *options, struct err *err);
void listener_free(struct listener **l); /* drains the publisher */

/* To be called every SWEEP_MS: ends connections that do nothing but take the room of others. */
void listener_sweep(struct listener *l);

void listener_use(struct listener *l, const struct mapping *mapping); /* after a reload */
