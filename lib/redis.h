/* A Redis (≥ 7) or Valkey client: Unix socket or TCP, reconnecting, pipelined. Every command names
 * the key it is for, so that a cluster client can route it; nothing here assumes a single node.
 *
 *     struct redis *r = redis_new(&(struct redis_options){.address = "unix:/run/redis.sock"}, clock);
 *     struct slice set[] = {SLICE("SET"), key, value};
 *     redis_queue(r, key, set, 3);
 *     redis_queue(r, other_key, get, 2);
 *     if (redis_flush(r, on_reply, ctx) < 0)
 *             ...                        (away: any number of the commands may have run)
 *     redis_free(&r);
 *
 * redis_flush() connects when needed; after a failed connect it answers -EAGAIN at once until a
 * back-off (doubling from 50 ms to 2 s on the given clock) has passed. No call waits longer than
 * the timeout, in real time, for Redis to take or give another byte (a host name that must be looked
 * up first takes as long as the system's resolver allows). A Redis that is still loading
 * its data counts as away. A client belongs to one thread. */
#pragma once

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/slice.h"

struct redis;
struct redis_reply;

struct redis_options {
	const char *address;  /* "unix:/path" or "host:port" */
	const char *user;     /* NULL: none */
	const char *password; /* NULL: none */
	int64_t timeout_ms;   /* 0: 2000 */
};

enum redis_kind { REDIS_NIL, REDIS_INT, REDIS_TEXT, REDIS_STATUS, REDIS_ERROR, REDIS_ARRAY };

/* A Lua script, loaded on every (re)connect once registered. */
struct redis_script {
	const char *source;
	char sha1[41]; /* filled by redis_register_script() */
};

/* Whether `address` can be one; says what is wrong with it otherwise. */
bool redis_address_check(const char *address, struct err *err);

/* The options are copied. An address that cannot be one makes every connect fail. */
struct redis *redis_new(const struct redis_options *options, const struct clock *clock);
void redis_free(struct redis **r);
bool redis_connected(const struct redis *r);
const char *redis_said(const struct redis *r); /* why the last call failed, in words */

/* Before first use. The script must outlive the client. */
void redis_register_script(struct redis *r, struct redis_script *script);

/* Queues one command, without input or output; the arguments are copied. */
void redis_queue(struct redis *r, struct slice key, const struct slice *args, size_t count);

/* KEYS of a script: the second, which may be empty for none, must share the hash tag of the first. */
struct redis_keys {
	struct slice first, second;
};

/* Queues `script` with ARGV = args. */
void redis_queue_script(struct redis *r, const struct redis_script *script, struct redis_keys keys,
	const struct slice *args, size_t count);

/* Called per command, in the order of queueing; the reply is borrowed for the call. */
typedef void redis_on_reply(void *ctx, size_t index, const struct redis_reply *reply);

/* Sends what is queued and reads all replies. 0, or -errno when the connection failed or a script
 * was not loaded (-EAGAIN; the next connect loads it); the queue is empty afterwards either way.
 * Never -ENOENT or -ENOSPC. `fn` may be NULL and must not use the client. */
int redis_flush(struct redis *r, redis_on_reply *fn, void *ctx) __attribute__((warn_unused_result));

/* One command and its reply, which the caller frees. Nothing may be queued. */
int redis_call(struct redis *r, struct slice key, const struct slice *args, size_t count,
	struct redis_reply **ret) __attribute__((warn_unused_result));
void redis_reply_free(struct redis_reply **reply);

/* The next flush or call waits so much longer: it holds a command that blocks in Redis. */
void redis_be_patient(struct redis *r, int64_t extra_ms);

enum redis_kind redis_reply_kind(const struct redis_reply *reply);
struct slice redis_reply_text(const struct redis_reply *reply); /* text, status or error */
int64_t redis_reply_int(const struct redis_reply *reply);
size_t redis_reply_count(const struct redis_reply *reply);
const struct redis_reply *redis_reply_at(const struct redis_reply *reply, size_t index);
