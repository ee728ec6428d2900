/* POST requests, and mail by SMTP, through libcurl, many at once over kept-alive connections. The
 * only module that knows libcurl.
 *
 *     struct http *h = http_new(&(struct http_options){.timeout_ms = 15000, .connections = 4});
 *     http_post(h, &request);
 *     http_run(h, 50, on_response, ctx);      (once per request, some time)
 *     http_free(&h);
 *
 * TLS 1.2 or later, certificates always verified; redirects never followed; no proxy, no cookies,
 * no .netrc. A client belongs to one thread. */
#pragma once

#include "courier/limits.h"
#include "lib/err.h"
#include "lib/slice.h"

struct http;

struct http_options {
	int64_t timeout_ms; /* for a whole request */
	int64_t connections;
	const char *ca_file; /* the only ones to trust; NULL: the system's */
};

struct http_request {
	const char *url;
	const char *const *headers; /* "name: value"; NULL-terminated */
	struct slice body;          /* copied */
	void *token;
};

struct http_response {
	int status;            /* 0: there was no whole answer */
	char said[REASON_MAX]; /* then: why */
	struct slice retry_after;
	struct slice body; /* its first bytes */
	bool read_mail;    /* of a mail: the receiver asked for the message itself */
};

/* A mail: status is the last reply of the server, 250 when it took the message, or 0. */
struct http_mail {
	const char *url; /* smtp:// or smtps:// */
	const char *from;
	const char *const *to;
	size_t to_count;
	const char *user, *password; /* NULL: no AUTH */
	bool allow_plain;            /* without TLS when the server offers none */
	struct slice message;        /* RFC 5322; copied */
	void *token;
};

struct http *http_new(const struct http_options *options);
void http_free(struct http **h); /* requests under way are given up without a response */

void http_post(struct http *h, const struct http_request *request);

void http_mail(struct http *h, const struct http_mail *mail);

/* Waits at most `timeout_ms` for progress; the response is borrowed for the call. */
typedef void http_on_response(void *ctx, void *token, const struct http_response *response);
void http_run(struct http *h, int64_t timeout_ms, http_on_response *fn, void *ctx);

/* False when `url` is none for us: other than http(s), with credentials in it, or plain http to
 * another machine though `allow_plain` is not set. */
bool http_url_check(const char *url, bool allow_plain, struct err *err);

/* The same for smtp:// and smtps://. */
bool http_mail_url_check(const char *url, struct err *err);
