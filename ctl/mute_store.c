#include "ctl/mute_store.h"

#include "event/streams.h"
#include "lib/clock.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { AWAY = 1, CHANGED = 1, BAD_LIST = 1 };

/* KEYS[1] the list, KEYS[2] its log; ARGV: what was read, what replaces it, the log's line. */
static const char write_source[] =
	"if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end\n"
	"redis.call('SET', KEYS[1], ARGV[2])\n"
	"redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'a', ARGV[3])\n"
	"return 1\n";

static int away(const struct mute_store *s)
{
	(void)fprintf(stderr, "haidang: Redis: %s\n", redis_said(s->redis));
	return AWAY;
}

void mute_store_release(struct mute_store *s)
{
	mute_list_free(&s->list);
	buf_release(&s->text);
	redis_free(&s->redis);
}

void mute_store_open(struct mute_store *s, struct redis *redis)
{
	*s = (struct mute_store){.redis = redis, .write = {.source = write_source}};
	redis_register_script(redis, &s->write);
}

int mute_store_read(struct mute_store *s)
{
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	const struct slice get[] = {SLICE("GET"), SLICE(MUTES_KEY)};
	struct err err = {0};

	if (redis_call(s->redis, SLICE(MUTES_KEY), get, 2, &reply) < 0)
		return away(s);
	if (redis_reply_kind(reply) == REDIS_ERROR) {
		(void)fprintf(stderr, "haidang: Redis: %.*s\n", SLICE_ARG(redis_reply_text(reply)));
		return AWAY;
	}
	buf_clear(&s->text);
	if (redis_reply_kind(reply) == REDIS_TEXT)
		buf_add_slice(&s->text, redis_reply_text(reply));
	mute_list_free(&s->list);
	s->list = mute_list_read(buf_slice(&s->text), &err);
	if (s->list)
		return 0;
	(void)fprintf(stderr, "haidang: the mutes in Redis cannot be read: %s\n", err_text(&err));
	return BAD_LIST;
}

static void write_log(const char *what, const struct mute *m, struct buf *out)
{
	struct json_writer w = json_writer_on(out);
	char now[TIME_TEXT_LEN + 1], until[TIME_TEXT_LEN + 1];
	const struct {
		const char *key;
		struct slice text;
	} rows[] = {{"what", slice_of(what)}, {"id", m->id}, {"owner", m->owner},
		{"reason", m->reason}, {"rule", m->rule}, {"entity", m->entity},
		{"network", m->network}, {"domain", m->domain}, {"agency", m->agency}};

	time_write(clock_wall_us(clock_system()), now);
	time_write(m->expires_us, until);
	json_begin_object(&w);
	json_key(&w, "at");
	json_text(&w, slice_of(now));
	json_key(&w, "by_uid");
	json_uint(&w, getuid());
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].text.len == 0)
			continue;
		json_key(&w, rows[i].key);
		json_text(&w, rows[i].text);
	}
	json_key(&w, "expires");
	json_text(&w, slice_of(until));
	json_key(&w, "critical");
	json_bool(&w, m->critical);
	json_end_object(&w);
}

static void on_written(void *ctx, size_t index, const struct redis_reply *reply)
{
	int *status = ctx;

	(void)index;
	if (redis_reply_kind(reply) == REDIS_INT && redis_reply_int(reply) == 1)
		*status = 0;
	else if (redis_reply_kind(reply) == REDIS_ERROR)
		(void)fprintf(stderr, "haidang: Redis: %.*s\n", SLICE_ARG(redis_reply_text(reply)));
	else
		(void)fprintf(
			stderr, "haidang: somebody else changed the mutes just now; try again\n");
}

int mute_store_write(struct mute_store *s, const char *what, const struct mute *m)
{
	CLEANUP(buf_release) struct buf next = {0}, log = {0};
	int status = CHANGED;

	mute_list_write(s->list, &next);
	write_log(what, m, &log);
	const struct slice args[] = {buf_slice(&s->text), buf_slice(&next), buf_slice(&log)};

	redis_queue_script(s->redis, &s->write,
		(struct redis_keys){SLICE(MUTES_KEY), SLICE(MUTE_LOG_KEY)}, args, 3);
	if (redis_flush(s->redis, on_written, &status) < 0)
		return away(s);
	return status;
}

int mute_store_count(struct mute_store *s, struct slice id, uint64_t *ret)
{
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	const struct slice get[] = {SLICE("HGET"), SLICE(MUTE_COUNTS_KEY), id};

	*ret = 0;
	if (redis_call(s->redis, SLICE(MUTE_COUNTS_KEY), get, 3, &reply) < 0)
		return away(s);
	(void)slice_to_u64(redis_reply_text(reply), ret);
	return 0;
}
