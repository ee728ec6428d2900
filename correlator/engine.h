/* Matches events against a generation of rules, and says which windows they concern.
 *
 *     struct engine *e = engine_new(rules);
 *     struct hits hits = {.arena = arena};
 *     enum engine_result r = engine_event(e, &event, &hits);
 *     for (size_t i = 0; i < hits.count; i++) …
 *     hits_release(&hits);
 *
 * Hits and all they point to live in hits.arena. One thread; the rules must outlive the engine. */
#pragma once

#include "correlator/inventory.h"
#include "correlator/ruleset.h"

struct engine;

struct rule_hit {
	const struct rule *target; /* whose window it is for */
	const struct rule *base;   /* the detection that matched */
	struct slice group;        /* JSON object */
	const struct feed *feed;   /* of the base, to the target */
	enum alert_level level;    /* that the event deserves */
	struct slice event_id;
	struct hit hit;
	size_t order;            /* of its event among those of the batch */
	struct rule_hit *onward; /* hits that follow when this one fires */
	size_t onward_count;
};

struct hits {
	struct arena *arena;
	struct rule_hit *at;
	size_t count, room;
	size_t event_count; /* that matched */
};

struct engine_event {
	struct slice json;
	uint64_t stream;
	int64_t latest_us; /* later times are refused; 0: no bound */
	const struct event_id
		*entry_id; /* of its stream entry, which no id in it exceeds; or NULL */
	/* What stands in for missing ids and times, when events come from a file; NULL: refused. */
	const struct event_id *default_id;
	int64_t default_time_us;
};

enum engine_result {
	ENGINE_MATCHED,
	ENGINE_NO_MATCH,
	ENGINE_NOT_JSON,
	ENGINE_TOO_LONG,
	ENGINE_NO_OBJECT,
	ENGINE_NO_ID,
	ENGINE_BAD_ID, /* above that of its entry: its mark would hide what follows */
	ENGINE_NO_TIME,
	ENGINE_FUTURE,
	ENGINE_RESULT_COUNT
};

/* "json", "too_long" …: the reason for a metric's label. */
const char *engine_result_name(enum engine_result result);

struct engine *engine_new(const struct ruleset *rules);
void engine_free(struct engine **e);

/* Events then have what is new about them, in `inventory`. Borrowed; NULL: none. */
void engine_use(struct engine *e, struct inventory *inventory);

enum engine_result engine_event(struct engine *e, const struct engine_event *in, struct hits *out);

void hits_add(struct hits *hits, const struct rule_hit *hit);
void hits_clear(struct hits *hits); /* and rewinds the arena */
void hits_release(struct hits *hits);
