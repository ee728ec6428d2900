#include "lib/redis_link.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BACKOFF_MIN_MS = 50,
	BACKOFF_MAX_MS = 2000,
	IO_LEN = 64 * 1024,
	BUFFER_KEPT = 1024 * 1024, /* a larger buffer is given back after use */
};

struct redis_link {
	struct redis_address address;
	const struct redis_login *login;
	int fd; /* -1: not connected */
	struct redis_reader *reader;
	struct buf out;
	size_t sent; /* of out */
	size_t owed;
	bool unconfirmed;
	int64_t backoff_ms; /* 0: the last connect went well */
	mono_t retry_at;
	char said[REDIS_SAID_MAX];
};

struct redis_link *redis_link_new(
	const struct redis_address *address, const struct redis_login *login)
{
	struct redis_link *l = mem_alloc(sizeof *l);

	l->address = *address;
	l->login = login;
	l->fd = -1;
	return l;
}

static void disconnect(struct redis_link *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
	redis_reader_free(&l->reader);
	l->owed = l->sent = 0;
	l->unconfirmed = false;
	if (l->out.room > BUFFER_KEPT)
		buf_release(&l->out);
	buf_clear(&l->out);
}

void redis_link_free(struct redis_link **l)
{
	if (!*l)
		return;
	disconnect(*l);
	buf_release(&(*l)->out);
	mem_free(*l);
	*l = NULL;
}

const struct redis_address *redis_link_address(const struct redis_link *l)
{
	return &l->address;
}

bool redis_link_is_open(const struct redis_link *l)
{
	return l->fd >= 0;
}

const char *redis_link_said(const struct redis_link *l)
{
	return l->said;
}

int redis_link_close(struct redis_link *l, int error, struct slice said)
{
	int len = said.len >= sizeof l->said ? (int)sizeof l->said - 1 : (int)said.len;

	(void)snprintf(l->said, sizeof l->said, "%.*s", len, said.at);
	disconnect(l);
	return -error;
}

static int fail(struct redis_link *l, int error, const char *doing)
{
	const char *why = strerrordesc_np(error);
	CLEANUP(mem_cleanup) char *said = mem_printf("%s: %s", doing, why ? why : "unknown error");

	return redis_link_close(l, error, slice_of(said));
}

void redis_command_begin(struct buf *out, size_t arg_count)
{
	buf_printf(out, "*%zu\r\n", arg_count);
}

void redis_command_add(struct buf *out, struct slice arg)
{
	buf_printf(out, "$%zu\r\n", arg.len);
	buf_add_slice(out, arg);
	buf_add(out, "\r\n", 2);
}

static void add_command(struct buf *out, const struct slice *args, size_t count)
{
	redis_command_begin(out, count);
	for (size_t i = 0; i < count; i++)
		redis_command_add(out, args[i]);
}

void redis_link_send(struct redis_link *l, struct slice bytes, size_t commands)
{
	must(l->fd >= 0);
	buf_add_slice(&l->out, bytes);
	l->owed += commands;
	l->unconfirmed = true;
}

size_t redis_link_owes(const struct redis_link *l)
{
	return l->owed;
}

struct pollfd redis_link_poll(const struct redis_link *l)
{
	bool more = l->sent < l->out.len;

	return (struct pollfd){.fd = l->fd, .events = (short)(more ? POLLIN | POLLOUT : POLLIN)};
}

bool redis_link_is_unconfirmed(const struct redis_link *l)
{
	return l->unconfirmed;
}

void redis_link_confirm(struct redis_link *l)
{
	l->unconfirmed = false;
}

static int nonsense(struct redis_link *l)
{
	CLEANUP(mem_cleanup)
	char *said = mem_printf("Redis answered nonsense: %s", redis_reader_said(l->reader));

	return redis_link_close(l, EPROTO, slice_of(said));
}

static int take_replies(struct redis_link *l, redis_link_take *take, void *ctx)
{
	for (;;) {
		struct redis_reply *reply;

		if (!redis_reader_next(l->reader, &reply))
			return nonsense(l);
		if (!reply)
			return 0;
		if (l->owed)
			l->owed--;
		if (!take(ctx, l, reply))
			return l->fd >= 0 ? 0 : -EAGAIN;
	}
}

static int receive(struct redis_link *l, redis_link_take *take, void *ctx)
{
	char bytes[IO_LEN];
	ssize_t len = recv(l->fd, bytes, sizeof bytes, 0);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len < 0)
		return fail(l, errno, "reading from Redis");
	if (len == 0)
		return redis_link_close(l, ECONNRESET, SLICE("Redis: closed the connection"));
	if (!redis_reader_feed(l->reader, slice_over(bytes, (size_t)len)))
		return nonsense(l);
	return take_replies(l, take, ctx);
}

static int transmit(struct redis_link *l)
{
	size_t left = l->out.len - l->sent;
	size_t len = left < IO_LEN ? left : IO_LEN;
	ssize_t sent = send(l->fd, l->out.at + l->sent, len, MSG_NOSIGNAL);

	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (sent < 0)
		return fail(l, errno, "writing to Redis");
	l->sent += (size_t)sent;
	if (l->sent < l->out.len)
		return 0;
	l->sent = 0;
	if (l->out.room > BUFFER_KEPT)
		buf_release(&l->out);
	buf_clear(&l->out);
	return 0;
}

/* Writes and reads by turns, so that neither side waits with full buffers for the other. */
int redis_link_step(struct redis_link *l, short ready, redis_link_take *take, void *ctx)
{
	int error = 0;

	if (ready & (POLLIN | POLLHUP | POLLERR))
		error = receive(l, take, ctx);
	if (!error && l->fd >= 0 && (ready & POLLOUT) && l->sent < l->out.len)
		error = transmit(l);
	return error;
}

/* Until nothing is owed. */
static int run(struct redis_link *l, redis_link_take *take, void *ctx)
{
	while (l->owed) {
		short ready = 0;
		int error = redis_address_wait(
			l->fd, redis_link_poll(l).events, l->login->timeout_ms, &ready);

		if (error)
			return fail(l, -error, "waiting for Redis");
		error = redis_link_step(l, ready, take, ctx);
		if (error)
			return error;
	}
	return 0;
}

/* The first bad answer to what is said on each new connection. */
struct greeting {
	bool bad;
	char said[REDIS_SAID_MAX];
};

static bool greeted(void *ctx, struct redis_link *l, struct redis_reply *reply)
{
	struct greeting *g = ctx;
	struct slice said = redis_reply_text(reply);

	(void)l;
	/* A user who may not PING or see the ROLE is let in all the same. */
	if (redis_reply_kind(reply) == REDIS_ERROR && !g->bad &&
		!redis_reply_fails(reply, "NOPERM")) {
		g->bad = true;
		(void)snprintf(g->said, sizeof g->said, "%.*s", SLICE_ARG(said));
	}
	if (redis_reply_count(reply) > 0 && !g->bad &&
		!slice_is(redis_reply_text(redis_reply_at(reply, 0)), "master")) {
		g->bad = true;
		(void)snprintf(g->said, sizeof g->said, "it is a replica");
	}
	redis_reply_free(&reply);
	return true;
}

static size_t write_greeting(const struct redis_login *login, struct buf *out)
{
	const struct slice auth[] = {SLICE("AUTH"),
		slice_of(login->user ? login->user : login->password), slice_of(login->password)};
	const struct slice ping = SLICE("PING"), role = SLICE("ROLE");
	size_t count = 1;

	if (login->user || login->password) {
		add_command(out, auth, login->user ? 3 : 2);
		count++;
	}
	add_command(out, &ping, 1);
	if (login->must_be_master) {
		add_command(out, &role, 1);
		count++;
	}
	for (size_t i = 0; i < login->script_count; i++, count++) {
		const struct slice load[] = {
			SLICE("SCRIPT"), SLICE("LOAD"), slice_of(login->scripts[i]->source)};

		add_command(out, load, 3);
	}
	return count;
}

static int greet(struct redis_link *l)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct greeting g = {0};

	redis_link_send(l, SLICE(""), write_greeting(l->login, &out));
	buf_add_slice(&l->out, buf_slice(&out));
	if (l->login->password)
		explicit_bzero(out.at, out.len);

	int error = run(l, greeted, &g);

	if (l->login->password && l->out.at)
		explicit_bzero(l->out.at, l->out.room);
	if (error)
		return error;
	if (!g.bad)
		return 0;

	struct slice said = slice_of(g.said);
	bool denied = slice_starts(said, SLICE("NOAUTH")) || slice_starts(said, SLICE("WRONGPASS"));
	CLEANUP(mem_cleanup) char *text = mem_printf("Redis does not let us in: %s", g.said);

	return redis_link_close(l, denied ? EACCES : EAGAIN, slice_of(text));
}

static int connect_now(struct redis_link *l)
{
	int fd = redis_address_connect(&l->address, l->login->timeout_ms);

	if (fd < 0)
		return fail(l, -fd, "connecting to Redis");
	l->fd = fd;
	l->reader = redis_reader_new();
	return greet(l);
}

int redis_link_open(struct redis_link *l)
{
	if (l->fd >= 0)
		return 0;

	const struct clock *clock = l->login->clock;

	if (l->backoff_ms && mono_left_ms(l->retry_at, clock_mono(clock)) > 0)
		return -EAGAIN;

	int error = connect_now(l);

	if (!error) {
		l->backoff_ms = 0;
		return 0;
	}
	l->backoff_ms = l->backoff_ms ? l->backoff_ms * 2 : BACKOFF_MIN_MS;
	if (l->backoff_ms > BACKOFF_MAX_MS)
		l->backoff_ms = BACKOFF_MAX_MS;
	l->retry_at = mono_after(clock_mono(clock), l->backoff_ms);
	return error;
}

static bool keep_reply(void *ctx, struct redis_link *l, struct redis_reply *reply)
{
	struct redis_reply **kept = ctx;

	(void)l;
	must(!*kept);
	*kept = reply;
	return true;
}

int redis_link_ask(
	struct redis_link *l, const struct slice *args, size_t count, struct redis_reply **ret)
{
	CLEANUP(buf_release) struct buf out = {0};

	must(!l->owed);
	*ret = NULL;
	add_command(&out, args, count);
	redis_link_send(l, buf_slice(&out), 1);
	return run(l, keep_reply, ret);
}
