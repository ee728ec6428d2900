#include "correlator/inventory_store.h"

#include "event/streams.h"
#include "lib/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* KEYS[1] first events, KEYS[2] last times; ARGV: value, my event, how many pairs, now in s. */
static const char first_source[] =
	"local v = redis.call('HGET', KEYS[1], ARGV[1])\n"
	"if v then return v end\n"
	"if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then\n"
	"  local some, oldest, at = redis.call('HRANDFIELD', KEYS[1], 8), nil, nil\n"
	"  for _, f in ipairs(some) do\n"
	"    local last = tonumber(redis.call('HGET', KEYS[2], f) or 0)\n"
	"    if not at or last < at then oldest, at = f, last end\n"
	"  end\n"
	"  redis.call('HDEL', KEYS[1], oldest)\n"
	"  redis.call('HDEL', KEYS[2], oldest)\n"
	"end\n"
	"redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
	"redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])\n"
	"return ARGV[2]\n";

static void write_first(const struct inventory_first *first, struct buf *out)
{
	buf_printf(out, "%" PRIu64 "-%" PRIu32 " %" PRIu64, first->id.ms, first->id.seq,
		first->stream);
}

static bool read_first(struct slice text, struct inventory_first *ret)
{
	struct slice id, ms;
	uint64_t seq = 0;

	if (!slice_cut(&text, ' ', &id) || !slice_to_u64(text, &ret->stream) ||
		!slice_cut(&id, '-', &ms) || !slice_to_u64(ms, &ret->id.ms) ||
		!slice_to_u64(id, &seq))
		return false;
	ret->id.seq = (uint32_t)seq;
	return true;
}

void inventory_store_init(struct inventory_store *s, struct redis *redis)
{
	*s = (struct inventory_store){.redis = redis, .script = {.source = first_source}};
	if (redis)
		redis_register_script(redis, &s->script);
}

/* In memory. */
struct remembered {
	char *key;
	struct inventory_first first;
};

void inventory_store_release(struct inventory_store *s)
{
	for (size_t i = 0; i < s->known.room; i++) {
		if (!s->known.at[i].key.at)
			continue;
		struct remembered *r = s->known.at[i].value;

		mem_free(r->key);
		mem_free(r);
	}
	keymap_release(&s->known);
}

static int first_in_memory(struct inventory_store *s, const struct inventory_pair *pair,
	const struct inventory_first *mine, struct inventory_first *ret)
{
	CLEANUP(buf_release) struct buf key = {0};

	stream_inventory(pair->site, pair->kind, &key);
	buf_add_byte(&key, ' ');
	buf_add_slice(&key, pair->value);
	struct remembered *known = keymap_get(&s->known, buf_slice(&key));

	if (!known) {
		known = mem_alloc(sizeof *known);
		known->key = mem_copy(key.at, key.len);
		known->first = *mine;
		keymap_put(&s->known, slice_over(known->key, key.len), known);
	}
	*ret = known->first;
	return 0;
}

struct asked {
	struct inventory_first *first;
	bool known;
};

static void on_first(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct asked *asked = ctx;

	(void)index;
	asked->known = redis_reply_kind(reply) == REDIS_TEXT &&
		read_first(redis_reply_text(reply), asked->first);
}

int inventory_store_first(struct inventory_store *s, const struct inventory_pair *pair,
	const struct inventory_first *mine, struct inventory_first *ret)
{
	CLEANUP(buf_release) struct buf key = {0}, last = {0}, first = {0}, now = {0};
	struct asked asked = {ret, false};

	if (!s->redis)
		return first_in_memory(s, pair, mine, ret);
	stream_inventory(pair->site, pair->kind, &key);
	stream_inventory(pair->site, pair->kind, &last);
	buf_add_text(&last, ":last");
	write_first(mine, &first);
	buf_printf(&now, "%" PRIu64, mine->id.ms / 1000);
	const struct slice args[] = {
		pair->value, buf_slice(&first), SLICE(INVENTORY_PAIRS_MAX), buf_slice(&now)};

	redis_queue_script(s->redis, &s->script,
		(struct redis_keys){buf_slice(&key), buf_slice(&last)}, args, 4);
	int said = redis_flush(s->redis, on_first, &asked);

	return said < 0 ? said : asked.known ? 0 : -EIO;
}

void inventory_store_seen(
	struct inventory_store *s, const struct inventory_pair *pair, uint64_t last_s)
{
	CLEANUP(buf_release) struct buf key = {0}, text = {0};

	if (!s->redis)
		return;
	stream_inventory(pair->site, pair->kind, &key);
	buf_add_text(&key, ":last");
	buf_printf(&text, "%" PRIu64, last_s);
	const struct slice args[] = {SLICE("HSET"), buf_slice(&key), pair->value, buf_slice(&text)};

	redis_queue(s->redis, buf_slice(&key), args, 4);
}
