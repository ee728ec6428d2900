/* The Redis list that Suricata 7 and 8 push EVE lines onto (mode list, lpush or rpush); we are its
 * only reader. Lines are taken off it only after they were committed. A position is
 * "COUNT:SHA256" of the lines read last: when they still stand at the end of the list, they were
 * committed and only not taken off. */
#include "collector/limits.h"
#include "collector/source.h"
#include "lib/digest.h"
#include "lib/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { NUMBER_MAX = 24, SAID_MAX = 256, HASH_LEN = 2 * SHA256_LEN };

struct list {
	const struct input_config *config;
	struct redis *redis;
	struct slice key;
	uint64_t count; /* of the lines read last, that still stand in the list */
	char hash[HASH_LEN + 1];
	bool is_committed; /* but not taken off */
	char said[SAID_MAX];
};

static void *open_list(const struct source_place *place)
{
	struct list *l = mem_alloc(sizeof *l);
	struct redis_options options = *place->redis;

	if (*place->config->address)
		options = (struct redis_options){.address = place->config->address};
	l->config = place->config;
	l->key = slice_of(place->config->key);
	l->redis = redis_new(&options, place->clock);
	return l;
}

static void close_list(void **source)
{
	struct list *l = *source;

	redis_free(&l->redis);
	mem_free(l);
	*source = NULL;
}

static enum source_state away(struct list *l, const struct redis_reply *reply)
{
	struct slice said = reply ? redis_reply_text(reply) : slice_of(redis_said(l->redis));

	(void)snprintf(l->said, sizeof l->said, "list %s: %.*s", l->config->key,
		(int)(said.len < 160 ? said.len : 160), said.at);
	return SOURCE_AWAY;
}

/* The oldest lines, `count` at most, still in the list. NULL and `said` when it is away. */
static struct redis_reply *oldest(struct list *l, uint64_t count)
{
	bool is_left = l->config->order == LIST_LPUSH;
	char from[NUMBER_MAX], to[NUMBER_MAX];
	struct redis_reply *reply;

	(void)snprintf(from, sizeof from, is_left ? "-%" PRIu64 : "0", count);
	(void)snprintf(to, sizeof to, is_left ? "-1" : "%" PRIu64, count - 1);

	const struct slice args[] = {SLICE("LRANGE"), l->key, slice_of(from), slice_of(to)};

	if (redis_call(l->redis, l->key, args, 4, &reply) < 0) {
		(void)away(l, NULL);
		return NULL;
	}
	if (redis_reply_kind(reply) == REDIS_ARRAY)
		return reply;
	(void)away(l, reply);
	redis_reply_free(&reply);
	return NULL;
}

static bool take_off(struct list *l)
{
	bool is_left = l->config->order == LIST_LPUSH;
	char edge[NUMBER_MAX];
	struct redis_reply *reply;

	(void)snprintf(edge, sizeof edge, is_left ? "-%" PRIu64 : "%" PRIu64, l->count + is_left);

	const struct slice args[] = {SLICE("LTRIM"), l->key, is_left ? SLICE("0") : slice_of(edge),
		is_left ? slice_of(edge) : SLICE("-1")};

	if (redis_call(l->redis, l->key, args, 4, &reply) < 0)
		return away(l, NULL) != SOURCE_AWAY;

	bool done = redis_reply_kind(reply) != REDIS_ERROR;
	if (!done)
		(void)away(l, reply);
	redis_reply_free(&reply);
	if (done)
		l->count = 0;
	l->is_committed = !done;
	return done;
}

static size_t order_of(const struct list *l, const struct redis_reply *lines, size_t i)
{
	return l->config->order == LIST_LPUSH ? redis_reply_count(lines) - 1 - i : i;
}

static void hash_lines(
	const struct list *l, const struct redis_reply *lines, char ret[HASH_LEN + 1])
{
	CLEANUP(buf_release) struct buf all = {0};
	uint8_t hash[SHA256_LEN];

	for (size_t i = 0; i < redis_reply_count(lines); i++) {
		buf_add_slice(&all, redis_reply_text(redis_reply_at(lines, order_of(l, lines, i))));
		buf_add_byte(&all, '\n');
	}
	digest_sha256(buf_slice(&all), hash);
	digest_hex(hash, sizeof hash, ret);
}

static bool position_read(struct slice text, uint64_t *ret_count, struct slice *ret_hash)
{
	size_t colon = slice_find_byte(text, ':');

	*ret_hash = slice_from(text, colon + 1);
	return slice_to_u64((struct slice){text.at, colon}, ret_count) &&
		ret_hash->len == HASH_LEN && *ret_count <= STEP_LINES;
}

static enum source_state resume(void *source, struct slice position)
{
	struct list *l = source;
	char hash[HASH_LEN + 1];
	struct slice wanted;
	uint64_t count;

	l->count = 0;
	l->is_committed = false;
	if (!position_read(position, &count, &wanted) || count == 0)
		return SOURCE_BUSY;

	struct redis_reply *lines = oldest(l, count);
	if (!lines)
		return SOURCE_AWAY;
	hash_lines(l, lines, hash);
	bool stands = redis_reply_count(lines) == count && slice_is(wanted, hash);
	redis_reply_free(&lines);
	if (!stands)
		return SOURCE_BUSY;
	l->count = count;
	return take_off(l) ? SOURCE_BUSY : SOURCE_AWAY;
}

static enum source_state read_list(void *source, size_t lines_max, source_on_line *fn, void *ctx)
{
	struct list *l = source;

	/* Whether they were taken off is unknown when the connection was lost: resume() looks. */
	if (l->is_committed)
		return SOURCE_AWAY;

	struct redis_reply *lines = oldest(l, lines_max);
	if (!lines)
		return SOURCE_AWAY;
	l->said[0] = '\0';
	l->count = redis_reply_count(lines);
	hash_lines(l, lines, l->hash);
	for (size_t i = 0; i < l->count; i++)
		fn(ctx, redis_reply_text(redis_reply_at(lines, order_of(l, lines, i))));
	redis_reply_free(&lines);
	return l->count == lines_max ? SOURCE_BUSY : SOURCE_IDLE;
}

static void position(const void *source, struct buf *out)
{
	const struct list *l = source;

	buf_printf(out, "%" PRIu64 ":%s", l->count, l->hash);
}

static void committed(void *source)
{
	struct list *l = source;

	if (l->count == 0)
		return;
	l->is_committed = true;
	(void)take_off(l);
}

static const char *said(const void *source)
{
	return ((const struct list *)source)->said;
}

static uint64_t lost(const void *source)
{
	(void)source;
	return 0;
}

const struct source_kind source_list = {
	.open = open_list,
	.close = close_list,
	.resume = resume,
	.read = read_list,
	.position = position,
	.committed = committed,
	.said = said,
	.lost = lost,
};
