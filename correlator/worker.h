/* The correlator as a service: takes batches from its producer streams, matches their events,
 * settles the hits, and only then acknowledges. Gives the exit status. */
#pragma once

#include "correlator/config.h"
#include "correlator/ruleset.h"

/* What can be said of the settings without their rules: names, and how to reach Redis. */
bool worker_settings(const struct correlator_config *config, struct arena *a,
	struct redis_options *ret, struct err *err);

int worker_run(const struct correlator_config *config, struct arena *a);

/* The rules that the configuration names. */
struct ruleset *worker_rules(const struct correlator_config *config);
