#include "collector/sink.h"

#include "collector/limits.h"
#include "event/batch.h"
#include "event/streams.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { NUMBER_MAX = 24, POSITION_MAX = 1024 };

/* KEYS: the stream, its position. Gives position and last id; texts, empty for none. */
static const char open_source[] =
	"local info = redis.pcall('XINFO', 'STREAM', KEYS[1])\n"
	"local last = ''\n"
	"if not info.err then\n"
	"  for i = 1, #info, 2 do\n"
	"    if info[i] == 'last-generated-id' then last = info[i + 1] end\n"
	"  end\n"
	"end\n"
	"return {redis.call('GET', KEYS[2]) or '', last}\n";

/* KEYS as above; ARGV: the position that is replaced, the new one, how many entries the stream
 * may hold, and per entry its id and batch. 1, or why nothing was written. */
static const char write_source[] =
	"if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 'moved' end\n"
	"if #ARGV > 3 and redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 'full' end\n"
	"for i = 4, #ARGV, 2 do\n"
	"  redis.call('XADD', KEYS[1], ARGV[i], '" EVENT_FIELD_BATCH "', ARGV[i + 1])\n"
	"end\n"
	"redis.call('SET', KEYS[2], ARGV[2])\n"
	"return 1\n";

struct sink {
	struct redis *redis;
	char stream[STREAM_NAME_MAX], place[STREAM_NAME_MAX];
	char len_max[NUMBER_MAX];
	struct redis_script open, write;
	struct buf position;
	struct event_id last;
	struct batch_list batches, unused;
};

struct sink *sink_new(struct redis *redis, const char *name, int64_t stream_len_max)
{
	struct sink *s = mem_alloc(sizeof *s);

	s->redis = redis;
	stream_producer("net", name, 0, s->stream);
	stream_position("net", name, 0, s->place);
	must(snprintf(s->len_max, sizeof s->len_max, "%" PRId64, stream_len_max) > 0);
	s->open.source = open_source;
	s->write.source = write_source;
	redis_register_script(redis, &s->open);
	redis_register_script(redis, &s->write);
	return s;
}

void sink_free(struct sink **s)
{
	if (!*s)
		return;
	batch_list_release(&(*s)->batches);
	batch_list_release(&(*s)->unused);
	buf_release(&(*s)->position);
	mem_free(*s);
	*s = NULL;
}

static void forget(struct sink *s)
{
	struct batch *b;

	while ((b = batch_list_pop(&s->batches))) {
		batch_reset(b);
		batch_list_push(&s->unused, b);
	}
}

struct opened {
	struct sink *sink;
	bool is_refused;
};

static void on_opened(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct opened *o = ctx;
	struct event_id last;

	if (redis_reply_kind(reply) == REDIS_ERROR)
		o->is_refused = true;
	if (index == 0 || redis_reply_kind(reply) != REDIS_ARRAY || redis_reply_count(reply) != 2)
		return;
	buf_clear(&o->sink->position);
	buf_add_slice(&o->sink->position, redis_reply_text(redis_reply_at(reply, 0)));
	if (event_id_read(redis_reply_text(redis_reply_at(reply, 1)), &last) &&
		event_id_compare(last, o->sink->last) > 0)
		o->sink->last = last;
}

int sink_open(struct sink *s)
{
	const struct slice add[] = {SLICE("SADD"), SLICE(STREAM_INDEX), slice_of(s->stream)};
	struct redis_keys keys = {slice_of(s->stream), slice_of(s->place)};
	struct opened o = {.sink = s};

	forget(s);
	redis_queue(s->redis, add[1], add, 3);
	redis_queue_script(s->redis, &s->open, keys, NULL, 0);

	int failed = redis_flush(s->redis, on_opened, &o);
	return failed ? failed : o.is_refused ? -EIO : 0;
}

struct slice sink_position(const struct sink *s)
{
	return buf_slice(&s->position);
}

struct event_id sink_next_id(struct sink *s, int64_t wall_us)
{
	s->last = event_id_next(s->last, wall_us);
	return s->last;
}

void sink_add(struct sink *s, struct event_id id, struct slice json)
{
	struct batch *b = s->batches.last;

	if (!b || b->count >= BATCH_EVENTS || b->text.len >= BATCH_LEN_MAX) {
		b = batch_list_pop(&s->unused);
		b = b ? b : batch_new();
		batch_add(b, id, json);
		batch_list_push(&s->batches, b);
		return;
	}
	batch_add(b, id, json);
	s->batches.events++;
	s->batches.len += json.len + 1;
}

size_t sink_events(const struct sink *s)
{
	return s->batches.events;
}

struct written {
	int said; /* of sink_commit() */
};

static void on_written(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct written *w = ctx;

	(void)index;
	if (redis_reply_kind(reply) == REDIS_INT)
		w->said = 0;
	else if (slice_is(redis_reply_text(reply), "full") ||
		slice_starts(redis_reply_text(reply), SLICE("OOM")))
		w->said = -EAGAIN;
}

int sink_commit(struct sink *s, struct slice position)
{
	CLEANUP(buf_release) struct buf ids = {0};
	CLEANUP(mem_cleanup) struct slice *args = NULL;
	struct written w = {.said = -EIO};
	size_t count = 3;

	must(position.len <= POSITION_MAX);
	for (struct batch *b = s->batches.first; b; b = b->next)
		count += 2;
	args = mem_array(count, sizeof *args);
	(void)buf_room(&ids, count * (EVENT_ID_LEN + 1));
	args[0] = buf_slice(&s->position);
	args[1] = position;
	args[2] = slice_of(s->len_max);
	count = 3;
	for (struct batch *b = s->batches.first; b; b = b->next) {
		event_id_write(b->id, ids.at + ids.len);
		args[count++] = (struct slice){ids.at + ids.len, EVENT_ID_LEN};
		args[count++] = buf_slice(&b->text);
		buf_grew(&ids, EVENT_ID_LEN);
	}
	redis_queue_script(s->redis, &s->write,
		(struct redis_keys){slice_of(s->stream), slice_of(s->place)}, args, count);

	int failed = redis_flush(s->redis, on_written, &w);
	if (failed)
		return failed == -EAGAIN ? -ENOTCONN : failed;
	if (w.said == 0) {
		buf_clear(&s->position);
		buf_add_slice(&s->position, position);
		forget(s);
	}
	return w.said;
}
