/* What the tests of publishing share: numbered events, and what of them stands in a stream. */
#pragma once

#include "event/publish.h"
#include "event/streams.h"
#include "lib/json_read.h"
#include "lib/json_write.h"
#include "lib/mem.h"
#include "tests/redis_server.h"
#include "tests/unit/test.h"

/* Publishes {"event_id":…,"n":first}, … at the given wall time. */
static inline void publish_numbers(struct publish *p, uint64_t first, size_t count, int64_t wall_us)
{
	CLEANUP(buf_release) struct buf line = {0};

	for (uint64_t n = first; n < first + count; n++) {
		char text[EVENT_ID_LEN + 1];
		struct event_id id = publish_next_id(p, wall_us);
		struct json_writer w = json_writer_on(&line);

		event_id_write(id, text);
		buf_clear(&line);
		json_begin_object(&w);
		json_key(&w, "event_id");
		json_text(&w, slice_of(text));
		json_key(&w, "n");
		json_uint(&w, n);
		json_end_object(&w);
		publish_event(p, id, buf_slice(&line));
	}
}

/* What a stream holds. */
struct stream_view {
	uint64_t *numbers; /* in the order of the stream */
	size_t count, entries;
	bool ids_grow;      /* from event to event */
	bool entry_is_last; /* each entry has the id of its last event */
	struct event_id first, last;
	struct json_reader *json;
};

static inline void stream_view_event(struct stream_view *v, struct slice line)
{
	struct json_value root, n;
	struct slice id_text = {0};
	struct event_id id;
	struct err err = {0};

	assert_true(json_read(v->json, line, &root, &err));
	assert_true(json_get(root, "n", &n) && json_get_text(root, "event_id", &id_text));
	assert_true(event_id_read(id_text, &id));
	if ((v->count & (v->count - 1)) == 0) /* none, or a power of two: full */
		v->numbers =
			mem_resize(v->numbers, v->count ? 2 * v->count : 1, sizeof *v->numbers);
	assert_true(json_to_u64(n, &v->numbers[v->count]));
	if (v->count++ == 0)
		v->first = id;
	else
		v->ids_grow &= event_id_compare(v->last, id) < 0;
	v->last = id;
}

static inline struct stream_view stream_view_read(const char *address, const char *stream)
{
	const struct redis_options options = {.address = address};
	struct stream_view v = {
		.ids_grow = true, .entry_is_last = true, .json = json_reader_new(1 << 20)};
	struct redis *r = redis_new(&options, clock_system());
	const struct slice args[] = {SLICE("XRANGE"), slice_of(stream), SLICE("-"), SLICE("+")};
	struct redis_reply *all;

	assert_int_equal(redis_call(r, args[1], args, 4, &all), 0);
	v.entries = redis_reply_count(all);
	for (size_t i = 0; i < v.entries; i++) {
		const struct redis_reply *entry = redis_reply_at(all, i);
		const struct redis_reply *fields = redis_reply_at(entry, 1);
		struct slice rest, line;
		struct event_id id;

		assert_true(event_id_read(redis_reply_text(redis_reply_at(entry, 0)), &id));
		assert_true(
			slice_is(redis_reply_text(redis_reply_at(fields, 0)), EVENT_FIELD_BATCH));
		rest = redis_reply_text(redis_reply_at(fields, 1));
		while (slice_cut(&rest, '\n', &line))
			stream_view_event(&v, line);
		v.entry_is_last &= event_id_compare(id, v.last) == 0;
	}
	redis_reply_free(&all);
	redis_free(&r);
	return v;
}

static inline void stream_view_release(struct stream_view *v)
{
	json_reader_free(&v->json);
	mem_free(v->numbers);
}

/* The stream holds first, first + 1, … and nothing else, in order, with growing ids. */
static inline void assert_stream_is(
	const char *address, const char *stream, uint64_t first, size_t count)
{
	CLEANUP(stream_view_release)
	struct stream_view v = stream_view_read(address, stream);

	assert_int_equal(v.count, count);
	for (size_t i = 0; v.numbers && i < count; i++)
		assert_int_equal(v.numbers[i], first + i);
	assert_true(v.ids_grow);
	assert_true(v.entry_is_last);
}
