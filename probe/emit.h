/* From what the probe knows of a flow to EVE events, and on to the publisher.
 *
 *     emit_flow_event(e, flow, now_us, EVENT_GROUP_dns, &dns);
 *     emit_flow_end(e, flow, now_us, FLOW_TIMEOUT);
 *
 * Source is always the side that opened the flow. One emitter per worker, used by its thread;
 * nothing given is kept. */
#pragma once

#include "event/publish.h"
#include "probe/flow_table.h"

struct emitter;

struct emitter_options {
	const char *sensor;
	struct publish *publish;
	const struct ndpi_engine *ndpi;
	const struct networks *home;
};

enum flow_reason { FLOW_TIMEOUT, FLOW_ENDED, FLOW_EVICTED, FLOW_SHUTDOWN, FLOW_ACTIVE };

struct emitter *emitter_new(const struct emitter_options *options);
void emitter_free(struct emitter **e);

void emitter_set_interface(struct emitter *e, const char *name); /* borrowed */
uint64_t emitter_count(const struct emitter *e);                 /* events so far */

/* A dns, tls, http, ssh or lookalike event. */
void emit_flow_event(struct emitter *e, const struct flow *f, int64_t time_us,
	enum event_group group, const void *values);
void emit_flow_end(
	struct emitter *e, const struct flow *f, int64_t time_us, enum flow_reason reason);
void emit_credential(struct emitter *e, const struct flow *f, int64_t time_us, enum app service);
void emit_stats(struct emitter *e, int64_t time_us, const struct event_stats *stats);
