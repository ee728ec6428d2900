#include "crawler/remember.h"

#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/mem.h"

#include <string.h>

/* What is kept here is bounded in bytes too, where Redis has it as well. */
enum {
	SETS = 8192,
	WAYS = 4,
	VALUE_LEN_MAX = 64 * 1024,
	QUEUE_MAX = 1000,
	HERE_LEN_MAX = 16 * 1024 * 1024,
	SMALL_LEN = 64,
};

struct kept {
	char *key;
	size_t key_len;
	char *value;
	size_t value_len;
	int64_t until_us;
};

struct remember {
	struct redis *redis;
	const struct clock *clock;
	char *prefix;
	struct kept *table; /* SETS * WAYS */
	size_t queued, here_len;
	struct later *later, *last_later; /* oldest first: of two values the newer must win */
};

struct later {
	struct later *next;
	struct kept kept;
	int64_t ttl_ms;
};

struct remember *remember_new(struct redis *redis, const char *prefix, const struct clock *clock)
{
	struct remember *m = mem_alloc(sizeof *m);

	m->redis = redis;
	m->clock = clock;
	m->prefix = mem_text(prefix);
	m->table = mem_array((size_t)SETS * WAYS, sizeof *m->table);
	return m;
}

static void kept_release(struct kept *k)
{
	mem_free(k->key);
	mem_free(k->value);
	*k = (struct kept){0};
}

/* What was not committed is forgotten: its events may not have arrived. */
static void later_release(struct remember *m)
{
	while (m->later != NULL) {
		struct later *first = m->later;

		m->later = first->next;
		kept_release(&first->kept);
		mem_free(first);
	}
	m->last_later = NULL;
}

void remember_free(struct remember **m)
{
	if (*m == NULL)
		return;
	remember_flush(*m);
	later_release(*m);
	for (size_t i = 0; i < (size_t)SETS * WAYS; i++)
		kept_release(&(*m)->table[i]);
	mem_free((*m)->table);
	mem_free((*m)->prefix);
	mem_free(*m);
	*m = NULL;
}

static struct kept *set_of(const struct remember *m, struct slice key)
{
	return &m->table[(digest_hash64(key) % SETS) * WAYS];
}

static bool holds(const struct kept *k, struct slice key)
{
	return k->key != NULL && slice_equal(slice_over(k->key, k->key_len), key);
}

static const struct kept *known(const struct remember *m, struct slice key)
{
	const struct kept *set = set_of(m, key);

	for (int i = 0; i < WAYS; i++)
		if (holds(&set[i], key) && set[i].until_us > clock_wall_us(m->clock))
			return &set[i];
	return NULL;
}

static struct kept kept_of(struct slice key, struct slice value)
{
	return (struct kept){.key = mem_copy(key.at, key.len),
		.key_len = key.len,
		.value = mem_copy(value.at, value.len),
		.value_len = value.len};
}

static void drop(struct remember *m, struct kept *k)
{
	m->here_len -= k->key_len + k->value_len;
	kept_release(k);
}

/* In place of the same key, else of what expires first. */
static void keep(struct remember *m, struct slice key, struct slice value, int64_t ttl_ms)
{
	struct kept *set = set_of(m, key), *to = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (holds(&set[i], key)) {
			to = &set[i];
			break;
		}
		if (set[i].until_us < to->until_us)
			to = &set[i];
	}
	drop(m, to);
	if (m->redis != NULL && value.len > SMALL_LEN &&
		m->here_len + key.len + value.len > HERE_LEN_MAX)
		return;
	*to = kept_of(key, value);
	m->here_len += key.len + value.len;
	to->until_us = clock_wall_us(m->clock) + ttl_ms * 1000;
}

static struct slice full_key(const struct remember *m, struct arena *a, struct slice key)
{
	return slice_of(arena_printf(a, "%s%.*s", m->prefix, SLICE_ARG(key)));
}

struct collector {
	struct arena *a;
	const size_t *index; /* of each command's answer in `ret` */
	struct slice *ret;
};

static void on_value(void *ctx, size_t command, const struct redis_reply *reply)
{
	struct collector *c = ctx;

	if (redis_reply_kind(reply) == REDIS_TEXT)
		c->ret[c->index[command]] = arena_slice(c->a, redis_reply_text(reply));
}

void remember_get_many(struct remember *m, struct arena *a, const struct slice *keys, size_t count,
	struct slice *ret)
{
	size_t *index = arena_array(a, count + 1, sizeof *index), asked = 0;
	struct collector c = {a, index, ret};

	remember_flush(m);
	for (size_t i = 0; i < count; i++) {
		const struct kept *k = known(m, keys[i]);

		ret[i] = (struct slice){0};
		if (k != NULL) {
			ret[i] = arena_slice(a, slice_over(k->value, k->value_len));
		} else if (m->redis != NULL) {
			struct slice key = full_key(m, a, keys[i]);
			struct slice command[] = {SLICE("GET"), key};

			redis_queue(m->redis, key, command, 2);
			index[asked++] = i;
		}
	}
	/* An error means that Redis is away: the keys stay unknown. */
	if (asked > 0 && redis_flush(m->redis, on_value, &c) < 0)
		return;
}

bool remember_get(struct remember *m, struct arena *a, struct slice key, struct slice *ret)
{
	remember_get_many(m, a, &key, 1, ret);
	return ret->at != NULL;
}

void remember_set(struct remember *m, struct slice key, struct slice value, int64_t ttl_ms)
{
	CLEANUP(arena_free) struct arena *a = arena_new();

	if (value.len > VALUE_LEN_MAX)
		return;
	keep(m, key, value, ttl_ms);
	if (m->redis == NULL)
		return;
	struct slice full = full_key(m, a, key);
	struct slice command[] = {SLICE("SET"), full, value, SLICE("PX"),
		slice_of(arena_printf(a, "%lld", (long long)ttl_ms))};
	redis_queue(m->redis, full, command, 5);
	if (++m->queued == QUEUE_MAX)
		remember_flush(m);
}

void remember_forget(struct remember *m, struct slice key)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct kept *set = set_of(m, key);

	for (int i = 0; i < WAYS; i++)
		if (holds(&set[i], key))
			drop(m, &set[i]);
	if (m->redis == NULL)
		return;
	struct slice full = full_key(m, a, key);
	struct slice command[] = {SLICE("DEL"), full};
	redis_queue(m->redis, full, command, 2);
	m->queued++;
}

void remember_flush(struct remember *m)
{
	if (m->queued == 0)
		return;
	m->queued = 0;
	if (redis_flush(m->redis, NULL, NULL) < 0)
		return;
}

void remember_later(struct remember *m, struct slice key, struct slice value, int64_t ttl_ms)
{
	struct later *later = mem_alloc(sizeof *later);

	keep(m, key, value, ttl_ms);
	*later = (struct later){.kept = kept_of(key, value), .ttl_ms = ttl_ms};
	if (m->last_later != NULL)
		m->last_later->next = later;
	else
		m->later = later;
	m->last_later = later;
}

bool remember_has_later(const struct remember *m)
{
	return m->later != NULL;
}

void remember_commit(struct remember *m)
{
	for (const struct later *l = m->later; l != NULL; l = l->next)
		remember_set(m, slice_over(l->kept.key, l->kept.key_len),
			slice_over(l->kept.value, l->kept.value_len), l->ttl_ms);
	later_release(m);
	remember_flush(m);
}
