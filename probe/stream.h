/* One direction of a TCP connection as bytes in order, for as long as a parser wants them.
 *
 *     stream_start(&s, first_seq);
 *     switch (stream_segment(&s, &reader, seq, payload)) ...
 *     stream_end(&s, buffers);
 *
 * The reader takes bytes from the front and says how many it is done with; what it leaves is kept
 * (STREAM_BUFFER_LEN bytes at most) and shown again together with what follows. Segments out of
 * order wait in the same buffer; the first copy of a byte wins. Bodies are passed over without
 * being looked at, so that what is lost inside them does no harm. */
#pragma once

#include "lib/slice.h"
#include "probe/pool.h"

enum { STREAM_BUFFER_LEN = 16 * 1024, STREAM_RANGES_MAX = 8 };

/* Answers of a reader beside a number of bytes. A number above the bytes shown passes over bytes
 * still to come. */
#define STREAM_DONE SIZE_MAX /* wants no more of this direction */
enum { STREAM_SKIP_MAX = 1 << 30 };

struct stream_reader {
	size_t (*read)(void *ctx, struct slice bytes);
	void *ctx;
	struct pool *buffers; /* of STREAM_BUFFER_LEN bytes */
};

struct stream_range {
	uint16_t from, to;
};

struct stream {
	uint32_t next; /* sequence number of the first byte not taken */
	bool started, ended;
	uint8_t range_count;
	struct stream_range
		ranges[STREAM_RANGES_MAX]; /* what the buffer holds, counted from `next` */
	uint8_t *buffer;
};

enum stream_result {
	STREAM_OK,
	STREAM_ENDED, /* the reader is done */
	STREAM_GAP,   /* bytes are missing and more than the buffer holds came after them */
	STREAM_FULL, /* the reader wants more bytes at once than the buffer holds, or none is left */
};

void stream_start(struct stream *s, uint32_t seq);

/* After anything but STREAM_OK the direction has ended and its buffer is given back. */
enum stream_result stream_segment(
	struct stream *s, const struct stream_reader *reader, uint32_t seq, struct slice payload);

/* Whether bytes wait for others before them. */
bool stream_has_hole(const struct stream *s);

/* Gives the buffer back; more segments are ignored. */
void stream_end(struct stream *s, struct pool *buffers);
