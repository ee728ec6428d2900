#include "ctl/alert_stream.h"

#include "lib/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_ENTRIES = 200, ID_MAX = 48 };

struct alert_stream {
	struct redis *redis;
	struct json_reader *json;
	struct arena *arena;
	struct alert alert;
	uint64_t unreadable;
	char names[ALERT_BUCKETS][STREAM_NAME_MAX];
	char last[ALERT_BUCKETS][ID_MAX]; /* the newest id seen */
};

struct alert_stream *alert_stream_new(struct redis *redis)
{
	struct alert_stream *s = mem_alloc(sizeof(*s));

	s->redis = redis;
	s->json = json_reader_new(ALERT_JSON_MAX);
	s->arena = arena_new();
	for (unsigned b = 0; b < ALERT_BUCKETS; b++) {
		stream_alerts(b, s->names[b]);
		memcpy(s->last[b], "0", sizeof("0"));
	}
	return s;
}

void alert_stream_free(struct alert_stream **s)
{
	if (!*s)
		return;
	json_reader_free(&(*s)->json);
	arena_free(&(*s)->arena);
	mem_free(*s);
	*s = NULL;
}

uint64_t alert_stream_unreadable(const struct alert_stream *s)
{
	return s->unreadable;
}

static bool id_read(struct slice id, struct alert_entry *ret)
{
	struct slice ms;

	return slice_cut(&id, '-', &ms) && slice_to_u64(ms, &ret->ms) &&
		slice_to_u64(id, &ret->seq);
}

static struct slice field_of(const struct redis_reply *fields, const char *name)
{
	for (size_t i = 0; i + 1 < redis_reply_count(fields); i += 2)
		if (slice_is(redis_reply_text(redis_reply_at(fields, i)), name))
			return redis_reply_text(redis_reply_at(fields, i + 1));
	return (struct slice){0};
}

/* One [id, [field, value …]] of a range; an entry that is no alert is only counted. */
static bool give(struct alert_stream *s, struct alert_entry *entry, const struct redis_reply *pair,
	alert_stream_fn *fn, void *ctx)
{
	struct json_value root;
	struct err err = {0};

	if (!id_read(redis_reply_text(redis_reply_at(pair, 0)), entry))
		return true;
	entry->json = field_of(redis_reply_at(pair, 1), ALERT_FIELD_BODY);
	entry->alert = &s->alert;
	arena_rewind(s->arena);
	if (!json_read(s->json, entry->json, &root, &err) ||
		!alert_read(root, s->arena, &s->alert, &err)) {
		s->unreadable++;
		return true;
	}
	return fn(ctx, entry);
}

static int range_of(struct alert_stream *s, struct slice name, const char *end, const char *start,
	struct redis_reply **ret)
{
	const struct slice args[] = {SLICE("XREVRANGE"), name, slice_of(end), slice_of(start),
		SLICE("COUNT"), SLICE("200")};
	int err = redis_call(s->redis, name, args, sizeof(args) / sizeof(args[0]), ret);

	if (err)
		return err;
	if (redis_reply_kind(*ret) == REDIS_ARRAY)
		return 0;
	redis_reply_free(ret);
	return -EPROTO;
}

static void id_copy(char ret[ID_MAX], const char *prefix, struct slice id)
{
	(void)snprintf(ret, ID_MAX, "%s%.*s", prefix, SLICE_ARG(id));
}

/* A stream and its last id, "" when nobody asks for it again. */
struct source {
	unsigned bucket;
	struct slice name;
	char *last;
};

static int source_history(struct alert_stream *s, const struct source *source, const char *start,
	alert_stream_fn *fn, void *ctx)
{
	char end[ID_MAX] = "+";
	size_t count = PAGE_ENTRIES;
	bool more = true;

	for (bool first = true; more && count == PAGE_ENTRIES; first = false) {
		CLEANUP(redis_reply_free) struct redis_reply *page = NULL;
		int err = range_of(s, source->name, end, start, &page);

		if (err)
			return err;
		count = redis_reply_count(page);
		for (size_t i = 0; more && i < count; i++) {
			const struct redis_reply *pair = redis_reply_at(page, i);
			struct slice id = redis_reply_text(redis_reply_at(pair, 0));

			if (first && i == 0 && source->last)
				id_copy(source->last, "", id);
			id_copy(end, "(", id);
			more = give(
				s, &(struct alert_entry){.bucket = source->bucket}, pair, fn, ctx);
		}
	}
	return 0;
}

int alert_stream_changes(struct alert_stream *s, uint64_t since_ms, alert_stream_fn *fn, void *ctx)
{
	char start[ID_MAX];

	(void)snprintf(start, sizeof(start), "%" PRIu64, since_ms);
	return source_history(s, &(struct source){.name = SLICE(CHANGE_STREAM)}, start, fn, ctx);
}

int alert_stream_history(struct alert_stream *s, uint64_t since_ms, alert_stream_fn *fn, void *ctx)
{
	char start[ID_MAX];
	int err = 0;

	(void)snprintf(start, sizeof(start), "%" PRIu64, since_ms);
	for (unsigned b = 0; b < ALERT_BUCKETS && !err; b++) {
		if (strcmp(s->last[b], "0") == 0)
			(void)snprintf(s->last[b], ID_MAX, "%" PRIu64, since_ms ? since_ms - 1 : 0);
		err = source_history(
			s, &(struct source){b, slice_of(s->names[b]), s->last[b]}, start, fn, ctx);
	}
	return err;
}

struct following {
	struct alert_stream *s;
	alert_stream_fn *fn;
	void *ctx;
};

static void on_range(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct following *following = ctx;
	struct alert_stream *s = following->s;

	if (redis_reply_kind(reply) != REDIS_ARRAY)
		return;
	for (size_t i = 0; i < redis_reply_count(reply); i++) {
		const struct redis_reply *pair = redis_reply_at(reply, i);
		struct alert_entry entry = {.bucket = (unsigned)index};

		id_copy(s->last[index], "", redis_reply_text(redis_reply_at(pair, 0)));
		if (!give(s, &entry, pair, following->fn, following->ctx))
			return;
	}
}

int alert_stream_next(struct alert_stream *s, alert_stream_fn *fn, void *ctx)
{
	struct following following = {s, fn, ctx};

	for (unsigned b = 0; b < ALERT_BUCKETS; b++) {
		struct slice name = slice_of(s->names[b]);
		char after[ID_MAX];

		id_copy(after, "(", slice_of(s->last[b]));
		redis_queue(s->redis, name,
			(struct slice[]){SLICE("XRANGE"), name, slice_of(after), SLICE("+"),
				SLICE("COUNT"), SLICE("200")},
			6);
	}
	return redis_flush(s->redis, on_range, &following);
}
