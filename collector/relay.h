/* One durable input: reads its source, takes what is wanted of each line, commits it with the place
 * in the source. Never blocks longer than Redis' timeout. */
#pragma once

#include "collector/eve_take.h"
#include "collector/source.h"
#include "lib/metrics.h"

struct relay;

struct relay_options {
	struct source_place place;
	const struct networks *home;
	int64_t stream_len_max;
	struct metrics *metrics;
};

struct relay *relay_new(const struct relay_options *options);
void relay_free(struct relay **r);

enum relay_state { RELAY_BUSY, RELAY_IDLE, RELAY_STUCK };

/* One step: BUSY: call again at once; IDLE: nothing new; STUCK: call again after a while. */
enum relay_state relay_step(struct relay *r);

/* Why it is stuck, in words; "" when it is not. */
const char *relay_said(const struct relay *r);
