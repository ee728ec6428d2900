#include "correlator/store_redis.h"

#include "correlator/keymap.h"
#include "correlator/window.h"
#include "event/streams.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { CELLS_PER_FLUSH = 256, BYTES_PER_FLUSH = 4 << 20, ENTRY_COST = 160, NUMBER_MAX = 24 };

/* KEYS[1] the window, KEYS[2] its bucket's alerts; ARGV: the version that is replaced, the new
 * blob, its lifetime in ms, how many alerts to keep, the alerts. 1, or the blob that is there.
 * The window comes last: a script that fails half-way keeps what it wrote, and an alert may be
 * written twice (its id tells) but must not be missing from a window that says it was raised.
 * Allowed in a full Redis: producers are refused then, so what this writes is bounded by the
 * events that are still in the streams, and acknowledging those makes room. */
static const char write_source[] =
	"#!lua flags=allow-oom\n"
	"if redis.call('GETRANGE', KEYS[1], 0, 7) ~= ARGV[1] then\n"
	"  return redis.call('GET', KEYS[1]) or ''\n"
	"end\n"
	"for i = 5, #ARGV do\n"
	"  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', '" ALERT_FIELD_BODY
	"', ARGV[i])\n"
	"end\n"
	"redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n"
	"return 1\n";

/* A window kept here, in a list by last use. */
struct kept {
	struct kept *newer, *older;
	char *key;
	size_t key_len;
	struct buf blob;
};

struct store_redis {
	struct store store;
	struct store_redis_options options;
	struct redis_script write;
	struct keymap by_key;
	struct kept *newest, *oldest;
	size_t kept_len;
	struct store_cell *const *flushed; /* of the flush under way */
	bool failed;
	char said[160];
};

static struct store_redis *of(struct store *s)
{
	return (struct store_redis *)((char *)s - offsetof(struct store_redis, store));
}

static void unlink_kept(struct store_redis *s, struct kept *k)
{
	*(k->newer ? &k->newer->older : &s->newest) = k->older;
	*(k->older ? &k->older->newer : &s->oldest) = k->newer;
	k->newer = k->older = NULL;
}

static void link_newest(struct store_redis *s, struct kept *k)
{
	k->older = s->newest;
	*(s->newest ? &s->newest->newer : &s->oldest) = k;
	s->newest = k;
}

static size_t cost(const struct kept *k)
{
	return ENTRY_COST + k->key_len + k->blob.len;
}

static void drop(struct store_redis *s, struct kept *k)
{
	unlink_kept(s, k);
	keymap_remove(&s->by_key, slice_over(k->key, k->key_len));
	s->kept_len -= cost(k);
	buf_release(&k->blob);
	mem_free(k->key);
	mem_free(k);
}

static void keep(struct store_redis *s, struct slice key, struct slice blob)
{
	struct kept *k = keymap_get(&s->by_key, key);

	if (k) {
		unlink_kept(s, k);
		s->kept_len -= cost(k);
	} else {
		k = mem_alloc(sizeof *k);
		k->key = mem_copy(key.at, key.len);
		k->key_len = key.len;
		keymap_put(&s->by_key, slice_over(k->key, key.len), k);
	}
	buf_clear(&k->blob);
	buf_add_slice(&k->blob, blob);
	link_newest(s, k);
	s->kept_len += cost(k);
	while (s->kept_len > s->options.cache_len_max && s->oldest != k)
		drop(s, s->oldest);
}

static void fail(struct store_redis *s, struct slice said)
{
	int len = said.len < sizeof s->said ? (int)said.len : (int)sizeof s->said - 1;

	s->failed = true;
	must(snprintf(s->said, sizeof s->said, "%.*s", len, said.at) >= 0);
}

/* -EIO when Redis refused a command. */
static int flush(struct store_redis *s, struct store_cell *const *cells, redis_on_reply *fn)
{
	s->flushed = cells;
	s->failed = false;
	int said = redis_flush(s->options.redis, fn, s);
	if (said < 0)
		fail(s, slice_of(redis_said(s->options.redis)));
	return said < 0 ? said : s->failed ? -EIO : 0;
}

static void on_fetched(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct store_redis *s = ctx;
	struct store_cell *cell = s->flushed[index];

	if (redis_reply_kind(reply) == REDIS_ERROR)
		fail(s, redis_reply_text(reply));
	if (redis_reply_kind(reply) == REDIS_TEXT)
		buf_add_slice(&cell->blob, redis_reply_text(reply));
}

/* Those kept here are filled at once; the others are moved to `ret`. */
static size_t not_kept(struct store_redis *s, struct store_cell *const *cells, size_t count,
	struct store_cell **ret)
{
	size_t missing = 0;

	for (size_t i = 0; i < count; i++) {
		struct kept *k = keymap_get(&s->by_key, cells[i]->key);

		buf_clear(&cells[i]->blob);
		if (!k) {
			ret[missing++] = cells[i];
			continue;
		}
		buf_add_slice(&cells[i]->blob, buf_slice(&k->blob));
		unlink_kept(s, k);
		link_newest(s, k);
	}
	return missing;
}

static int fetch(struct store *store, struct store_cell *const *cells, size_t count)
{
	struct store_redis *s = of(store);
	CLEANUP(mem_cleanup)
	struct store_cell **missing = mem_array(count, sizeof(struct store_cell *));
	size_t left = not_kept(s, cells, count, missing);

	for (size_t at = 0; at < left; at += CELLS_PER_FLUSH) {
		for (size_t i = at; i < left && i < at + CELLS_PER_FLUSH; i++) {
			const struct slice args[] = {SLICE("GET"), missing[i]->key};

			redis_queue(s->options.redis, missing[i]->key, args, 2);
		}
		int said = flush(s, missing + at, on_fetched);
		if (said < 0)
			return said;
	}
	return 0;
}

static void on_written(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct store_redis *s = ctx;
	struct store_cell *cell = s->flushed[index];

	if (redis_reply_kind(reply) == REDIS_INT) {
		keep(s, cell->key, buf_slice(&cell->next));
	} else if (redis_reply_kind(reply) == REDIS_TEXT) {
		cell->conflict = true;
		buf_clear(&cell->blob);
		buf_add_slice(&cell->blob, redis_reply_text(reply));
	} else {
		fail(s, redis_reply_text(reply));
	}
}

/* Gives about how many bytes. */
static size_t queue_write(struct store_redis *s, const struct store_cell *cell)
{
	CLEANUP(mem_cleanup)
	struct slice *args = mem_array(4 + cell->alert_count, sizeof(struct slice));
	char ttl[NUMBER_MAX], alerts[NUMBER_MAX], stream[STREAM_NAME_MAX];
	size_t version = cell->blob.len < WINDOW_VERSION_LEN ? cell->blob.len : WINDOW_VERSION_LEN;

	must(snprintf(ttl, sizeof ttl, "%" PRId64, cell->ttl_ms) > 0);
	must(snprintf(alerts, sizeof alerts, "%" PRId64, s->options.alert_len_max) > 0);
	stream_alerts(cell->bucket, stream);
	args[0] = slice_over(cell->blob.at, version);
	args[1] = buf_slice(&cell->next);
	args[2] = slice_of(ttl);
	args[3] = slice_of(alerts);
	size_t len = cell->next.len;
	for (size_t i = 0; i < cell->alert_count; i++) {
		args[4 + i] = buf_slice(&cell->alerts[i]);
		len += args[4 + i].len;
	}
	redis_queue_script(s->options.redis, &s->write,
		(struct redis_keys){cell->key, slice_of(stream)}, args, 4 + cell->alert_count);
	return len;
}

static int commit(struct store *store, struct store_cell *const *cells, size_t count)
{
	struct store_redis *s = of(store);

	for (size_t at = 0; at < count;) {
		size_t from = at, len = 0;

		for (; at < count && at < from + CELLS_PER_FLUSH && len < BYTES_PER_FLUSH; at++)
			len += queue_write(s, cells[at]);
		int said = flush(s, cells + from, on_written);
		if (said < 0)
			return said;
	}
	return 0;
}

struct store *store_redis_new(const struct store_redis_options *options)
{
	struct store_redis *s = mem_alloc(sizeof *s);

	s->store = (struct store){fetch, commit};
	s->options = *options;
	s->write.source = write_source;
	redis_register_script(options->redis, &s->write);
	return &s->store;
}

void store_redis_forget(struct store *store)
{
	struct store_redis *s = of(store);

	while (s->oldest)
		drop(s, s->oldest);
}

void store_redis_free(struct store **store)
{
	if (!*store)
		return;

	struct store_redis *s = of(*store);
	store_redis_forget(*store);
	keymap_release(&s->by_key);
	mem_free(s);
	*store = NULL;
}

const char *store_redis_said(const struct store *store)
{
	const struct store_redis *s = (const struct store_redis *)((const char *)store -
		offsetof(struct store_redis, store));

	return s->said;
}
