#include "courier/inbox.h"

#include "event/alert.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One courier per group, so its consumer may always bear the same name: that is how a restarted
 * courier finds what it had taken. */
#define CONSUMER "1"

struct inbox {
	struct redis *redis;
	char group[STREAM_NAME_MAX];
	char dead[STREAM_NAME_MAX];
	char got[STREAM_NAME_MAX];
	char names[INBOX_STREAMS][STREAM_NAME_MAX];
	struct slice streams[INBOX_STREAMS];
	bool catching_up; /* own pending entries are still being read */
	char after[INBOX_STREAMS][ITEM_ID_MAX];
};

/* After a broken connection too: what Redis gave with the answer that was lost is pending, and what
 * it forgot of our acknowledgements is pending again. */
static void start_over(struct inbox *in)
{
	in->catching_up = true;
	for (unsigned b = 0; b < INBOX_STREAMS; b++)
		memcpy(in->after[b], "0", sizeof("0"));
}

struct inbox *inbox_new(const char *target, struct redis *redis)
{
	struct inbox *in = mem_alloc(sizeof(*in));
	int len = snprintf(in->group, sizeof(in->group), COURIER_GROUP_PREFIX "%s", target);

	must(len > 0 && (size_t)len < sizeof(in->group));
	in->redis = redis;
	stream_dead_letters(target, in->dead);
	stream_got(target, in->got);
	for (unsigned b = 0; b < ALERT_BUCKETS; b++)
		stream_alerts(b, in->names[b]);
	memcpy(in->names[INBOX_CHANGES], CHANGE_STREAM, sizeof(CHANGE_STREAM));
	stream_for_target(target, in->names[INBOX_OWN]);
	for (unsigned s = 0; s < INBOX_STREAMS; s++)
		in->streams[s] = slice_of(in->names[s]);
	start_over(in);
	return in;
}

void inbox_free(struct inbox **in)
{
	mem_free(*in);
	*in = NULL;
}

struct taking {
	struct inbox *in;
	struct queue *q;
	inbox_on_taken *fn;
	void *ctx;
	int count;   /* added to the queue */
	size_t seen; /* entries of the reply */
};

static struct slice alert_field(const struct slice *fields, size_t count)
{
	for (size_t i = 0; i + 1 < count; i += 2)
		if (slice_is(fields[i], ALERT_FIELD_BODY))
			return fields[i + 1];
	return (struct slice){0};
}

static void on_entry(
	void *ctx, size_t stream, struct slice id, const struct slice *fields, size_t count)
{
	struct taking *taking = ctx;

	must(stream < INBOX_STREAMS);
	if (id.len >= ITEM_ID_MAX)
		return; /* Redis makes none that long */
	taking->seen++;
	if (taking->in->catching_up)
		(void)snprintf(taking->in->after[stream], ITEM_ID_MAX, "%.*s", SLICE_ARG(id));
	if (queue_has(taking->q, (unsigned)stream, id))
		return;
	struct item *item = queue_add(taking->q, (unsigned)stream, id, alert_field(fields, count));

	taking->count++;
	taking->fn(taking->ctx, item, count == 0);
}

static int read_once(struct inbox *in, int64_t block_ms, struct taking *taking)
{
	struct slice after[INBOX_STREAMS];

	for (unsigned b = 0; b < INBOX_STREAMS; b++)
		after[b] = slice_of(in->after[b]);
	return redis_group_read(in->redis,
		&(struct redis_group_read){
			.group = slice_of(in->group),
			.consumer = SLICE(CONSUMER),
			.streams = in->streams,
			.stream_count = INBOX_STREAMS,
			.after = in->catching_up ? after : NULL,
			.count = READ_PER_STREAM,
			.block_ms = in->catching_up ? 0 : block_ms,
		},
		on_entry, taking);
}

int inbox_read(struct inbox *in, struct queue *q, int64_t block_ms, inbox_on_taken *fn, void *ctx)
{
	struct taking taking = {.in = in, .q = q, .fn = fn, .ctx = ctx};

	must(queue_room(q) >= INBOX_READ_MAX);
	int err = read_once(in, block_ms, &taking);

	/* Groups are made only where missing: a full Redis refuses to, but lets existing ones read. */
	if (err == -ENOENT) {
		start_over(in);
		err = redis_group_make(
			in->redis, in->streams, INBOX_STREAMS, slice_of(in->group), SLICE("0"));
		if (!err)
			err = read_once(in, block_ms, &taking);
	}
	if (err) {
		start_over(in);
		return err;
	}
	if (taking.seen == 0)
		in->catching_up = false;
	return taking.count;
}

int inbox_bury(struct inbox *in, struct queue *q, const struct clock *clock)
{
	char limit[24], attempts[24], at[TIME_TEXT_LEN + 1];
	struct item *item;

	(void)snprintf(limit, sizeof(limit), "%d", DEAD_LETTERS_MAX);
	time_write(clock_wall_us(clock), at);
	while ((item = queue_first(q, ITEM_REFUSED))) {
		struct redis_reply *reply;

		(void)snprintf(attempts, sizeof(attempts), "%" PRIu64, item->attempts);
		const struct slice args[] = {SLICE("XADD"), slice_of(in->dead), SLICE("MAXLEN"),
			SLICE("~"), slice_of(limit), SLICE("*"), SLICE(ALERT_FIELD_BODY),
			buf_slice(&item->alert), SLICE("stream"), in->streams[item->stream],
			SLICE("id"), slice_of(item->id), SLICE("reason"), slice_of(item->said),
			SLICE("attempts"), slice_of(attempts), SLICE("at"), slice_of(at)};
		int err = redis_call(in->redis, slice_of(in->dead), args,
			sizeof(args) / sizeof(args[0]), &reply);

		if (err)
			return err;
		bool written = redis_reply_kind(reply) == REDIS_TEXT;

		redis_reply_free(&reply);
		if (!written)
			return -ENOSPC; /* the only way Redis refuses an XADD of ours */
		queue_done(q, item);
	}
	return 0;
}

/* What a follower asks for: its alert; what is in the target's own stream: itself. */
static struct slice asked_for(const struct item *item)
{
	struct slice key = slice_of(item->key);

	return item->stream == INBOX_OWN ? key : (struct slice){key.at, ALERT_ID_LEN};
}

struct asking {
	struct queue *q;
	struct item **items;
	int count;
	bool bad;
};

static void on_asked(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct asking *asking = ctx;
	struct item *item = asking->items[index];
	bool got = redis_reply_kind(reply) == REDIS_TEXT;

	asking->bad |= redis_reply_kind(reply) == REDIS_ERROR;
	if (asking->bad)
		return;
	if (got == (item->stream == INBOX_OWN)) {
		queue_done(asking->q, item);
		return;
	}
	queue_release(asking->q, item);
	asking->count++;
}

int inbox_ask(struct inbox *in, struct queue *q)
{
	struct item *items[QUEUE_ITEMS_MAX];
	struct asking asking = {.q = q, .items = items};
	size_t held = queue_list(q, ITEM_HELD, items, QUEUE_ITEMS_MAX), count = 0;
	struct slice got = slice_of(in->got);

	for (size_t i = 0; i < held; i++)
		if (items[i]->stream == INBOX_OWN || !queue_is_second(q, items[i]))
			items[count++] = items[i];
	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		redis_queue(in->redis, got,
			(struct slice[]){SLICE("ZSCORE"), got, asked_for(items[i])}, 3);
	int err = redis_flush(in->redis, on_asked, &asking);

	if (err)
		return err;
	return asking.bad ? -EIO : asking.count;
}

int inbox_forget(struct inbox *in, int64_t before_us)
{
	struct slice got = slice_of(in->got);
	char before[24], surplus[24];

	(void)snprintf(before, sizeof(before), "(%" PRId64, before_us / 1000);
	(void)snprintf(surplus, sizeof(surplus), "%d", -(GOT_MAX + 1));
	redis_queue(in->redis, got,
		(struct slice[]){SLICE("ZREMRANGEBYRANK"), got, SLICE("0"), slice_of(surplus)}, 4);
	redis_queue(in->redis, got,
		(struct slice[]){SLICE("ZREMRANGEBYSCORE"), got, SLICE("-inf"), slice_of(before)},
		4);
	return redis_flush(in->redis, NULL, NULL);
}

/* The id of the alert, so that what becomes of it follows; of the own stream the key too, for its
 * entries may be written twice. */
static void queue_remember(struct inbox *in, const struct item *item, int64_t now_us)
{
	struct slice got = slice_of(in->got), key = slice_of(item->key);
	char now[24];

	(void)snprintf(now, sizeof(now), "%" PRId64, now_us / 1000);
	const struct slice args[] = {SLICE("ZADD"), got, slice_of(now),
		(struct slice){key.at, ALERT_ID_LEN}, slice_of(now), key};

	redis_queue(in->redis, got, args, item->stream == INBOX_OWN ? 6 : 4);
}

/* The target's own stream is read by nobody else, so that what is settled can go. */
static void queue_ack(struct inbox *in, const struct item *item)
{
	struct slice stream = in->streams[item->stream], id = slice_of(item->id);

	redis_queue(in->redis, stream,
		(struct slice[]){SLICE("XACK"), stream, slice_of(in->group), id}, 4);
	if (item->stream == INBOX_OWN)
		redis_queue(in->redis, stream, (struct slice[]){SLICE("XDEL"), stream, id}, 3);
}

int inbox_ack(struct inbox *in, struct queue *q, int64_t now_us)
{
	struct item *items[QUEUE_ITEMS_MAX];
	size_t count = queue_list(q, ITEM_DONE, items, QUEUE_ITEMS_MAX);

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (items[i]->delivered)
			queue_remember(in, items[i], now_us);
		queue_ack(in, items[i]);
	}
	int err = redis_flush(in->redis, NULL, NULL);

	if (err) {
		start_over(in);
		return err;
	}
	for (size_t i = 0; i < count; i++)
		queue_remove(q, items[i]);
	return 0;
}

struct measure {
	const struct inbox *in;
	struct inbox_sizes *sizes;
};

/* One group of XINFO GROUPS: name, value, name, value … Its lag is nil when Redis cannot tell. */
static int64_t group_backlog(const struct redis_reply *group, const char *name)
{
	int64_t backlog = 0;
	bool ours = false;

	for (size_t i = 0; i + 1 < redis_reply_count(group); i += 2) {
		struct slice key = redis_reply_text(redis_reply_at(group, i));
		const struct redis_reply *value = redis_reply_at(group, i + 1);

		if (slice_is(key, "name"))
			ours = slice_is(redis_reply_text(value), name);
		else if ((slice_is(key, "pending") || slice_is(key, "lag")) &&
			redis_reply_kind(value) == REDIS_INT)
			backlog += redis_reply_int(value);
	}
	return ours ? backlog : 0;
}

static void on_measured(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct measure *measure = ctx;

	if (index == INBOX_STREAMS && redis_reply_kind(reply) == REDIS_INT)
		measure->sizes->dead = redis_reply_int(reply);
	if (index == INBOX_STREAMS || redis_reply_kind(reply) != REDIS_ARRAY)
		return;
	for (size_t i = 0; i < redis_reply_count(reply); i++)
		measure->sizes->backlog +=
			group_backlog(redis_reply_at(reply, i), measure->in->group);
}

int inbox_measure(struct inbox *in, struct inbox_sizes *ret)
{
	struct measure measure = {.in = in, .sizes = ret};
	const struct slice dead = slice_of(in->dead);

	*ret = (struct inbox_sizes){0};
	for (unsigned s = 0; s < INBOX_STREAMS; s++)
		redis_queue(in->redis, in->streams[s],
			(struct slice[]){SLICE("XINFO"), SLICE("GROUPS"), in->streams[s]}, 3);
	redis_queue(in->redis, dead, (struct slice[]){SLICE("XLEN"), dead}, 2);
	return redis_flush(in->redis, on_measured, &measure);
}
