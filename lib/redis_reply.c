#include "lib/redis_reply.h"

#include "lib/must.h"

#include <hiredis/hiredis.h>

enum { BUFFER_KEPT = 1024 * 1024 }; /* a larger buffer is given back after use */

static const redisReply *inside(const struct redis_reply *reply)
{
	return (const redisReply *)(const void *)reply;
}

void redis_reply_free(struct redis_reply **reply)
{
	if (*reply)
		freeReplyObject(*reply);
	*reply = NULL;
}

enum redis_kind redis_reply_kind(const struct redis_reply *reply)
{
	switch (inside(reply)->type) {
	case REDIS_REPLY_INTEGER: return REDIS_INT;
	case REDIS_REPLY_STRING: return REDIS_TEXT;
	case REDIS_REPLY_STATUS: return REDIS_STATUS;
	case REDIS_REPLY_ERROR: return REDIS_ERROR;
	case REDIS_REPLY_ARRAY: return REDIS_ARRAY;
	default: return REDIS_NIL;
	}
}

struct slice redis_reply_text(const struct redis_reply *reply)
{
	const redisReply *in = inside(reply);
	bool has_text = in->type == REDIS_REPLY_STRING || in->type == REDIS_REPLY_STATUS ||
		in->type == REDIS_REPLY_ERROR;

	return has_text ? slice_over(in->str, in->len) : SLICE("");
}

int64_t redis_reply_int(const struct redis_reply *reply)
{
	return inside(reply)->type == REDIS_REPLY_INTEGER ? inside(reply)->integer : 0;
}

size_t redis_reply_count(const struct redis_reply *reply)
{
	return inside(reply)->type == REDIS_REPLY_ARRAY ? inside(reply)->elements : 0;
}

const struct redis_reply *redis_reply_at(const struct redis_reply *reply, size_t index)
{
	must(index < redis_reply_count(reply));
	return (const struct redis_reply *)(const void *)inside(reply)->element[index];
}

bool redis_reply_fails(const struct redis_reply *reply, const char *prefix)
{
	return redis_reply_kind(reply) == REDIS_ERROR &&
		slice_starts(redis_reply_text(reply), slice_of(prefix));
}

static redisReader *reader_of(struct redis_reader *reader)
{
	return (redisReader *)(void *)reader;
}

struct redis_reader *redis_reader_new(void)
{
	redisReader *reader = redisReaderCreate();

	must(reader);
	reader->maxbuf = BUFFER_KEPT;
	return (struct redis_reader *)(void *)reader;
}

void redis_reader_free(struct redis_reader **reader)
{
	if (*reader)
		redisReaderFree(reader_of(*reader));
	*reader = NULL;
}

bool redis_reader_feed(struct redis_reader *reader, struct slice bytes)
{
	return redisReaderFeed(reader_of(reader), bytes.at, bytes.len) == REDIS_OK;
}

bool redis_reader_next(struct redis_reader *reader, struct redis_reply **ret)
{
	void *found = NULL;
	bool ok = redisReaderGetReply(reader_of(reader), &found) == REDIS_OK;

	*ret = found;
	return ok;
}

const char *redis_reader_said(const struct redis_reader *reader)
{
	return ((const redisReader *)(const void *)reader)->errstr;
}
