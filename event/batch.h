/* A batch of events on its way to Redis: one stream entry, with the id of its last event. Batches
 * stand in lists and are used again, so that a producer in full swing allocates nothing. */
#pragma once

#include "event/id.h"
#include "lib/buf.h"
#include "lib/clock.h"

struct batch {
	struct batch *next;
	struct event_id first, id; /* of the first and the last event */
	size_t count;
	struct buf text; /* NDJSON, each line ends in a line feed */
	mono_t opened;
};

struct batch_list {
	struct batch *first, *last;
	size_t events, len; /* sums over the batches: events and bytes */
};

struct batch *batch_new(void);
void batch_free(struct batch *b);
void batch_add(struct batch *b, struct event_id id, struct slice json);
void batch_reset(struct batch *b); /* empty, to be used again */

void batch_list_push(struct batch_list *list, struct batch *b);
struct batch *batch_list_pop(struct batch_list *list);                    /* NULL when empty */
void batch_list_append(struct batch_list *list, struct batch_list *rest); /* empties `rest` */
void batch_list_release(struct batch_list *list);

/* Ids given out before the stream's last id was known may turn out to be too small for Redis. Then
 * every id up to `upto` moves by `ms` milliseconds, which takes it past `upto` and past the
 * stream's last id: moving what has moved changes nothing. */
struct id_shift {
	uint64_t ms; /* 0: none */
	struct event_id upto;
};

struct event_id id_shift_apply(const struct id_shift *shift, struct event_id id);

/* Moves the ids that the lines of a batch begin with: {"event_id":"…" as event_write() makes it. */
void batch_text_shift(const struct id_shift *shift, char *text, size_t len);
