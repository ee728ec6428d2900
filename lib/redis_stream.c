#include "lib/redis_stream.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

/* Redis looks for clients that have blocked long enough only ten times a second. */
enum {
	FIELDS_MAX = 64,
	NUMBER_ROOM = 24,
	BLOCK_SLACK_MS = 200,
	LOOK_MIN_MS = 2, /* between two looks at the streams of a cluster */
	LOOK_MAX_MS = 25,
};

/* The words of a command, counted first. */
struct words {
	struct slice *at;
	size_t count;
};

static void add_word(struct words *w, struct slice word)
{
	w->at[w->count++] = word;
}

static struct slice number(char room[NUMBER_ROOM], int64_t value)
{
	int len = snprintf(room, NUMBER_ROOM, "%lld", (long long)value);

	return (struct slice){room, (size_t)len};
}

static void read_entry(
	const struct redis_reply *entry, size_t stream, redis_on_entry *fn, void *ctx)
{
	struct slice fields[FIELDS_MAX];
	size_t count = 0;

	if (redis_reply_count(entry) != 2)
		return;

	const struct redis_reply *list = redis_reply_at(entry, 1);

	for (; count < redis_reply_count(list) && count < FIELDS_MAX; count++)
		fields[count] = redis_reply_text(redis_reply_at(list, count));
	fn(ctx, stream, redis_reply_text(redis_reply_at(entry, 0)), fields, count);
}

/* Replies come in the order of the request, but a stream without new entries is left out. */
static size_t stream_index(const struct redis_group_read *read, struct slice name, size_t from)
{
	for (size_t i = 0; i < read->stream_count; i++) {
		size_t at = (from + i) % read->stream_count;

		if (slice_equal(read->streams[at], name))
			return at;
	}
	return read->stream_count;
}

static void read_streams(const struct redis_reply *reply, const struct redis_group_read *read,
	redis_on_entry *fn, void *ctx)
{
	size_t next = 0;

	for (size_t i = 0; i < redis_reply_count(reply); i++) {
		const struct redis_reply *stream = redis_reply_at(reply, i);

		if (redis_reply_count(stream) != 2)
			continue;

		size_t index =
			stream_index(read, redis_reply_text(redis_reply_at(stream, 0)), next);
		const struct redis_reply *entries = redis_reply_at(stream, 1);

		if (index == read->stream_count)
			continue;
		next = index + 1;
		for (size_t e = 0; e < redis_reply_count(entries); e++)
			read_entry(redis_reply_at(entries, e), index, fn, ctx);
	}
}

static int error_of(const struct redis_reply *reply)
{
	struct slice said = redis_reply_text(reply);

	if (redis_reply_kind(reply) != REDIS_ERROR)
		return 0;
	if (slice_starts(said, SLICE("NOGROUP")))
		return -ENOENT;
	if (slice_starts(said, SLICE("OOM")))
		return -ENOSPC;
	if (slice_starts(said, SLICE("NOPERM")))
		return -EACCES;
	return -EIO;
}

static void add_fixed_words(
	struct words *w, const struct redis_group_read *read, char room[NUMBER_ROOM])
{
	add_word(w, SLICE("XREADGROUP"));
	add_word(w, SLICE("GROUP"));
	add_word(w, read->group);
	add_word(w, read->consumer);
	add_word(w, SLICE("COUNT"));
	add_word(w, number(room, (int64_t)read->count));
}

static int read_at_once(
	struct redis *r, const struct redis_group_read *read, redis_on_entry *fn, void *ctx)
{
	enum { FIXED_WORDS = 9 };
	char count[NUMBER_ROOM], block[NUMBER_ROOM];
	CLEANUP(mem_cleanup)
	struct slice *room = mem_array(FIXED_WORDS + 2 * read->stream_count, sizeof *room);
	struct words w = {.at = room};
	struct redis_reply *reply;

	add_fixed_words(&w, read, count);
	if (read->block_ms > 0 && !read->after) {
		add_word(&w, SLICE("BLOCK"));
		add_word(&w, number(block, read->block_ms));
		redis_be_patient(r, read->block_ms + BLOCK_SLACK_MS);
	}
	add_word(&w, SLICE("STREAMS"));
	for (size_t i = 0; i < read->stream_count; i++)
		add_word(&w, read->streams[i]);
	for (size_t i = 0; i < read->stream_count; i++)
		add_word(&w, read->after ? read->after[i] : SLICE(">"));

	int error = redis_call(r, read->streams[0], w.at, w.count, &reply);

	if (error)
		return error;
	error = error_of(reply);
	if (!error)
		read_streams(reply, read, fn, ctx);
	redis_reply_free(&reply);
	return error;
}

/* One look at all streams, a command for each: they lie in different slots. */
struct look {
	const struct redis_group_read *read;
	redis_on_entry *fn;
	void *ctx;
	size_t seen; /* streams that gave something */
	int error;
};

static void on_look(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct look *look = ctx;

	if (!look->error)
		look->error = error_of(reply);
	if (redis_reply_count(reply) != 1)
		return;

	const struct redis_reply *stream = redis_reply_at(reply, 0);

	if (redis_reply_count(stream) != 2)
		return;
	const struct redis_reply *entries = redis_reply_at(stream, 1);

	look->seen += redis_reply_count(entries) > 0;
	for (size_t e = 0; e < redis_reply_count(entries); e++)
		read_entry(redis_reply_at(entries, e), index, look->fn, look->ctx);
}

static int look_once(struct redis *r, struct look *look)
{
	enum { WORDS = 9 };
	const struct redis_group_read *read = look->read;

	for (size_t i = 0; i < read->stream_count; i++) {
		char count[NUMBER_ROOM];
		struct slice room[WORDS];
		struct words w = {.at = room};

		add_fixed_words(&w, read, count);
		add_word(&w, SLICE("STREAMS"));
		add_word(&w, read->streams[i]);
		add_word(&w, read->after ? read->after[i] : SLICE(">"));
		redis_queue(r, read->streams[i], w.at, w.count);
	}

	int error = redis_flush(r, on_look, look);

	return error ? error : look->error;
}

/* No command of a cluster waits for streams of several slots: looks again and again, at first soon. */
static int read_by_looking(
	struct redis *r, const struct redis_group_read *read, redis_on_entry *fn, void *ctx)
{
	const struct clock *clock = clock_system();
	mono_t until = mono_after(clock_mono(clock), read->after ? 0 : read->block_ms);
	struct look look = {.read = read, .fn = fn, .ctx = ctx};

	for (int wait_ms = LOOK_MIN_MS;;
		wait_ms = wait_ms * 2 > LOOK_MAX_MS ? LOOK_MAX_MS : wait_ms * 2) {
		int error = look_once(r, &look);
		int64_t left_ms = mono_left_ms(until, clock_mono(clock));

		if (error || look.seen || left_ms == 0)
			return error;
		(void)poll(NULL, 0, left_ms < wait_ms ? (int)left_ms : wait_ms);
	}
}

int redis_group_read(
	struct redis *r, const struct redis_group_read *read, redis_on_entry *fn, void *ctx)
{
	must(read->stream_count && read->count);
	return redis_is_cluster(r) ? read_by_looking(r, read, fn, ctx)
				   : read_at_once(r, read, fn, ctx);
}

static void group_made(void *ctx, size_t index, const struct redis_reply *reply)
{
	int *error = ctx;
	bool exists = slice_starts(redis_reply_text(reply), SLICE("BUSYGROUP"));

	(void)index;
	if (!*error && !exists)
		*error = error_of(reply);
}

int redis_group_make(struct redis *r, const struct slice *streams, size_t count, struct slice group,
	struct slice start)
{
	int refused = 0;

	for (size_t i = 0; i < count; i++) {
		const struct slice args[] = {SLICE("XGROUP"), SLICE("CREATE"), streams[i], group,
			start, SLICE("MKSTREAM")};

		redis_queue(r, streams[i], args, sizeof args / sizeof *args);
	}

	int error = redis_flush(r, group_made, &refused);

	return error ? error : refused;
}

int redis_stream_ack(struct redis *r, struct slice stream, struct slice group,
	const struct slice *ids, size_t count)
{
	enum { FIXED_WORDS = 3 };
	CLEANUP(mem_cleanup)
	struct slice *room = mem_array(FIXED_WORDS + count, sizeof *room);
	struct words w = {.at = room};
	struct redis_reply *reply;

	if (!count)
		return 0;
	add_word(&w, SLICE("XACK"));
	add_word(&w, stream);
	add_word(&w, group);
	for (size_t i = 0; i < count; i++)
		add_word(&w, ids[i]);

	int error = redis_call(r, stream, w.at, w.count, &reply);

	if (error)
		return error;
	error = error_of(reply);
	redis_reply_free(&reply);
	return error;
}
