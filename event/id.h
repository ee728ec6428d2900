/* The id of an event: made by its producer, growing per producer stream, and the explicit id of
 * the Redis stream entry. Milliseconds since 1970 and a sequence number within one.
 *
 * As text it has a fixed width, so that ids compare as text too, in Lua scripts for one:
 * "1763856300000-000042". */
#pragma once

#include "lib/slice.h"

struct event_id {
	uint64_t ms;
	uint32_t seq; /* below EVENT_SEQ_MAX */
};

enum { EVENT_ID_LEN = 20, EVENT_SEQ_MAX = 1000000 };

void event_id_write(struct event_id id, char ret_text[EVENT_ID_LEN + 1]);
bool event_id_read(struct slice text, struct event_id *ret); /* also Redis' "ms-seq" of any width */
int event_id_compare(struct event_id a, struct event_id b);

/* The next id after `last`, for an event at `wall_us`: never equal, never smaller, also when the
 * clock stepped back or a million events fell into one millisecond. */
struct event_id event_id_next(struct event_id last, int64_t wall_us);
