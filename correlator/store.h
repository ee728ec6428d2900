/* Where windows live: Redis for the service, memory for replays. A store only keeps blobs and
 * compares versions; what is in them is window.h's matter. */
#pragma once

#include "lib/buf.h"

/* One window on its way through a batch. */
struct store_cell {
	struct slice key; /* stream_window(); borrowed */
	unsigned bucket;
	int64_t ttl_ms;
	struct buf blob;    /* as it stands in the store; empty: nothing there */
	struct buf next;    /* what shall stand there */
	struct buf *alerts; /* to be published with it */
	size_t alert_count;
	bool conflict; /* another writer came first; `blob` now holds what it wrote */
	bool done;
};

struct store {
	/* Fills .blob of all cells. 0 or -errno. */
	int (*fetch)(struct store *s, struct store_cell *const *cells, size_t count);

	/* Writes .next and .alerts of each cell whose blob is still what was fetched, marks the
	 * others .conflict. After a failure any number may have been written. 0 or -errno. */
	int (*commit)(struct store *s, struct store_cell *const *cells, size_t count);
};

/* A store in memory, which hands each alert to `fn` as it is committed. */
typedef void store_alert_fn(void *ctx, struct slice alert);
struct store *store_memory_new(store_alert_fn *fn, void *ctx);
void store_memory_free(struct store **s);
