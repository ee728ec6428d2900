/* Answers of Redis, and the reader that makes them from bytes. The one module that knows hiredis,
 * of which only this reader is used: its non-blocking interface ties connecting, time-outs and
 * pipelining together differently in each version. */
#pragma once

#include "lib/slice.h"

struct redis_reply;

enum redis_kind { REDIS_NIL, REDIS_INT, REDIS_TEXT, REDIS_STATUS, REDIS_ERROR, REDIS_ARRAY };

enum redis_kind redis_reply_kind(const struct redis_reply *reply);
struct slice redis_reply_text(const struct redis_reply *reply); /* text, status or error */
int64_t redis_reply_int(const struct redis_reply *reply);
size_t redis_reply_count(const struct redis_reply *reply);
const struct redis_reply *redis_reply_at(const struct redis_reply *reply, size_t index);
void redis_reply_free(struct redis_reply **reply);

/* Whether it is an error that begins so. */
bool redis_reply_fails(const struct redis_reply *reply, const char *prefix);

struct redis_reader;

struct redis_reader *redis_reader_new(void);
void redis_reader_free(struct redis_reader **reader);

/* False when the bytes are no answers of Redis; redis_reader_said() tells. */
bool redis_reader_feed(struct redis_reader *reader, struct slice bytes);

/* The next answer, the caller's; NULL when there is none yet. */
bool redis_reader_next(struct redis_reader *reader, struct redis_reply **ret);
const char *redis_reader_said(const struct redis_reader *reader);
