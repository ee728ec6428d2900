#include "probe/stream.h"

#include "lib/must.h"

#include <string.h>

void stream_start(struct stream *s, uint32_t seq)
{
	*s = (struct stream){.next = seq, .started = true};
}

void stream_end(struct stream *s, struct pool *buffers)
{
	if (s->buffer)
		pool_give(buffers, s->buffer);
	s->buffer = NULL;
	s->range_count = 0;
	s->ended = true;
}

static enum stream_result end_with(
	struct stream *s, const struct stream_reader *reader, enum stream_result result)
{
	stream_end(s, reader->buffers);
	return result;
}

/* Bytes in the buffer that follow `next` without a hole. */
static size_t front_len(const struct stream *s)
{
	return s->range_count > 0 && s->ranges[0].from == 0 ? s->ranges[0].to : 0;
}

bool stream_has_hole(const struct stream *s)
{
	return s->range_count > 0 && s->ranges[0].from > 0;
}

/* Writes what no range holds yet of [from, from + len). */
static void write_holes(struct stream *s, size_t from, struct slice bytes)
{
	size_t at = from, end = from + bytes.len;

	for (unsigned i = 0; i < s->range_count && at < end; i++) {
		size_t hole_end = s->ranges[i].from < end ? s->ranges[i].from : end;

		if (at < hole_end)
			memcpy(s->buffer + at, bytes.at + (at - from), hole_end - at);
		if (at < s->ranges[i].to)
			at = s->ranges[i].to;
	}
	if (at < end)
		memcpy(s->buffer + at, bytes.at + (at - from), end - at);
}

/* Adds [from, to), joined with the ranges it touches; false when there are too many. */
static bool add_range(struct stream *s, size_t from, size_t to)
{
	unsigned first = 0, last;

	while (first < s->range_count && s->ranges[first].to < from)
		first++;
	last = first;
	while (last < s->range_count && s->ranges[last].from <= to) {
		if (s->ranges[last].from < from)
			from = s->ranges[last].from;
		if (s->ranges[last].to > to)
			to = s->ranges[last].to;
		last++;
	}
	if (last == first && s->range_count == STREAM_RANGES_MAX)
		return false;
	memmove(&s->ranges[first + 1], &s->ranges[last],
		(s->range_count - last) * sizeof s->ranges[0]);
	s->ranges[first] = (struct stream_range){(uint16_t)from, (uint16_t)to};
	s->range_count = (uint8_t)(s->range_count - (last - first) + 1);
	return true;
}

static void drop_front(struct stream *s, size_t len)
{
	size_t extent = s->range_count > 0 ? s->ranges[s->range_count - 1].to : 0;
	unsigned kept = 0;

	s->next += (uint32_t)len;
	if (len < extent)
		memmove(s->buffer, s->buffer + len, extent - len);
	for (unsigned i = 0; i < s->range_count; i++) {
		struct stream_range r = s->ranges[i];

		if (r.to <= len)
			continue;
		r.from = (uint16_t)(r.from > len ? r.from - len : 0);
		r.to = (uint16_t)(r.to - len);
		s->ranges[kept++] = r;
	}
	s->range_count = (uint8_t)kept;
}

static enum stream_result read_buffer(struct stream *s, const struct stream_reader *reader)
{
	size_t len, at;

	while ((len = front_len(s)) > 0) {
		for (at = 0; at < len;) {
			size_t taken =
				reader->read(reader->ctx, slice_over(s->buffer + at, len - at));

			if (taken == STREAM_DONE)
				return end_with(s, reader, STREAM_ENDED);
			if (taken == 0)
				break;
			must(taken <= len - at || taken - (len - at) <= STREAM_SKIP_MAX);
			at += taken;
		}
		if (at == 0 && len == STREAM_BUFFER_LEN)
			return end_with(s, reader, STREAM_FULL);
		drop_front(s, at); /* once: a reader may take a byte at a time */
		if (at < len)
			break;
	}
	return STREAM_OK;
}

static void give_back_if_empty(struct stream *s, const struct stream_reader *reader)
{
	if (!s->buffer || s->range_count > 0)
		return;
	pool_give(reader->buffers, s->buffer);
	s->buffer = NULL;
}

static bool has_buffer(struct stream *s, const struct stream_reader *reader)
{
	if (!s->buffer)
		s->buffer = pool_take(reader->buffers);
	return s->buffer != NULL;
}

/* In order and nothing is kept: the reader sees the segment itself. */
static enum stream_result read_segment(
	struct stream *s, const struct stream_reader *reader, struct slice bytes)
{
	while (bytes.len > 0) {
		size_t taken = reader->read(reader->ctx, bytes);

		if (taken == STREAM_DONE)
			return end_with(s, reader, STREAM_ENDED);
		if (taken == 0)
			break;
		must(taken <= bytes.len || taken - bytes.len <= STREAM_SKIP_MAX);
		s->next += (uint32_t)taken;
		bytes = slice_from(bytes, taken);
	}
	if (bytes.len == 0)
		return STREAM_OK;
	if (bytes.len >= STREAM_BUFFER_LEN || !has_buffer(s, reader))
		return end_with(s, reader, STREAM_FULL);
	memcpy(s->buffer, bytes.at, bytes.len);
	(void)add_range(s, 0, bytes.len);
	return STREAM_OK;
}

static enum stream_result keep_segment(
	struct stream *s, const struct stream_reader *reader, size_t offset, struct slice bytes)
{
	while (bytes.len > 0) {
		if (offset >= STREAM_BUFFER_LEN)
			return end_with(s, reader, STREAM_GAP);
		if (!has_buffer(s, reader))
			return end_with(s, reader, STREAM_FULL);

		size_t room = STREAM_BUFFER_LEN - offset;
		size_t len = bytes.len < room ? bytes.len : room;
		uint32_t before = s->next;

		write_holes(s, offset, (struct slice){bytes.at, len});
		if (!add_range(s, offset, offset + len))
			return end_with(s, reader, STREAM_GAP);

		enum stream_result result = read_buffer(s, reader);
		if (result != STREAM_OK)
			return result;
		give_back_if_empty(s, reader);

		/* What did not fit may be passed over or fit by now. */
		size_t moved = s->next - before;
		size_t passed = offset + len < moved ? moved - offset : len;
		bytes = slice_from(bytes, passed);
		offset = offset + passed - moved;
	}
	return STREAM_OK;
}

enum stream_result stream_segment(
	struct stream *s, const struct stream_reader *reader, uint32_t seq, struct slice payload)
{
	int32_t ahead = (int32_t)(seq - s->next);

	if (s->ended)
		return STREAM_ENDED;
	if (ahead < 0) {
		size_t old = (size_t)(-(int64_t)ahead);

		if (old >= payload.len)
			return STREAM_OK;
		payload = slice_from(payload, old);
		ahead = 0;
	}
	if (ahead == 0 && s->range_count == 0)
		return read_segment(s, reader, payload);
	return keep_segment(s, reader, (size_t)ahead, payload);
}
