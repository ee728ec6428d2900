/* Where the events of a durable source go: its producer stream, together with the place in the
 * source up to which they were taken. Both are written in one script, so that after any failure
 * reading goes on at exactly the place that the stream has reached: nothing is lost or doubled.
 *
 *     struct sink *sink = sink_new(redis, "suricata");
 *     if (sink_open(sink) == 0)                   (again after every failure)
 *             ... resume the source at sink_position(sink) ...
 *     struct event_id id = sink_next_id(sink, wall_us);
 *     sink_add(sink, id, json);                   (as many as were read)
 *     int said = sink_commit(sink, position);
 *
 * The text of a position is the source's own; empty means none was ever written. */
#pragma once

#include "event/id.h"
#include "lib/redis.h"

struct sink;

/* `redis` is borrowed and used by no one else between sink_add() and sink_commit(). */
struct sink *sink_new(struct redis *redis, const char *name, int64_t stream_len_max);
void sink_free(struct sink **s);

/* Reads position and last id. 0 or -errno; what was added and not committed is forgotten. */
int sink_open(struct sink *s) __attribute__((warn_unused_result));
struct slice sink_position(const struct sink *s); /* until the next call that changes the sink */

struct event_id sink_next_id(struct sink *s, int64_t wall_us);
void sink_add(struct sink *s, struct event_id id, struct slice json);
size_t sink_events(const struct sink *s); /* added and not committed */

/* 0: written. -EAGAIN: the stream is full, keep what was added and commit again later. Anything
 * else: unknown what was written, sink_open() tells. */
int sink_commit(struct sink *s, struct slice position) __attribute__((warn_unused_result));
