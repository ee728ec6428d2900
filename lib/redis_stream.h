/* Redis streams as this project uses them: consumer groups over many streams at once.
 *
 *     struct redis_group_read read = {.group = SLICE("courier"), .consumer = SLICE("1"),
 *             .streams = names, .stream_count = n, .count = 100, .block_ms = 200};
 *     redis_group_read(r, &read, on_entry, ctx);
 *     redis_stream_ack(r, names[0], group, ids, count);
 *
 * On one node a read is a single command that blocks; in a cluster one command a stream, repeated
 * every 25 ms at the latest until there is something. Slices in callbacks are borrowed for the call.
 * All return 0 or -errno as redis_flush() does. */
#pragma once

#include "lib/redis.h"

struct redis_group_read {
	struct slice group, consumer;
	const struct slice *streams;
	size_t stream_count;
	const struct slice
		*after;   /* per stream an id: this consumer's own pending entries after it;
				      NULL: entries never delivered (">") */
	size_t count;     /* entries per stream at most */
	int64_t block_ms; /* wait this long for a first entry; 0: do not wait */
};

/* `fields` are name, value, name, value … An entry deleted while pending has field_count 0. */
typedef void redis_on_entry(void *ctx, size_t stream_index, struct slice id,
	const struct slice *fields, size_t field_count);

/* -ENOENT when a group does not exist (make it, then read again). */
int redis_group_read(struct redis *r, const struct redis_group_read *read, redis_on_entry *fn,
	void *ctx) __attribute__((warn_unused_result));

/* Makes stream and group where missing, the group starting at `start` ("0" or "$"); existing ones
 * are left as they are. -ENOSPC when Redis is full. */
int redis_group_make(struct redis *r, const struct slice *streams, size_t count, struct slice group,
	struct slice start) __attribute__((warn_unused_result));

int redis_stream_ack(struct redis *r, struct slice stream, struct slice group,
	const struct slice *ids, size_t count) __attribute__((warn_unused_result));
