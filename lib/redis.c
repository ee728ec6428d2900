#include "lib/redis.h"

#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Of hiredis only the reader of replies is used: the sockets are ours, because its non-blocking
 * interface ties connecting, time-outs and pipelining together differently in each version. */

enum {
	TIMEOUT_MS = 2000,
	BACKOFF_MIN_MS = 50,
	BACKOFF_MAX_MS = 2000,
	SCRIPTS_MAX = 16,
	SAID_MAX = 256,
	HOST_MAX = 256,
	IO_LEN = 64 * 1024,
	BUFFER_KEPT = 1024 * 1024, /* a larger buffer is given back after use */
};

/* Redis itself refuses a client that sends more than this without a pause (query buffer limit). */
#define QUEUE_LEN_MAX ((size_t)1 << 30)

struct address {
	bool is_unix;
	char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
	char host[HOST_MAX];
	char port[8];
};

struct redis {
	struct address address;
	bool address_ok;
	char *user, *password;
	int64_t timeout_ms, extra_ms;
	const struct clock *clock;

	int fd; /* -1: not connected */
	redisReader *reader;
	struct buf out;
	size_t queued;
	bool flushing;

	struct redis_script *scripts[SCRIPTS_MAX];
	size_t script_count;

	int64_t backoff_ms; /* 0: the last connect went well */
	mono_t retry_at;
	char said[SAID_MAX];
};

static bool address_parse_unix(const char *path, struct address *ret, struct err *err)
{
	size_t len = strlen(path);

	if (*path != '/')
		return err_set(
			err, NULL, 0, "Redis address unix:%s: the path must begin with /", path);
	if (len >= sizeof ret->path)
		return err_set(err, NULL, 0, "Redis address unix:%s: the path is over %zu bytes",
			path, sizeof ret->path - 1);
	ret->is_unix = true;
	memcpy(ret->path, path, len + 1);
	return true;
}

static bool address_parse(const char *address, struct address *ret, struct err *err)
{
	const char *colon = strrchr(address, ':');
	uint64_t port;

	*ret = (struct address){0};
	if (strncmp(address, "unix:", 5) == 0)
		return address_parse_unix(address + 5, ret, err);
	if (!colon || colon == address)
		return err_set(err, NULL, 0,
			"Redis address '%s' is neither unix:/path nor host:port", address);
	if (!slice_to_u64(slice_of(colon + 1), &port) || !port || port > UINT16_MAX)
		return err_set(
			err, NULL, 0, "Redis address '%s': the port must be 1 to 65535", address);

	struct slice host = {address, (size_t)(colon - address)};

	if (host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = (struct slice){host.at + 1, host.len - 2};
	if (!host.len || host.len >= sizeof ret->host)
		return err_set(err, NULL, 0, "Redis address '%s': no usable host name", address);
	memcpy(ret->host, host.at, host.len);
	(void)snprintf(ret->port, sizeof ret->port, "%u", (unsigned)port);
	return true;
}

bool redis_address_check(const char *address, struct err *err)
{
	struct address parsed;

	return address_parse(address, &parsed, err);
}

struct redis *redis_new(const struct redis_options *options, const struct clock *clock)
{
	struct redis *r = mem_alloc(sizeof *r);
	struct err err = {0};

	r->address_ok = address_parse(options->address, &r->address, &err);
	if (!r->address_ok)
		(void)snprintf(r->said, sizeof r->said, "%.*s", SAID_MAX - 1, err_text(&err));
	if (options->user && *options->user)
		r->user = mem_text(options->user);
	if (options->password && *options->password)
		r->password = mem_text(options->password);
	r->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
	r->clock = clock;
	r->fd = -1;
	return r;
}

static void disconnect(struct redis *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = -1;
	if (r->reader)
		redisReaderFree(r->reader);
	r->reader = NULL;
}

void redis_free(struct redis **r)
{
	if (!*r)
		return;
	disconnect(*r);
	if ((*r)->password)
		explicit_bzero((*r)->password, strlen((*r)->password));
	mem_free((*r)->password);
	mem_free((*r)->user);
	buf_release(&(*r)->out);
	mem_free(*r);
	*r = NULL;
}

bool redis_connected(const struct redis *r)
{
	return r->fd >= 0;
}

const char *redis_said(const struct redis *r)
{
	return r->said;
}

void redis_be_patient(struct redis *r, int64_t extra_ms)
{
	r->extra_ms = extra_ms;
}

void redis_register_script(struct redis *r, struct redis_script *script)
{
	uint8_t hash[SHA1_LEN];

	must(r->script_count < SCRIPTS_MAX && r->fd < 0);
	digest_sha1(slice_of(script->source), hash);
	digest_hex(hash, sizeof hash, script->sha1);
	r->scripts[r->script_count++] = script;
}

static void add_count(struct buf *out, char mark, size_t count)
{
	buf_printf(out, "%c%zu\r\n", mark, count);
}

static void add_arg(struct buf *out, struct slice arg)
{
	add_count(out, '$', arg.len);
	buf_add_slice(out, arg);
	buf_add(out, "\r\n", 2);
}

static void add_args(struct buf *out, const struct slice *args, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_arg(out, args[i]);
}

static void start_command(struct redis *r, size_t arg_count)
{
	must(!r->flushing && arg_count);
	must(r->out.len < QUEUE_LEN_MAX);
	add_count(&r->out, '*', arg_count);
	r->queued++;
}

/* One node holds every key; a cluster client will choose the node by `key`. */
void redis_queue(struct redis *r, struct slice key, const struct slice *args, size_t count)
{
	(void)key;
	start_command(r, count);
	add_args(&r->out, args, count);
}

void redis_queue_script(struct redis *r, const struct redis_script *script, struct redis_keys keys,
	const struct slice *args, size_t count)
{
	size_t key_count = keys.second.len ? 2 : 1;

	start_command(r, 3 + key_count + count);
	add_arg(&r->out, SLICE("EVALSHA"));
	add_arg(&r->out, slice_of(script->sha1));
	add_arg(&r->out, key_count == 2 ? SLICE("2") : SLICE("1"));
	add_arg(&r->out, keys.first);
	if (key_count == 2)
		add_arg(&r->out, keys.second);
	add_args(&r->out, args, count);
}

static int fail(struct redis *r, int error, const char *doing)
{
	const char *why = strerrordesc_np(error);

	(void)snprintf(r->said, sizeof r->said, "%s: %s", doing, why ? why : "unknown error");
	disconnect(r);
	return -error;
}

static int fail_said(struct redis *r, int error, const char *doing, struct slice reply)
{
	int len = reply.len > SAID_MAX / 2 ? SAID_MAX / 2 : (int)reply.len;

	(void)snprintf(r->said, sizeof r->said, "%s: %.*s", doing, len, reply.at);
	disconnect(r);
	return -error;
}

/* 0 when the socket is ready for one of `events`, which `ret_ready` tells. */
static int wait_ready(struct redis *r, short events, int64_t timeout_ms, short *ret_ready)
{
	struct pollfd p = {.fd = r->fd, .events = events};
	mono_t until = mono_after(clock_mono(clock_system()), timeout_ms);
	int n;

	do {
		int64_t left_ms = mono_left_ms(until, clock_mono(clock_system()));

		n = poll(&p, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*ret_ready = p.revents;
	return n ? 0 : -ETIMEDOUT;
}

/* Takes over the reply. */
typedef void take_reply(void *ctx, size_t index, redisReply *reply);

struct exchange {
	struct slice out;
	size_t count, got;
	take_reply *take;
	void *ctx;
};

static bool is_error(const redisReply *reply, const char *prefix)
{
	return reply->type == REDIS_REPLY_ERROR &&
		slice_starts(slice_over(reply->str, reply->len), slice_of(prefix));
}

static int take_replies(struct redis *r, struct exchange *x)
{
	while (x->got < x->count) {
		void *found = NULL;

		if (redisReaderGetReply(r->reader, &found) != REDIS_OK)
			return fail_said(
				r, EPROTO, "Redis answered nonsense", slice_of(r->reader->errstr));
		if (!found)
			return 0;
		if (is_error(found, "NOSCRIPT")) {
			freeReplyObject(found);
			return fail_said(
				r, EAGAIN, "Redis", SLICE("a script must be loaded again"));
		}
		x->take(x->ctx, x->got++, found);
	}
	return 0;
}

static int receive(struct redis *r, struct exchange *x)
{
	char bytes[IO_LEN];
	ssize_t len = recv(r->fd, bytes, sizeof bytes, 0);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len < 0)
		return fail(r, errno, "reading from Redis");
	if (len == 0)
		return fail_said(r, ECONNRESET, "Redis", SLICE("closed the connection"));
	if (redisReaderFeed(r->reader, bytes, (size_t)len) != REDIS_OK)
		return fail_said(r, EPROTO, "Redis answered nonsense", slice_of(r->reader->errstr));
	return take_replies(r, x);
}

static int transmit(struct redis *r, struct exchange *x)
{
	size_t len = x->out.len < IO_LEN ? x->out.len : IO_LEN;
	ssize_t sent = send(r->fd, x->out.at, len, MSG_NOSIGNAL);

	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (sent < 0)
		return fail(r, errno, "writing to Redis");
	x->out = slice_from(x->out, (size_t)sent);
	return 0;
}

/* Writes and reads by turns, so that neither side waits with full buffers for the other. */
static int exchange_run(struct redis *r, struct exchange *x)
{
	while (x->got < x->count) {
		short ready = 0;
		int error = wait_ready(r, (short)(x->out.len ? POLLIN | POLLOUT : POLLIN),
			r->timeout_ms + r->extra_ms, &ready);

		if (error)
			return fail(r, -error, "waiting for Redis");
		if (ready & (POLLIN | POLLHUP | POLLERR))
			error = receive(r, x);
		if (!error && (ready & POLLOUT))
			error = transmit(r, x);
		if (error)
			return error;
	}
	return 0;
}

static int socket_connect(struct redis *r, const struct sockaddr *to, socklen_t len)
{
	int error = 0;
	socklen_t error_len = sizeof error;
	short ready = 0;

	r->fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->fd < 0)
		return -errno;
	if (connect(r->fd, to, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;

	int waited = wait_ready(r, POLLOUT, r->timeout_ms, &ready);

	if (waited)
		return waited;
	if (getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		return -errno;
	return -error;
}

static int connect_unix(struct redis *r)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	memcpy(to.sun_path, r->address.path, sizeof to.sun_path);
	int error = socket_connect(r, (const struct sockaddr *)&to, sizeof to);

	/* No socket there means: no Redis. -ENOENT says something else in redis_stream.h. */
	return error == -ENOENT ? -ECONNREFUSED : error;
}

static int connect_tcp(struct redis *r)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	const int on = 1;

	if (getaddrinfo(r->address.host, r->address.port, &hints, &found) != 0)
		return -EHOSTUNREACH;

	int error = -EHOSTUNREACH;

	for (const struct addrinfo *a = found; a && error; a = a->ai_next) {
		disconnect(r);
		error = socket_connect(r, a->ai_addr, a->ai_addrlen);
	}
	freeaddrinfo(found);
	if (!error) {
		(void)setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		(void)setsockopt(r->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	}
	return error;
}

/* The first bad answer to what is said on each new connection. */
struct greeting {
	bool bad;
	char said[SAID_MAX];
};

static void greeted(void *ctx, size_t index, redisReply *reply)
{
	struct greeting *g = ctx;

	(void)index;
	/* A user who may not PING is let in all the same. */
	if (reply->type == REDIS_REPLY_ERROR && !g->bad && !is_error(reply, "NOPERM")) {
		g->bad = true;
		(void)snprintf(g->said, sizeof g->said, "%s", reply->str);
	}
	freeReplyObject(reply);
}

static size_t write_greeting(const struct redis *r, struct buf *out)
{
	const struct slice auth[] = {
		SLICE("AUTH"), slice_of(r->user ? r->user : r->password), slice_of(r->password)};
	size_t auth_count = r->user ? 3 : 2;
	size_t count = 1;

	if (r->user || r->password) {
		add_count(out, '*', auth_count);
		add_args(out, auth, auth_count);
		count++;
	}
	add_count(out, '*', 1);
	add_arg(out, SLICE("PING"));
	for (size_t i = 0; i < r->script_count; i++, count++) {
		add_count(out, '*', 3);
		add_arg(out, SLICE("SCRIPT"));
		add_arg(out, SLICE("LOAD"));
		add_arg(out, slice_of(r->scripts[i]->source));
	}
	return count;
}

static int greet(struct redis *r)
{
	struct greeting g = {0};
	struct buf out = {0};
	size_t count = write_greeting(r, &out);
	struct exchange x = {.out = buf_slice(&out), .count = count, .take = greeted, .ctx = &g};
	int error = exchange_run(r, &x);

	if (r->password)
		explicit_bzero(out.at, out.len);
	buf_release(&out);
	if (error)
		return error;
	if (!g.bad)
		return 0;

	struct slice said = slice_of(g.said);
	bool denied = slice_starts(said, SLICE("NOAUTH")) || slice_starts(said, SLICE("WRONGPASS"));

	return fail_said(r, denied ? EACCES : EAGAIN, "Redis does not let us in", said);
}

static int connect_now(struct redis *r)
{
	if (!r->address_ok)
		return -EINVAL;

	int64_t extra_ms = r->extra_ms;
	int error = r->address.is_unix ? connect_unix(r) : connect_tcp(r);

	if (error)
		return fail(r, -error, "connecting to Redis");
	r->reader = redisReaderCreate();
	must(r->reader);
	r->reader->maxbuf = BUFFER_KEPT;
	r->extra_ms = 0;
	error = greet(r);
	r->extra_ms = extra_ms;
	return error;
}

static int ensure_connected(struct redis *r)
{
	if (r->fd >= 0)
		return 0;

	mono_t now = clock_mono(r->clock);

	if (r->backoff_ms && mono_left_ms(r->retry_at, now) > 0)
		return -EAGAIN;

	int error = connect_now(r);

	if (!error) {
		r->backoff_ms = 0;
		return 0;
	}
	r->backoff_ms = r->backoff_ms ? r->backoff_ms * 2 : BACKOFF_MIN_MS;
	if (r->backoff_ms > BACKOFF_MAX_MS)
		r->backoff_ms = BACKOFF_MAX_MS;
	r->retry_at = mono_after(clock_mono(r->clock), r->backoff_ms);
	return error;
}

static int run_queue(struct redis *r, take_reply *take, void *ctx)
{
	struct exchange x = {
		.out = buf_slice(&r->out), .count = r->queued, .take = take, .ctx = ctx};
	int error = 0;

	must(!r->flushing);
	r->flushing = true;
	if (r->queued)
		error = ensure_connected(r);
	if (!error)
		error = exchange_run(r, &x);
	r->flushing = false;
	r->extra_ms = 0;
	r->queued = 0;
	if (r->out.room > BUFFER_KEPT)
		buf_release(&r->out);
	buf_clear(&r->out);
	return error;
}

struct lender {
	redis_on_reply *fn;
	void *ctx;
};

static void lend_reply(void *ctx, size_t index, redisReply *reply)
{
	const struct lender *lender = ctx;

	if (lender->fn)
		lender->fn(lender->ctx, index, (const struct redis_reply *)(const void *)reply);
	freeReplyObject(reply);
}

int redis_flush(struct redis *r, redis_on_reply *fn, void *ctx)
{
	struct lender lender = {fn, ctx};

	return run_queue(r, lend_reply, &lender);
}

static void keep_reply(void *ctx, size_t index, redisReply *reply)
{
	redisReply **kept = ctx;

	must(index == 0);
	*kept = reply;
}

int redis_call(struct redis *r, struct slice key, const struct slice *args, size_t count,
	struct redis_reply **ret)
{
	redisReply *reply = NULL;

	must(!r->queued);
	*ret = NULL;
	redis_queue(r, key, args, count);

	int error = run_queue(r, keep_reply, &reply);

	if (!error)
		*ret = (struct redis_reply *)(void *)reply;
	return error;
}

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
