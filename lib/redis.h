/* A Redis (≥ 7) or Valkey client: one node on a Unix socket or TCP, the master that sentinels name,
 * or a cluster; reconnecting, pipelined. Every command names the key it is for, which says the node
 * that it goes to.
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
 * its data counts as away. A client belongs to one thread.
 *
 * In a cluster the commands of one flush go to all their nodes at once, and those that a node sends
 * elsewhere (MOVED, ASK, TRYAGAIN, CLUSTERDOWN) are repeated there until the timeout. Commands for one
 * key run in the order of queueing, unless its slot moves in that moment. What stands from MULTI to
 * EXEC has one hash tag, and is repeated as a whole. */
#pragma once

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/redis_reply.h"
#include "lib/slice.h"

struct redis;

/* Borrowed by redis_new(), which copies what it needs. */
struct redis_options {
	const char *address;  /* "unix:/path" or "host:port"; of a cluster, one of its nodes */
	const char *user;     /* NULL: none */
	const char *password; /* NULL: none */
	int64_t timeout_ms;   /* 0: 2000 */

	bool cluster;
	const char *master; /* as sentinels call it; NULL: no sentinels */
	const char *const
		*nodes; /* more nodes of the cluster to ask for its map, or the sentinels */
	size_t node_count;
	int64_t replicas; /* that redis_confirm() waits for */
};

/* A Lua script, loaded on every (re)connect once registered. */
struct redis_script {
	const char *source;
	char sha1[41]; /* filled by redis_register_script() */
};

/* Whether `address` can be one; says what is wrong with it otherwise. */
bool redis_address_check(const char *address, struct err *err);

/* An address that cannot be one makes every connect fail. */
struct redis *redis_new(const struct redis_options *options, const struct clock *clock);
void redis_free(struct redis **r);
bool redis_connected(const struct redis *r); /* to any node */
bool redis_is_cluster(const struct redis *r);
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

/* Sends what is queued and returns, so that Redis works while the caller does; the next
 * redis_flush(), before which nothing may be queued, reads the replies and tells what failed. */
void redis_start(struct redis *r);

/* One command and its reply, which the caller frees. Nothing may be queued. */
int redis_call(struct redis *r, struct slice key, const struct slice *args, size_t count,
	struct redis_reply **ret) __attribute__((warn_unused_result));

/* One command to each node that serves keys. Nothing may be queued. */
int redis_call_each(struct redis *r, const struct slice *args, size_t count, redis_on_reply *fn,
	void *ctx) __attribute__((warn_unused_result));

/* Waits until all that this client wrote is on so many replicas as the options say, at most half a
 * second, and hardly at all once they were silent; `ret_confirmed` says whether it is. At once when
 * the options say none. */
int redis_confirm(struct redis *r, bool *ret_confirmed) __attribute__((warn_unused_result));

/* The next flush or call waits so much longer: it holds a command that blocks in Redis. */
void redis_be_patient(struct redis *r, int64_t extra_ms);
