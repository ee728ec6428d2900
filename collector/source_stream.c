/* The Redis stream that Suricata 8 adds EVE lines to (mode stream, xadd). Its entries are left to
 * Suricata's own stream-maxlen. A position is "ID:NUMBER" of the entry read last, counted from the
 * first one ever added, so that what was trimmed before we read it is known to the entry. */
#include "collector/limits.h"
#include "collector/source.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_MAX = 24, ID_MAX = 48, SAID_MAX = 256 };

struct stream {
	const struct input_config *config;
	struct redis *redis;
	struct slice key;
	char after[ID_MAX]; /* "0" before the first */
	uint64_t number;    /* of that entry */
	bool is_new;        /* `number` is not known yet */
	char said[SAID_MAX];
	uint64_t lost;
};

static void *open_stream(const struct source_place *place)
{
	struct stream *s = mem_alloc(sizeof *s);
	struct redis_options options = *place->redis;

	if (*place->config->address)
		options = (struct redis_options){.address = place->config->address};
	s->config = place->config;
	s->key = slice_of(place->config->key);
	s->redis = redis_new(&options, place->clock);
	return s;
}

static void close_stream(void **source)
{
	struct stream *s = *source;

	redis_free(&s->redis);
	mem_free(s);
	*source = NULL;
}

static enum source_state away(struct stream *s, const struct redis_reply *reply)
{
	struct slice said = reply ? redis_reply_text(reply) : slice_of(redis_said(s->redis));

	(void)snprintf(s->said, sizeof s->said, "stream %s: %.*s", s->config->key,
		(int)(said.len < 160 ? said.len : 160), said.at);
	return SOURCE_AWAY;
}

static bool keep_id(struct stream *s, struct slice id)
{
	if (id.len == 0 || id.len >= sizeof s->after)
		return false;
	memcpy(s->after, id.at, id.len);
	s->after[id.len] = '\0';
	return true;
}

struct info {
	uint64_t length, added;
	char last[ID_MAX];
};

static void info_take(struct info *info, struct slice name, const struct redis_reply *value)
{
	if (slice_is(name, "length"))
		info->length = (uint64_t)redis_reply_int(value);
	else if (slice_is(name, "entries-added"))
		info->added = (uint64_t)redis_reply_int(value);
	else if (slice_is(name, "last-generated-id"))
		(void)snprintf(
			info->last, sizeof info->last, "%.*s", SLICE_ARG(redis_reply_text(value)));
}

/* All zero for a stream that is not there yet. */
static bool info_get(struct stream *s, struct info *ret)
{
	const struct slice args[] = {SLICE("XINFO"), SLICE("STREAM"), s->key};
	struct redis_reply *reply;

	*ret = (struct info){.last = "0"};
	if (redis_call(s->redis, s->key, args, 3, &reply) < 0) {
		(void)away(s, NULL);
		return false;
	}

	bool is_known = redis_reply_kind(reply) != REDIS_ERROR ||
		slice_starts(redis_reply_text(reply), SLICE("ERR no such key"));
	if (!is_known) /* to begin at 0 would take what was there before us */
		(void)away(s, reply);
	for (size_t i = 0; i + 1 < redis_reply_count(reply); i += 2)
		info_take(ret, redis_reply_text(redis_reply_at(reply, i)),
			redis_reply_at(reply, i + 1));
	redis_reply_free(&reply);
	return is_known;
}

static enum source_state resume(void *source, struct slice position)
{
	struct stream *s = source;
	struct slice id;

	(void)keep_id(s, SLICE("0"));
	s->is_new = true;
	if (!slice_cut(&position, ':', &id) || !keep_id(s, id))
		return SOURCE_BUSY;
	s->is_new = !slice_to_u64(position, &s->number);
	return SOURCE_BUSY;
}

/* Where to begin at the very first time, and what Suricata trimmed before we read it. */
static bool catch_up(struct stream *s)
{
	struct info info;

	if (!info_get(s, &info))
		return false;

	uint64_t removed = info.added > info.length ? info.added - info.length : 0;

	if (s->is_new) {
		s->number = s->config->from_start ? removed : info.added;
		if (!s->config->from_start)
			(void)keep_id(s, slice_of(info.last));
		s->is_new = false;
	}
	if (removed > s->number) {
		s->lost += removed - s->number;
		log_error("events are lost: the stream was trimmed before they were read key=%s",
			s->config->key);
		s->number = removed;
	}
	return true;
}

/* The first value that is an object: Suricata's entries have one field. */
static struct slice line_of(const struct redis_reply *fields)
{
	for (size_t i = 1; i < redis_reply_count(fields); i += 2) {
		struct slice value = redis_reply_text(redis_reply_at(fields, i));

		if (slice_starts(slice_trim(value), SLICE("{")))
			return value;
	}
	return SLICE("");
}

static enum source_state read_stream(void *source, size_t lines_max, source_on_line *fn, void *ctx)
{
	struct stream *s = source;
	char count[NUMBER_MAX], from[ID_MAX + 1];
	struct redis_reply *reply;

	if (!catch_up(s))
		return SOURCE_AWAY;
	(void)snprintf(count, sizeof count, "%zu", lines_max);
	(void)snprintf(from, sizeof from, "(%s", s->after);

	const struct slice args[] = {SLICE("XRANGE"), s->key, slice_of(from), SLICE("+"),
		SLICE("COUNT"), slice_of(count)};

	if (redis_call(s->redis, s->key, args, 6, &reply) < 0)
		return away(s, NULL);

	enum source_state state = SOURCE_IDLE;
	if (redis_reply_kind(reply) != REDIS_ARRAY)
		state = away(s, reply);
	else
		s->said[0] = '\0';
	for (size_t i = 0; state != SOURCE_AWAY && i < redis_reply_count(reply); i++) {
		const struct redis_reply *entry = redis_reply_at(reply, i);

		fn(ctx, line_of(redis_reply_at(entry, 1)));
		(void)keep_id(s, redis_reply_text(redis_reply_at(entry, 0)));
		s->number++;
		state = i + 1 == lines_max ? SOURCE_BUSY : state;
	}
	redis_reply_free(&reply);
	return state;
}

static void position(const void *source, struct buf *out)
{
	const struct stream *s = source;

	buf_printf(out, "%s:%" PRIu64, s->after, s->number);
}

static const char *said(const void *source)
{
	return ((const struct stream *)source)->said;
}

static uint64_t lost(const void *source)
{
	return ((const struct stream *)source)->lost;
}

const struct source_kind source_stream = {
	.open = open_stream,
	.close = close_stream,
	.resume = resume,
	.read = read_stream,
	.position = position,
	.said = said,
	.lost = lost,
};
