/* Applies the hits of a batch to their windows: fetches the windows, applies each one's hits in
 * order, writes what came of it together with the alerts, and starts over with those that another
 * worker wrote meanwhile. When it returns 0 every hit is in its window exactly once.
 *
 *     struct settle *s = settle_new(store, clock);
 *     if (settle_hits(s, &hits, &tally) == 0)
 *             … acknowledge the batch
 *     settle_free(&s); */
#pragma once

#include "correlator/engine.h"
#include "correlator/mutes.h"
#include "correlator/offices.h"
#include "correlator/store.h"
#include "lib/clock.h"

struct settle;

struct settle_tally {
	uint64_t alerts, late, suppressed, known, conflicts;
	uint64_t muted, inhibited; /* alerts that were not written */
	uint64_t unreadable;       /* windows begun anew, as what stood there was none */
};

struct settle *settle_new(struct store *store, const struct clock *clock);
void settle_free(struct settle **s);

/* Who is told, and what nobody wants to see; either may be NULL. Borrowed. */
void settle_use(struct settle *s, const struct offices *offices, struct mutes *mutes);

/* How long windows that raised nothing survive without a worker; an hour at first. */
void settle_keep(struct settle *s, int64_t outage_ms);

/* The sums are added to; alerts count only when written. 0 or -errno: then any of the windows may
 * have been written, and the same hits must be given again. -EBUSY: other writers came first too
 * often; any other is the store's. */
int settle_hits(struct settle *s, const struct hits *hits, struct settle_tally *tally)
	__attribute__((warn_unused_result));
