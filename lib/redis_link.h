/* One connection to one Redis node: greets it (AUTH, scripts), sends, takes answers in order.
 *
 *     struct redis_link *l = redis_link_new(&address, &login);
 *     if (redis_link_open(l) == 0) {
 *             redis_link_send(l, bytes, 2);          (two commands)
 *             while (redis_link_owes(l))
 *                     … poll redis_link_poll(l); redis_link_step(l, ready, on_answer, ctx) …
 *     }
 *     redis_link_free(&l);
 *
 * redis_link_open() answers -EAGAIN at once until a back-off (doubling from 50 ms to 2 s on the given
 * clock) after a failed connect has passed. After any failure the connection is closed. */
#pragma once

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/redis.h"
#include "lib/redis_address.h"

#include <poll.h>

struct redis_link;

enum { REDIS_SCRIPTS_MAX = 16, REDIS_SAID_MAX = 256 };

/* What is the same for all nodes; borrowed. */
struct redis_login {
	const char *user, *password; /* NULL: none */
	int64_t timeout_ms;
	const struct clock *clock;
	struct redis_script *scripts[REDIS_SCRIPTS_MAX];
	size_t script_count;
	bool must_be_master; /* a replica is closed again */
};

struct redis_link *redis_link_new(
	const struct redis_address *address, const struct redis_login *login);
void redis_link_free(struct redis_link **l);

const struct redis_address *redis_link_address(const struct redis_link *l);
bool redis_link_is_open(const struct redis_link *l);
const char *redis_link_said(const struct redis_link *l); /* why it was closed, in words */

int redis_link_open(struct redis_link *l) __attribute__((warn_unused_result));

/* Closes it for that reason; `error` is a positive errno, which comes back negative. */
int redis_link_close(struct redis_link *l, int error, struct slice said);

/* Queues bytes that hold so many commands; sends nothing yet. */
void redis_link_send(struct redis_link *l, struct slice bytes, size_t commands);
size_t redis_link_owes(const struct redis_link *l); /* answers that are to come */
struct pollfd redis_link_poll(const struct redis_link *l);

/* Whether something was sent since redis_link_confirm(), on this connection. */
bool redis_link_is_unconfirmed(const struct redis_link *l);
void redis_link_confirm(struct redis_link *l);

/* Takes over the answer. False stops: the link was closed or is to be. */
typedef bool redis_link_take(void *ctx, struct redis_link *l, struct redis_reply *reply);

/* Reads and writes what `ready` says is possible, without blocking. */
int redis_link_step(struct redis_link *l, short ready, redis_link_take *take, void *ctx)
	__attribute__((warn_unused_result));

/* One command and its answer, which the caller frees; nothing may be owed. */
int redis_link_ask(struct redis_link *l, const struct slice *args, size_t count,
	struct redis_reply **ret) __attribute__((warn_unused_result));

/* A command as bytes. */
void redis_command_begin(struct buf *out, size_t arg_count);
void redis_command_add(struct buf *out, struct slice arg);
