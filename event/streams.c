#include "event/streams.h"

#include "lib/must.h"

#include <stdio.h>
#include <string.h>

/* The longest name of a sensor or crawler: its stream's name must fit into STREAM_NAME_MAX. */
enum { PRODUCER_NAME_MAX = 64 };

/* `len` is what snprintf() says. */
static void name_must_fit(int len)
{
	must(len > 0 && len < STREAM_NAME_MAX);
}

void stream_producer(const char *kind, const char *name, unsigned worker, char ret[STREAM_NAME_MAX])
{
	must(stream_name_is_valid(name));
	name_must_fit(snprintf(ret, STREAM_NAME_MAX, "ev:{%s.%s.%u}", kind, name, worker));
}

void stream_position(const char *kind, const char *name, unsigned worker, char ret[STREAM_NAME_MAX])
{
	must(stream_name_is_valid(name));
	name_must_fit(snprintf(ret, STREAM_NAME_MAX, "pos:{%s.%s.%u}", kind, name, worker));
}

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

bool stream_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= PRODUCER_NAME_MAX && strspn(name, NAME_BYTES) == len;
}

bool stream_is_producer(struct slice stream)
{
	enum { START_LEN = 4 };

	if (stream.len >= STREAM_NAME_MAX || stream.len < START_LEN + 2 ||
		!slice_starts(stream, SLICE("ev:{")) || stream.at[stream.len - 1] != '}')
		return false;
	for (size_t i = START_LEN; i < stream.len - 1; i++)
		if (!memchr(NAME_BYTES ".", stream.at[i], sizeof(NAME_BYTES ".") - 1))
			return false;
	return true;
}

void stream_alerts(unsigned bucket, char ret[STREAM_NAME_MAX])
{
	must(bucket < ALERT_BUCKETS);
	name_must_fit(snprintf(ret, STREAM_NAME_MAX, "al:{b%02u}", bucket));
}

void stream_dead_letters(const char *target, char ret[STREAM_NAME_MAX])
{
	must(stream_name_is_valid(target));
	name_must_fit(snprintf(ret, STREAM_NAME_MAX, "dead:{%s}", target));
}

void stream_for_target(const char *target, char ret[STREAM_NAME_MAX])
{
	must(stream_name_is_valid(target));
	name_must_fit(snprintf(ret, STREAM_NAME_MAX, "to:{%s}", target));
}

void stream_got(const char *target, char ret[STREAM_NAME_MAX])
{
	must(stream_name_is_valid(target));
	name_must_fit(snprintf(ret, STREAM_NAME_MAX, "got:{%s}", target));
}

void stream_lease(struct slice stream, struct buf *ret)
{
	buf_add_text(ret, "lease:");
	buf_add_slice(ret, stream);
}

/* FNV-1a of both with a NUL between them, folded; part of the layout of the data in Redis, so it
 * must never change. */
unsigned stream_bucket(struct slice rule_id, struct slice group)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const struct slice parts[] = {rule_id, SLICE("\0"), group};

	for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
		for (size_t i = 0; i < parts[p].len; i++)
			hash = (hash ^ (uint8_t)parts[p].at[i]) * UINT64_C(0x100000001b3);
	hash ^= hash >> 32;
	return (unsigned)((hash ^ hash >> 16) % ALERT_BUCKETS);
}

_Static_assert(ALERT_BUCKETS <= 100, "a bucket is written as two digits");

/* Of every event that matches: snprintf() would show. */
static void key_in_bucket(
	const char *kind, struct slice rule_id, struct slice rest, struct buf *ret)
{
	unsigned bucket = stream_bucket(rule_id, rest);
	const char tag[] = {
		':', '{', 'b', (char)('0' + bucket / 10), (char)('0' + bucket % 10), '}', ':'};

	buf_add_text(ret, kind);
	buf_add(ret, tag, sizeof tag);
	buf_add_slice(ret, rule_id);
	buf_add_byte(ret, '|');
	buf_add_slice(ret, rest);
}

void stream_inventory(struct slice site, struct slice kind, struct buf *ret)
{
	buf_printf(ret, "inv:{%.*s}:%.*s", SLICE_ARG(site), SLICE_ARG(kind));
}

void stream_inhibition(struct slice rule_id, struct slice value, struct buf *ret)
{
	key_in_bucket("h", rule_id, value, ret);
}

void stream_window(struct slice rule_id, struct slice group, struct buf *ret)
{
	key_in_bucket("w", rule_id, group, ret);
}
