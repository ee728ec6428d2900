/* An HTTP server through libmicrohttpd, on the thread that calls http_server_run(). The only module
 * that knows it. A request over a limit, or one whose end can be read in two ways, is refused before a
 * handler sees it.
 *
 *     static void handle(void *ctx, struct request *req)
 *     {
 *             request_answer(req, 200, SLICE("text/plain"), SLICE("hello"));
 *     }
 *
 * A handler answers, or says request_defer() and somebody answers later, or request_stream(). A request
 * lives until it was answered, a streamed one until its stream's end() is called. A server
 * belongs to one thread. */
#pragma once

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/metrics.h"
#include "lib/request_target.h"

struct http_server;

enum request_method { METHOD_GET, METHOD_POST, METHOD_DELETE, METHOD_OTHER };

struct request {
	enum request_method method;
	struct request_target target;
	struct slice body;
	struct slice address; /* of the client, in numbers; "" on a Unix socket */
	struct arena *arena;  /* for what lives as long as the request */
};

typedef void http_server_handle_fn(void *ctx, struct request *req);

struct http_server_limits {
	struct request_target_limits target;
	size_t headers_len; /* bytes of all header names and values */
	size_t body_len;
	int64_t request_ms;               /* for a request to arrive whole */
	int64_t idle_s;                   /* a connection without a request */
	unsigned connections;             /* at once */
	unsigned connections_per_address; /* a Unix socket has no address and no such limit */
	size_t connection_memory;         /* bytes libmicrohttpd may use for one */
};

struct http_server_header {
	const char *name, *value;
};

/* What it points to lives as long as the server, certificate and key only for the call. */
struct http_server_options {
	int listen_fd; /* listening; becomes the server's */
	struct http_server_limits limits;
	const char *metrics_prefix;               /* "haidang_console_http" */
	const struct http_server_header *headers; /* of every answer; ends with a NULL name */
	const char *certificate, *key;            /* PEM texts, for TLS 1.2 or later; or NULL */
	http_server_handle_fn *handle;
	void *ctx;
};

/* NULL when libmicrohttpd cannot start; with TLS also when certificate or key are of no use. */
struct http_server *http_server_new(const struct http_server_options *options,
	const struct clock *clock, struct metrics *metrics);

/* No new connections; every stream ends. Deferred requests still await their answer. */
void http_server_drain(struct http_server *h);
bool http_server_is_idle(const struct http_server *h); /* no request is being worked on */
void http_server_free(struct http_server **h); /* everything deferred must have been answered */

int http_server_fd(const struct http_server *h); /* readable when http_server_run() has work */
int64_t http_server_timeout_ms(
	const struct http_server *h); /* until it has work anyway; at most 1000 */
void http_server_run(struct http_server *h);
void http_server_sweep(
	struct http_server *h); /* once a second: ends requests that take too long to arrive */

/* "" when there is none; the first when there are several. */
struct slice request_header(const struct request *req, const char *name);

/* Before the answer; `name` is a literal, the value is copied. */
void request_add_header(struct request *req, const char *name, struct slice value);
void request_answer(struct request *req, int status, const char *type, struct slice body);

/* A body that lives as long as the program, not copied. */
void request_answer_static(struct request *req, int status, const char *type, struct slice body);

/* application/problem+json (RFC 9457) with our own member "error"; `detail` may be NULL. */
void request_problem(struct request *req, int status, const char *error, const char *detail);

void request_defer(struct request *req);

struct request_stream {
	/* Adds what is to be sent now, nothing to wait for request_wake(); false ends the stream. */
	bool (*next)(void *ctx, struct buf *out);
	void (*end)(void *ctx);
	void *ctx;
};

void request_stream(struct request *req, const char *type, const struct request_stream *stream);
void request_wake(struct request *req);
