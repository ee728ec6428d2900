/* The HTTP side, through libmicrohttpd, on the thread that calls http_run(). The only module that
 * knows it. Each answer bears the security headers; a request over a limit (console/limits.h) is
 * refused before a handler sees it.
 *
 *     static void handle(void *ctx, struct request *req)
 *     {
 *             http_answer(req, 200, SLICE("text/plain"), SLICE("hello"));
 *     }
 *
 * A handler answers, or says http_defer() and somebody answers later, or http_stream(). A request
 * lives until it was answered, a streamed one until its stream's end() is called. */
#pragma once

#include "console/target.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/metrics.h"

struct http;

enum http_method { HTTP_GET, HTTP_POST, HTTP_DELETE, HTTP_OTHER };

struct request {
	enum http_method method;
	struct target target;
	struct slice body;
	struct slice address; /* of the client, in numbers */
	struct arena *arena;  /* for what lives as long as the request */
};

typedef void http_handle_fn(void *ctx, struct request *req);

struct http_options {
	int listen_fd; /* listening; becomes the server's */
	int64_t connections_per_address;
	http_handle_fn *handle;
	void *ctx;
};

/* NULL when libmicrohttpd cannot start. */
struct http *http_new(
	const struct http_options *options, const struct clock *clock, struct metrics *metrics);

/* No new connections; every stream ends. Deferred requests still await their answer. */
void http_drain(struct http *h);
bool http_is_idle(const struct http *h); /* no request is being worked on */
void http_free(struct http **h);         /* everything deferred must have been answered */

int http_fd(const struct http *h);             /* readable when http_run() has work */
int64_t http_timeout_ms(const struct http *h); /* until it has work anyway; at most 1000 */
void http_run(struct http *h);
void http_sweep(struct http *h); /* once a second: ends requests that take too long to arrive */

/* "" when there is none; the first when there are several. */
struct slice http_header(const struct request *req, const char *name);

/* Before the answer; `name` is a literal, the value is copied. */
void http_add_header(struct request *req, const char *name, struct slice value);
void http_answer(struct request *req, int status, const char *type, struct slice body);

/* A body that lives as long as the program, not copied. */
void http_answer_static(struct request *req, int status, const char *type, struct slice body);

/* application/problem+json (RFC 9457) with our own member "error"; `detail` may be NULL. */
void http_problem(struct request *req, int status, const char *error, const char *detail);

void http_defer(struct request *req);

struct http_stream {
	/* Adds what is to be sent now, nothing to wait for http_wake(); false ends the stream. */
	bool (*next)(void *ctx, struct buf *out);
	void (*end)(void *ctx);
	void *ctx;
};

void http_stream(struct request *req, const char *type, const struct http_stream *stream);
void http_wake(struct request *req);
