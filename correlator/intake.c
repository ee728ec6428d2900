#include "correlator/intake.h"

#include "correlator/limits.h"
#include "event/streams.h"
#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum {
	KNOWN_STREAMS_MAX = 4096,
	ME_MAX = 128,
	READ_LEN_MAX = 8 << 20, /* bytes of one stream held at once, about */
	READ_FIRST = 16,        /* entries of a stream whose entries' length is not known yet */
};

/* Reading, acknowledging and holding a lease must work in a Redis that is full, or it would stay
 * full: hence allow-oom. All scripts: KEYS[1] the stream, KEYS[2] its lease, ARGV[1] this worker.
 *
 * Takes a free lease, or one of an earlier life of this worker (the same name before the slash)
 * when ARGV[5] is 1, on a stream that exists; makes the group where there is none. All pending
 * entries of a stream that is new to this worker become its own. */
static const char lease_source[] =
	"#!lua flags=allow-oom\n"
	"local held = redis.call('GET', KEYS[2])\n"
	"if redis.call('PTTL', KEYS[2]) > tonumber(ARGV[6]) then held = false end\n"
	"local mine = held == ARGV[1]\n"
	"local former = held and ARGV[5] == '1' and\n"
	"  string.match(held, '^(.*)/') == string.match(ARGV[1], '^(.*)/')\n"
	"if held and not mine and not former then return 0 end\n"
	"local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[3], '0')\n"
	"if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return 0 end\n"
	"redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])\n"
	"if mine then return 1 end\n"
	"local at = '0-0'\n"
	"repeat\n"
	"  local r = redis.call('XAUTOCLAIM', KEYS[1], ARGV[3], ARGV[4], 0, at, 'COUNT', 1000, "
	"'JUSTID')\n"
	"  at = r[1]\n"
	"until at == '0-0'\n"
	"return 2\n";

static const char read_source[] =
	"#!lua flags=allow-oom\n"
	"if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end\n"
	"return redis.call('XREADGROUP', 'GROUP', ARGV[2], ARGV[3], 'COUNT', ARGV[4], 'STREAMS',\n"
	"  KEYS[1], ARGV[5])\n";

static const char ack_source[] = "#!lua flags=allow-oom\n"
				 "local ids = {unpack(ARGV, 3)}\n"
				 "redis.call('XACK', KEYS[1], ARGV[2], unpack(ids))\n"
				 "return redis.call('XDEL', KEYS[1], unpack(ids))\n";

static const char release_source[] = "#!lua flags=allow-oom\n"
				     "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end\n"
				     "return redis.call('DEL', KEYS[2])\n";

/* KEYS[1] the workers by the time they were last seen, ARGV[1] this one's name, ARGV[2] after how many
 * ms a silent one is gone. How many there are. One seen later than now may be gone too: Redis' clock
 * was set back; if it is not, it says so with its next scan. */
static const char present_source[] =
	"#!lua flags=allow-oom\n"
	"local now = redis.call('TIME')\n"
	"local ms = now[1] * 1000 + math.floor(now[2] / 1000)\n"
	"redis.call('ZADD', KEYS[1], ms, ARGV[1])\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms - ARGV[2])\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[1], ms + ARGV[2], '+inf')\n"
	"return redis.call('ZCARD', KEYS[1])\n";

/* An entry in a stream's queue; offsets into the queue's text. */
struct queued {
	struct event_id id;
	size_t id_at, id_len, batch_at, batch_len;
	bool has_batch;
};

/* What one read gave. */
struct page {
	struct queued *at;
	size_t count, room;
	struct buf text;
};

struct stream {
	char *name;
	struct buf lease;
	uint64_t hash;
	bool held;
	bool recovering;      /* reads its pending entries, after `after` */
	char after[48];       /* "ms-seq" */
	bool may_have_more;   /* the last read was full */
	bool asked;           /* a read is under way */
	size_t entries;       /* asked for with the next read */
	struct page now;      /* is being given out */
	struct page ahead;    /* read meanwhile, to follow it */
	size_t acked, next;   /* entries of `now` before them were acknowledged, given out */
	struct event_id last; /* of the newest entry read */
	struct metric *lag;
};

enum command { COMMAND_LEASE, COMMAND_READ, COMMAND_ACK, COMMAND_RELEASE };

/* A command under way. */
struct asked {
	size_t stream;
	enum command command;
};

struct intake {
	struct intake_options options;
	char me[ME_MAX]; /* "worker/nonce" */
	struct stream *streams;
	size_t count;
	struct asked *asked; /* the commands under way, in their order */
	size_t asked_count, asked_room;
	bool ack_refused; /* in the answers read last */
	char said[160];
	struct metric *refusals;
	bool first_scan;
	struct redis_script lease, read, ack, release, present;
};

struct intake *intake_new(const struct intake_options *options)
{
	struct intake *in = mem_alloc(sizeof *in);
	uint64_t nonce;

	must(getrandom(&nonce, sizeof nonce, 0) == (ssize_t)sizeof nonce);
	in->options = *options;
	CLEANUP(mem_cleanup) char *me = mem_printf("%.80s/%016" PRIx64, options->worker, nonce);
	memcpy(in->me, me, strlen(me) + 1);
	in->first_scan = true;
	in->refusals = metrics_counter(options->metrics, "haidang_correlator_refusals_total", "",
		"Commands on producer streams that Redis answered with an error.");
	in->lease.source = lease_source;
	in->read.source = read_source;
	in->ack.source = ack_source;
	in->release.source = release_source;
	in->present.source = present_source;
	redis_register_script(options->redis, &in->present);
	redis_register_script(options->redis, &in->lease);
	redis_register_script(options->redis, &in->read);
	redis_register_script(options->redis, &in->ack);
	redis_register_script(options->redis, &in->release);
	return in;
}

void intake_free(struct intake **in)
{
	if (!*in)
		return;
	for (size_t i = 0; i < (*in)->count; i++) {
		struct stream *s = &(*in)->streams[i];

		mem_free(s->name);
		mem_free(s->now.at);
		mem_free(s->ahead.at);
		buf_release(&s->lease);
		buf_release(&s->now.text);
		buf_release(&s->ahead.text);
	}
	mem_free((*in)->streams);
	mem_free((*in)->asked);
	mem_free(*in);
	*in = NULL;
}

static void page_clear(struct page *p)
{
	p->count = 0;
	buf_clear(&p->text);
}

static void start_recovery(struct stream *s)
{
	page_clear(&s->now);
	page_clear(&s->ahead);
	s->acked = s->next = 0;
	s->may_have_more = false;
	s->last = (struct event_id){0};
	s->recovering = true;
	memcpy(s->after, "0-0", 4);
}

static bool is_known(const struct intake *in, struct slice name)
{
	for (size_t i = 0; i < in->count; i++)
		if (slice_is(name, in->streams[i].name))
			return true;
	return false;
}

static void add_stream(struct intake *in, struct slice name)
{
	if (in->count == KNOWN_STREAMS_MAX || !stream_is_producer(name) || is_known(in, name))
		return;
	in->streams = mem_resize(in->streams, in->count + 1, sizeof *in->streams);
	struct stream *s = &in->streams[in->count++];
	*s = (struct stream){.name = mem_printf("%.*s", SLICE_ARG(name)),
		.hash = digest_hash64(name),
		.entries = READ_FIRST < in->options.entries ? READ_FIRST : in->options.entries};
	stream_lease(name, &s->lease);
	start_recovery(s);
	CLEANUP(mem_cleanup) char *label = mem_printf("stream=\"%s\"", s->name);
	s->lag = metrics_gauge(in->options.metrics, "haidang_correlator_lag_ms", label,
		"Age of the newest event taken from the stream, when it was taken.");
}

static bool is_refused(struct intake *in, const struct redis_reply *reply)
{
	if (redis_reply_kind(reply) != REDIS_ERROR)
		return false;
	(void)snprintf(in->said, sizeof in->said, "%.*s", SLICE_ARG(redis_reply_text(reply)));
	metric_add(in->refusals, 1);
	return true;
}

static int learn_streams(struct intake *in)
{
	const struct slice args[] = {SLICE("SMEMBERS"), SLICE(STREAM_INDEX)};
	struct redis_reply *reply = NULL;
	int said = redis_call(in->options.redis, args[1], args, 2, &reply);

	if (said < 0) {
		(void)snprintf(in->said, sizeof in->said, "%s", redis_said(in->options.redis));
		return said;
	}
	(void)is_refused(in, reply);
	for (size_t i = 0; redis_reply_kind(reply) == REDIS_ARRAY && i < redis_reply_count(reply);
		i++)
		add_stream(in, redis_reply_text(redis_reply_at(reply, i)));
	redis_reply_free(&reply);
	return 0;
}

static bool is_used_up(const struct stream *s)
{
	return s->next == s->now.count;
}

static const struct redis_script *script_of(const struct intake *in, enum command command)
{
	switch (command) {
	case COMMAND_LEASE: return &in->lease;
	case COMMAND_READ: return &in->read;
	case COMMAND_ACK: return &in->ack;
	case COMMAND_RELEASE: break;
	}
	return &in->release;
}

static void ask(struct intake *in, struct asked asked, const struct slice *args, size_t count)
{
	struct stream *s = &in->streams[asked.stream];

	redis_queue_script(in->options.redis, script_of(in, asked.command),
		(struct redis_keys){slice_of(s->name), buf_slice(&s->lease)}, args, count);
	if (in->asked_count == in->asked_room) {
		in->asked_room = in->asked_room ? in->asked_room * 2 : 64;
		in->asked = mem_resize(in->asked, in->asked_room, sizeof *in->asked);
	}
	in->asked[in->asked_count++] = asked;
}

static void on_lease(struct stream *s, int64_t said)
{
	if (said == 2 || (said > 0) != s->held)
		start_recovery(s);
	s->held = said > 0;
}

static struct slice batch_of(const struct redis_reply *fields)
{
	if (redis_reply_kind(fields) != REDIS_ARRAY)
		return (struct slice){0};
	for (size_t i = 0; i + 1 < redis_reply_count(fields); i += 2)
		if (slice_is(redis_reply_text(redis_reply_at(fields, i)), EVENT_FIELD_BATCH))
			return redis_reply_text(redis_reply_at(fields, i + 1));
	return (struct slice){0};
}

/* An entry whose id no producer of ours can make is given out without its batch, so that it is
 * refused and acknowledged instead of standing in the way for ever. */
static void enqueue(struct stream *s, const struct redis_reply *entry)
{
	struct page *p = &s->ahead;
	struct slice id = redis_reply_text(redis_reply_at(entry, 0));
	struct slice batch = batch_of(redis_reply_at(entry, 1));
	struct queued q = {.id_at = p->text.len, .id_len = id.len, .has_batch = batch.at != NULL};

	must(id.len > 0 && id.len < sizeof s->after);
	if (!event_id_read(id, &q.id)) {
		q.id = s->last;
		q.has_batch = false;
	}
	buf_add_slice(&p->text, id);
	q.batch_at = p->text.len;
	q.batch_len = batch.len;
	buf_add_slice(&p->text, batch);
	if (p->count == p->room) {
		p->room = p->room ? p->room * 2 : 64;
		p->at = mem_resize(p->at, p->room, sizeof *p->at);
	}
	p->at[p->count++] = q;
	s->last = q.id;
	memcpy(s->after, id.at, id.len);
	s->after[id.len] = '\0';
}

/* After a page of so many entries: how many are asked for next. */
static void adapt(const struct intake *in, struct stream *s, size_t count)
{
	size_t len = s->ahead.text.len;

	if (len > READ_LEN_MAX)
		s->entries = count * READ_LEN_MAX / len + 1;
	else if (count >= s->entries)
		s->entries *= 2;
	if (s->entries > in->options.entries)
		s->entries = in->options.entries;
}

/* One stream's answer: nothing, or [[stream, [entry, …]]]; 0 when the lease is lost; NULL when Redis
 * refused it. */
static void on_read(struct intake *in, struct stream *s, const struct redis_reply *reply)
{
	size_t count = 0;

	if (!reply || redis_reply_kind(reply) == REDIS_INT) {
		s->held = false; /* the next scan takes the lease again, or makes the group */
		return;
	}
	if (redis_reply_kind(reply) == REDIS_ARRAY && redis_reply_count(reply) > 0) {
		const struct redis_reply *entries = redis_reply_at(redis_reply_at(reply, 0), 1);

		count = redis_reply_count(entries);
		for (size_t i = 0; i < count; i++)
			enqueue(s, redis_reply_at(entries, i));
	}
	s->may_have_more = s->recovering || count >= s->entries;
	adapt(in, s, count);
	if (count == 0)
		s->recovering = false;
	if (count == 0 && is_used_up(s))
		metric_set(s->lag, 0);
}

static void on_answer(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct intake *in = ctx;
	struct stream *s = &in->streams[in->asked[index].stream];
	bool refused = is_refused(in, reply);

	switch (in->asked[index].command) {
	case COMMAND_LEASE: on_lease(s, refused ? 0 : redis_reply_int(reply)); break;
	case COMMAND_READ: on_read(in, s, refused ? NULL : reply); break;
	case COMMAND_ACK: in->ack_refused |= refused; break;
	case COMMAND_RELEASE: break;
	}
}

/* Waits for the answers to all that was asked. -EIO when an acknowledgement was refused. */
static int finish(struct intake *in)
{
	in->ack_refused = false;
	int said = in->asked_count > 0 ? redis_flush(in->options.redis, on_answer, in) : 0;

	in->asked_count = 0;
	for (size_t i = 0; i < in->count; i++)
		in->streams[i].asked = false;
	if (said < 0)
		(void)snprintf(in->said, sizeof in->said, "%s", redis_said(in->options.redis));
	return said == 0 && in->ack_refused ? -EIO : said;
}

static void on_present(void *ctx, size_t index, const struct redis_reply *reply)
{
	int64_t *workers = ctx;

	(void)index;
	*workers = redis_reply_int(reply);
}

/* How many streams this worker may hold, so that all workers get some. */
static int find_share(struct intake *in, struct slice lease_ms, size_t *ret_share)
{
	const struct slice args[] = {slice_of(in->options.worker), lease_ms};
	int64_t workers = 1;

	redis_queue_script(in->options.redis, &in->present,
		(struct redis_keys){SLICE(CORRELATOR_WORKERS), SLICE("")}, args, 2);
	int said = redis_flush(in->options.redis, on_present, &workers);

	if (said < 0)
		(void)snprintf(in->said, sizeof in->said, "%s", redis_said(in->options.redis));
	size_t among = workers > 1 ? (size_t)workers : 1;
	size_t share = (in->count + among - 1) / among;

	*ret_share = share < in->options.streams_max ? share : in->options.streams_max;
	return said;
}

/* Gives back those beyond the share: another worker has come. What was read of them and not
 * acknowledged is pending, and becomes its own. */
static void give_up(struct intake *in, size_t share)
{
	const struct slice args[] = {slice_of(in->me)};
	size_t held = 0;

	for (size_t i = 0; i < in->count; i++) {
		struct stream *s = &in->streams[i];

		if (!s->held || held++ < share)
			continue;
		ask(in, (struct asked){i, COMMAND_RELEASE}, args, 1);
		s->held = false;
		start_recovery(s);
	}
}

/* Renews the leases held, and tries for as many more as there is room for; those that others
 * hold leave room for the next ones. */
static int take_leases(struct intake *in, size_t share, const struct slice *args, size_t count)
{
	give_up(in, share);
	for (size_t i = 0; i < in->count; i++)
		if (in->streams[i].held)
			ask(in, (struct asked){i, COMMAND_LEASE}, args, count);
	int said = finish(in);

	for (size_t i = 0; said == 0 && i < in->count;) {
		size_t held = intake_held(in);

		if (held >= share)
			return 0;
		for (; i < in->count && held + in->asked_count < share; i++)
			if (!in->streams[i].held)
				ask(in, (struct asked){i, COMMAND_LEASE}, args, count);
		said = finish(in);
	}
	return said;
}

int intake_scan(struct intake *in)
{
	char lease_ms[24], longest_ms[24];
	size_t share = 0;
	int said = finish(in);

	must(snprintf(lease_ms, sizeof lease_ms, "%" PRId64, in->options.lease_ms) > 0);
	must(snprintf(longest_ms, sizeof longest_ms, "%d", LEASE_MS_MAX) > 0);
	if (said == 0)
		said = learn_streams(in);
	if (said == 0)
		said = find_share(in, slice_of(lease_ms), &share);
	if (said < 0)
		return said;
	const struct slice args[] = {slice_of(in->me), slice_of(lease_ms), SLICE(CORRELATOR_GROUP),
		slice_of(in->options.worker), in->first_scan ? SLICE("1") : SLICE("0"),
		slice_of(longest_ms)};
	said = take_leases(in, share, args, 6);
	in->first_scan = in->first_scan && said < 0;
	return said;
}

/* Every stream of ours that has nothing more to come; one that was just found to have no pending
 * entries left is asked again in the next pass, so that the others do not run ahead of it. */
static void ask_for_more(struct intake *in, unsigned pass)
{
	for (size_t i = 0; i < in->count; i++) {
		struct stream *s = &in->streams[i];
		char entries[24];

		must(snprintf(entries, sizeof entries, "%zu", s->entries) > 0);
		const struct slice args[] = {slice_of(in->me), SLICE(CORRELATOR_GROUP),
			slice_of(in->options.worker), slice_of(entries),
			s->recovering ? slice_of(s->after) : SLICE(">")};

		if (!s->held || s->asked || s->ahead.count > 0 ||
			(pass == 1 && !(s->may_have_more && is_used_up(s))))
			continue;
		s->asked = true;
		ask(in, (struct asked){i, COMMAND_READ}, args, 5);
	}
}

/* What was read meanwhile takes the place of what was given out and acknowledged. */
static void turn_pages(struct intake *in)
{
	for (size_t i = 0; i < in->count; i++) {
		struct stream *s = &in->streams[i];
		struct page used = s->now;

		if (!is_used_up(s) || s->acked < s->next || s->ahead.count == 0)
			continue;
		s->now = s->ahead;
		s->ahead = used;
		page_clear(&s->ahead);
		s->acked = s->next = 0;
	}
}

/* Nothing newer may be given out before what a stream still holds back in Redis. */
static uint64_t frontier_ms(const struct intake *in)
{
	uint64_t frontier = UINT64_MAX;

	for (size_t i = 0; i < in->count; i++) {
		const struct stream *s = &in->streams[i];

		if (s->held && s->may_have_more && s->last.ms < frontier)
			frontier = s->last.ms;
	}
	return frontier;
}

/* The stream whose next entry is the oldest, or NULL when none may be given out now. */
static struct stream *first_of(struct intake *in)
{
	uint64_t frontier = frontier_ms(in);
	struct stream *first = NULL;

	for (size_t i = 0; i < in->count; i++) {
		struct stream *s = &in->streams[i];

		if (!s->held || is_used_up(s) || s->now.at[s->next].id.ms > frontier)
			continue;
		if (!first ||
			event_id_compare(s->now.at[s->next].id, first->now.at[first->next].id) < 0)
			first = s;
	}
	return first;
}

int intake_read(struct intake *in)
{
	turn_pages(in);
	if (first_of(in))
		return 0;
	for (unsigned pass = 0; pass < 3; pass++) {
		if (pass > 0)
			ask_for_more(in, pass - 1);
		if (in->asked_count == 0)
			continue;
		int said = finish(in);
		if (said < 0)
			return said;
		turn_pages(in);
		if (pass == 0 && first_of(in))
			return 0;
	}
	return 0;
}

bool intake_next(struct intake *in, struct intake_entry *ret)
{
	struct stream *first = first_of(in);

	if (!first)
		return false;
	const struct queued *q = &first->now.at[first->next++];
	int64_t age_ms = clock_wall_us(in->options.clock) / 1000 - (int64_t)q->id.ms;
	metric_set(first->lag, age_ms > 0 ? age_ms : 0);
	*ret = (struct intake_entry){.stream = slice_of(first->name),
		.stream_hash = first->hash,
		.id = q->id,
		.batch = slice_over(first->now.text.at + q->batch_at, q->batch_len)};
	if (!q->has_batch)
		ret->batch = (struct slice){0};
	return true;
}

static void queue_ack(struct intake *in, size_t stream)
{
	enum { IDS_MAX = 1000 };
	struct stream *s = &in->streams[stream];
	struct slice args[IDS_MAX + 2] = {slice_of(in->me), SLICE(CORRELATOR_GROUP)};

	while (s->acked < s->next) {
		size_t count = 2;

		for (; s->acked < s->next && count < IDS_MAX + 2; s->acked++)
			args[count++] = slice_over(s->now.text.at + s->now.at[s->acked].id_at,
				s->now.at[s->acked].id_len);
		ask(in, (struct asked){stream, COMMAND_ACK}, args, count);
	}
}

int intake_ack(struct intake *in)
{
	int said = finish(in);

	if (said < 0)
		return said;
	for (size_t i = 0; i < in->count; i++)
		queue_ack(in, i);
	turn_pages(in);
	ask_for_more(in, 0);
	if (in->asked_count > 0)
		redis_start(in->options.redis);
	return 0;
}

void intake_reset(struct intake *in)
{
	(void)finish(in); /* whatever it says is read again */
	for (size_t i = 0; i < in->count; i++)
		start_recovery(&in->streams[i]);
}

int intake_release(struct intake *in)
{
	const struct slice args[] = {slice_of(in->me)};
	int said = finish(in);

	if (said < 0)
		return said;
	for (size_t i = 0; i < in->count; i++) {
		if (in->streams[i].held)
			ask(in, (struct asked){i, COMMAND_RELEASE}, args, 1);
		in->streams[i].held = false;
	}
	const struct slice gone[] = {
		SLICE("ZREM"), SLICE(CORRELATOR_WORKERS), slice_of(in->options.worker)};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;

	said = finish(in);
	return said < 0 ? said : redis_call(in->options.redis, gone[1], gone, 3, &reply);
}

const char *intake_said(const struct intake *in)
{
	return in->said;
}

int64_t intake_refusals(const struct intake *in)
{
	return metric_value(in->refusals);
}

size_t intake_held(const struct intake *in)
{
	size_t held = 0;

	for (size_t i = 0; i < in->count; i++)
		held += in->streams[i].held;
	return held;
}
