/* Gives fuzzed bytes to a parser as two streams of segments, and reads all that it says.
 *
 * Input: segments, each behind two bytes: the highest bit is the side, the rest the length. */
#pragma once

#include "probe/proto/dns.h"

#include <stdalign.h>
#include <string.h>

static inline void feed_event(void *ctx, enum event_group group, const void *values)
{
	const struct event_common common = {.timestamp_us = 1};
	const struct event_part part = {group, values};
	struct json_writer w = json_writer_on(ctx);

	buf_clear(ctx);
	event_write(&w, &common, &part, 1);
}

static inline void feed_text(void *ctx, struct slice text)
{
	buf_clear(ctx);
	buf_add_slice(ctx, text);
}

static inline void feed_host(void *ctx, enum app app, struct slice name)
{
	(void)app;
	feed_text(ctx, name);
}

static inline void feed_app(void *ctx, enum app app)
{
	feed_text(ctx, slice_of(app_name(app)));
}

static inline struct proto_sink feed_sink(struct buf *said)
{
	return (struct proto_sink){said, feed_event, feed_host, feed_text, feed_app, feed_app};
}

struct feed {
	const struct proto *proto;
	enum side side;
	struct proto_sink sink;
	alignas(max_align_t) char state[PROTO_STATE_LEN];
};

static inline size_t feed_read(void *ctx, struct slice bytes)
{
	struct feed *f = ctx;
	size_t taken = f->proto->read(f->state, f->side, bytes, &f->sink);

	return taken == PROTO_AGAIN ? STREAM_DONE : taken;
}

static inline void feed_proto(const struct proto *proto, const uint8_t *data, size_t len)
{
	struct buf said = {0};
	struct feed f = {.proto = proto, .sink = feed_sink(&said)};
	struct pool *buffers = pool_new(STREAM_BUFFER_LEN, 2);
	const struct stream_reader reader = {feed_read, &f, buffers};
	struct stream streams[2];

	stream_start(&streams[0], 0);
	stream_start(&streams[1], 0);
	while (len > 2) {
		size_t want = (data[0] & 0x7fU) << 8 | data[1], have = len - 2;
		size_t take = want < have ? want : have;

		f.side = data[0] >> 7 ? SIDE_CLIENT : SIDE_SERVER;
		if (stream_segment(&streams[f.side], &reader, streams[f.side].next,
			    slice_over(data + 2, take)) == STREAM_GAP &&
			proto->lost)
			proto->lost(f.state, f.side, &f.sink);
		data += 2 + take;
		len -= 2 + take;
	}
	if (proto->end)
		proto->end(f.state, &f.sink);
	stream_end(&streams[0], buffers);
	stream_end(&streams[1], buffers);
	pool_free(&buffers);
	buf_release(&said);
}
