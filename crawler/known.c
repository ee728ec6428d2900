#include "crawler/known.h"

#include "lib/buf.h"
#include "lib/cursor.h"
#include "lib/digest.h"
#include "lib/mem.h"

#include <stdio.h>
#include <string.h>

enum {
	CHAINS = 4096,
	FIELD_LEN = 8,
	BUCKETS = 1 << KNOWN_BUCKET_BITS,
	BUCKET_MAX =
		480, /* Redis stores up to 512 compactly; a crowd beyond is made up by someone */
	SEND_MAX = 1000,
	KEY_MAX = 96,
	WAITING_MAX = 200000, /* while Redis is away */
};

static const int64_t DAY_MS = 86400000;

/* Where an address lies: its bucket and its field there. */
struct spot {
	uint32_t bucket;
	uint8_t field[FIELD_LEN];
};

/* An address that waits for the commit, or without Redis is all there is. */
struct here {
	struct here *chain, *newer;
	struct spot spot;
	struct known_facts facts;
};

struct known {
	struct redis *redis;
	const struct clock *clock;
	char *name;
	int64_t ttl_ms;
	struct here **chains, *oldest, *newest;
	size_t here_count;
	uint32_t sweep_at;
};

struct known *known_new(
	struct redis *redis, const char *name, const struct clock *clock, int64_t ttl_ms)
{
	struct known *k = mem_alloc(sizeof *k);

	k->redis = redis;
	k->clock = clock;
	k->name = mem_text(name);
	k->ttl_ms = ttl_ms;
	k->chains = mem_array(CHAINS, sizeof(struct here *));
	return k;
}

static struct spot spot_of(struct slice url)
{
	uint8_t hash[SHA256_LEN];
	struct spot spot;

	digest_sha256(url, hash);
	spot.bucket = ((uint32_t)hash[0] << 16 | (uint32_t)hash[1] << 8 | hash[2]) % BUCKETS;
	memcpy(spot.field, hash + 3, FIELD_LEN);
	return spot;
}

static struct here **find(const struct known *k, const struct spot *spot)
{
	uint32_t low = (uint32_t)spot->field[0] << 8 | spot->field[1];
	struct here **at = &k->chains[low % CHAINS];

	while (*at != NULL &&
		((*at)->spot.bucket != spot->bucket ||
			memcmp((*at)->spot.field, spot->field, FIELD_LEN) != 0))
		at = &(*at)->chain;
	return at;
}

static void drop_oldest(struct known *k)
{
	struct here *oldest = k->oldest, **at = find(k, &oldest->spot);

	*at = oldest->chain;
	k->oldest = oldest->newer;
	if (k->oldest == NULL)
		k->newest = NULL;
	k->here_count--;
	mem_free(oldest);
}

void known_free(struct known **k)
{
	if (*k == NULL)
		return;
	while ((*k)->oldest != NULL)
		drop_oldest(*k);
	mem_free((*k)->chains);
	mem_free((*k)->name);
	mem_free(*k);
	*k = NULL;
}

static uint16_t today(const struct known *k)
{
	return (uint16_t)(clock_wall_us(k->clock) / 1000 / DAY_MS);
}

bool known_facts_read(struct slice bytes, struct known_facts *ret)
{
	struct cursor c = cursor_over(bytes.at, bytes.len);

	*ret = (struct known_facts){0};
	ret->day = cursor_be16(&c);
	ret->entry = cursor_be32(&c);
	ret->title = cursor_be32(&c);
	ret->text = (uint64_t)cursor_be16(&c) << 32;
	ret->text |= cursor_be32(&c);
	if (cursor_ok(&c) && cursor_left(&c) == 0)
		return true;
	*ret = (struct known_facts){0};
	return false;
}

static uint8_t *put(uint8_t *at, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		*at++ = (uint8_t)(value >> (8 * bytes));
	return at;
}

void known_facts_write(const struct known_facts *facts, uint8_t ret[KNOWN_RECORD_LEN])
{
	uint8_t *at = put(ret, facts->day, 2);

	at = put(at, facts->entry, 4);
	at = put(at, facts->title, 4);
	put(at, facts->text, 6);
}

uint64_t known_hash48(struct slice said)
{
	uint8_t hash[SHA256_LEN];
	uint64_t value = 0;

	digest_sha256(said, hash);
	for (int i = 0; i < 6; i++)
		value = value << 8 | hash[i];
	return value == 0 ? 1 : value;
}

uint32_t known_hash(struct slice said)
{
	uint32_t value = (uint32_t)(known_hash48(said) >> 16);

	return value == 0 ? 1 : value;
}

static struct slice bucket_key(const struct known *k, uint32_t bucket, struct buf *key)
{
	buf_clear(key);
	buf_printf(key, "known:{%s.k%05x}", k->name, bucket);
	return buf_slice(key);
}

struct asked {
	size_t *index;
	struct known_facts *ret;
};

static void on_facts(void *ctx, size_t command, const struct redis_reply *reply)
{
	const struct asked *asked = ctx;

	/* Bytes that are no record count as unknown: the page is read once more. */
	(void)known_facts_read(redis_reply_text(reply), &asked->ret[asked->index[command]]);
}

/* An address that feeds go on naming must not grow old. */
static void refresh(
	struct known *k, const struct slice *urls, size_t count, const struct known_facts *facts)
{
	for (size_t i = 0; i < count; i++)
		if (facts[i].day != 0 && (today(k) - facts[i].day) * DAY_MS > k->ttl_ms / 4)
			known_later(k, urls[i], &facts[i]);
}

int known_get(struct known *k, struct arena *a, const struct slice *urls, size_t count,
	struct known_facts *ret)
{
	CLEANUP(buf_release) struct buf key = {0};
	struct asked asked = {arena_array(a, count + 1, sizeof(size_t)), ret};
	size_t commands = 0;

	for (size_t i = 0; i < count; i++) {
		struct spot spot = spot_of(urls[i]);
		const struct here *here = *find(k, &spot);

		ret[i] = here != NULL ? here->facts : (struct known_facts){0};
		if (here != NULL || k->redis == NULL)
			continue;
		struct slice bucket = bucket_key(k, spot.bucket, &key);
		struct slice get[] = {SLICE("HGET"), bucket, slice_over(spot.field, FIELD_LEN)};
		redis_queue(k->redis, bucket, get, 3);
		asked.index[commands++] = i;
	}
	int error = commands == 0 ? 0 : redis_flush(k->redis, on_facts, &asked);
	if (error == 0)
		refresh(k, urls, count, ret);
	return error;
}

void known_later(struct known *k, struct slice url, const struct known_facts *facts)
{
	struct spot spot = spot_of(url);
	struct here **at = find(k, &spot);

	if (*at == NULL) {
		*at = mem_alloc(sizeof **at);
		(*at)->spot = spot;
		if (k->newest != NULL)
			k->newest->newer = *at;
		else
			k->oldest = *at;
		k->newest = *at;
		k->here_count++;
	}
	(*at)->facts = *facts;
	(*at)->facts.day = today(k);
	if (k->here_count > (k->redis == NULL ? KNOWN_HERE_MAX : WAITING_MAX))
		drop_oldest(k);
}

size_t known_waiting(const struct known *k)
{
	return k->redis == NULL ? 0 : k->here_count;
}

static void queue_write(struct known *k, const struct here *here, struct buf *key)
{
	uint8_t record[KNOWN_RECORD_LEN];
	char ttl[24];
	struct slice bucket = bucket_key(k, here->spot.bucket, key);
	struct slice set[] = {SLICE("HSET"), bucket, slice_over(here->spot.field, FIELD_LEN),
		slice_over(record, KNOWN_RECORD_LEN)};

	known_facts_write(&here->facts, record);
	redis_queue(k->redis, bucket, set, 4);
	(void)snprintf(ttl, sizeof ttl, "%lld", (long long)k->ttl_ms);
	struct slice expire[] = {SLICE("PEXPIRE"), bucket, slice_of(ttl)};
	redis_queue(k->redis, bucket, expire, 3);
}

int known_commit(struct known *k)
{
	CLEANUP(buf_release) struct buf key = {0};

	while (known_waiting(k) > 0) {
		size_t count = 0;

		for (const struct here *h = k->oldest; h != NULL && count < SEND_MAX;
			h = h->newer) {
			queue_write(k, h, &key);
			count++;
		}
		int error = redis_flush(k->redis, NULL, NULL);
		if (error < 0)
			return error;
		while (count-- > 0)
			drop_oldest(k);
	}
	return 0;
}

struct sweep {
	struct arena *a;
	struct known *k;
	uint32_t first;
	struct slice *fields; /* to delete */
	uint32_t *buckets;
	size_t count, room;
};

static void sweep_field(struct sweep *s, size_t bucket, struct slice field)
{
	if (s->count == s->room)
		return;
	s->buckets[s->count] = (s->first + (uint32_t)bucket) % BUCKETS;
	s->fields[s->count++] = arena_slice(s->a, field);
}

static void on_bucket(void *ctx, size_t command, const struct redis_reply *reply)
{
	struct sweep *s = ctx;
	size_t count = redis_reply_count(reply) / 2;
	struct known_facts facts;

	for (size_t i = 0; i < count; i++) {
		bool whole = known_facts_read(
			redis_reply_text(redis_reply_at(reply, 2 * i + 1)), &facts);
		bool old = (today(s->k) - facts.day) * DAY_MS > s->k->ttl_ms;

		if (!whole || old || count - i > BUCKET_MAX)
			sweep_field(s, command, redis_reply_text(redis_reply_at(reply, 2 * i)));
	}
}

int64_t known_sweep(struct known *k, unsigned buckets)
{
	CLEANUP(buf_release) struct buf key = {0};
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct sweep s = {.a = a, .k = k, .first = k->sweep_at, .room = SEND_MAX};

	if (k->redis == NULL)
		return 0;
	s.fields = arena_array(a, s.room, sizeof *s.fields);
	s.buckets = arena_array(a, s.room, sizeof *s.buckets);
	for (unsigned i = 0; i < buckets; i++) {
		struct slice bucket = bucket_key(k, (s.first + i) % BUCKETS, &key);
		struct slice get[] = {SLICE("HGETALL"), bucket};

		redis_queue(k->redis, bucket, get, 2);
	}
	int error = redis_flush(k->redis, on_bucket, &s);
	if (error < 0)
		return error;
	for (size_t i = 0; i < s.count; i++) {
		struct slice bucket = bucket_key(k, s.buckets[i], &key);
		struct slice drop[] = {SLICE("HDEL"), bucket, s.fields[i]};

		redis_queue(k->redis, bucket, drop, 3);
	}
	error = s.count == 0 ? 0 : redis_flush(k->redis, NULL, NULL);
	if (error < 0)
		return error;
	k->sweep_at = (s.first + buckets) % BUCKETS;
	return (int64_t)s.count;
}
