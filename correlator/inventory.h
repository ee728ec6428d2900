/* What each site has: the addresses seen, the services that answer, the protocols it speaks with
 * the outside, the TLS clients that name no server, the domains it asks for, each with the first and
 * the last time. From it an event
 * gets what is new about it:
 *
 *     "inventory": {"site": "dc", "new": ["service"], "young": ["service"]}
 *
 *     struct inventory *i = inventory_new(&options);
 *     if (inventory_look(i, event, &origin, &extra)) … the event has such an object: `extra`
 *     inventory_free(&i);
 *
 * new: this very event is the first of its kind at the site; young: the first was within a week.
 * During a site's learning period nothing is. A site is a network scope of the assets; inside
 * addresses of no scope are the site "home". The direction says what is inside.
 *
 * Kept in Redis, by event time: the first event of a pair stays its first one however often it is
 * read again, by whichever worker. What a worker knows it does not ask again. A site keeps 32,768
 * pairs of a kind; the one seen longest ago, of eight, makes room. */
#pragma once

#include "correlator/offices.h"
#include "event/id.h"
#include "lib/clock.h"
#include "lib/json_read.h"
#include "lib/redis.h"

struct inventory;

struct inventory_options {
	struct redis *redis; /* NULL: in memory, for replays */
	const struct clock *clock;
	const struct offices *offices; /* or NULL */
	int64_t learn_ms;
};

struct inventory_origin {
	uint64_t stream;
	struct event_id id;
};

struct inventory *inventory_new(const struct inventory_options *options);
void inventory_free(struct inventory **i);

/* True when there is news; `out` then holds a JSON object. When Redis cannot tell, there is none. */
bool inventory_look(struct inventory *i, struct json_value event,
	const struct inventory_origin *origin, struct buf *out);

/* Tells Redis when pairs were last seen, about once an hour each. 0 or -errno. */
int inventory_refresh(struct inventory *i) __attribute__((warn_unused_result));

/* Asked of Redis, and not asked as there was too much of it. */
struct inventory_counts {
	uint64_t asked, skipped;
};
struct inventory_counts inventory_counts(const struct inventory *i);
