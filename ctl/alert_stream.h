/* The alert streams, read without a consumer group: nothing is taken from anyone.
 *
 *     struct alert_stream *s = alert_stream_new(redis);
 *     alert_stream_history(s, since_ms, fn, ctx);
 *     for (;;)
 *             alert_stream_next(s, fn, ctx);       (what came since, then nothing)
 *
 * All return 0 or -errno; after an error the same call goes on where the last one ended. */
#pragma once

#include "event/alert.h"
#include "event/streams.h"
#include "lib/redis.h"

struct alert_stream;

/* One alert as read, borrowed for the call. `ms` and `seq` are its entry's id. */
struct alert_entry {
	uint64_t ms, seq;
	unsigned bucket;
	struct slice json;
	const struct alert *alert;
};

/* False ends the reading of this stream (of history: older ones are not wanted). */
typedef bool alert_stream_fn(void *ctx, const struct alert_entry *entry);

struct alert_stream *alert_stream_new(struct redis *redis);
void alert_stream_free(struct alert_stream **s);

/* Each stream from its newest entry back to `since_ms` (since 1970), stream after stream. */
int alert_stream_history(struct alert_stream *s, uint64_t since_ms, alert_stream_fn *fn, void *ctx)
	__attribute__((warn_unused_result));

/* What analysts did since then: each alert with its standing after one change, in any order. */
int alert_stream_changes(struct alert_stream *s, uint64_t since_ms, alert_stream_fn *fn, void *ctx)
	__attribute__((warn_unused_result));

/* What came after the last call, oldest first within each stream. */
int alert_stream_next(struct alert_stream *s, alert_stream_fn *fn, void *ctx)
	__attribute__((warn_unused_result));

uint64_t alert_stream_unreadable(const struct alert_stream *s); /* entries that are no alert */
