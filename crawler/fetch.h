/* HTTP fetches side by side (through libcurl), inside the service's loop. No redirect is followed,
 * no cookie kept, no proxy or password taken from the environment, nothing but http and https
 * spoken; addresses that are not public are refused when the socket is opened.
 *
 *     struct fetcher *f = fetcher_new(service, &options, clock);
 *     fetch(f, &(struct fetch_request){.url = "https://…", .done = on_done, .ctx = job});
 *     while (service_running(s)) {
 *             service_wait(s, fetcher_wait_ms(f, 200));
 *             fetcher_tick(f);
 *     }
 *     fetcher_free(&f);           (what is under way ends without its callback) */
#pragma once

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/service.h"

struct fetcher;

struct fetcher_options {
	const char *user_agent;
	char **resolve; /* host:port:address */
	size_t resolve_count;
	int64_t timeout_ms;
};

enum fetch_fault {
	FETCH_OK, /* there is a status and a body */
	FETCH_PRIVATE_ADDRESS,
	FETCH_NOT_FOUND, /* the host name */
	FETCH_NO_CONNECTION,
	FETCH_TLS,
	FETCH_TOO_LARGE,
	FETCH_TOO_SLOW,
	FETCH_BROKEN,
	FETCH_FAULTS,
};

const char *fetch_fault_name(enum fetch_fault fault);

struct fetch_result {
	enum fetch_fault fault;
	unsigned status;
	struct slice body;
	struct slice content_type, etag, last_modified, location, robots_tag;
	int64_t retry_after_s; /* -1: none */
	int64_t spent_s;       /* until our share of an interface is renewed; -1: not spent */
};

typedef void fetch_done_fn(void *ctx, const struct fetch_result *result);

struct fetch_request {
	const char *url;
	const char *etag, *last_modified; /* of what is known already, or NULL */
	const char *token;                /* of an interface, sent as "Bearer", or NULL */
	bool as_searcher;                 /* named as a search engine, not as ourselves */
	bool internal;                    /* private addresses are allowed */
	size_t len_max;                   /* of the body, after decompression */
	fetch_done_fn *done;              /* everything in the result is borrowed for the call */
	void *ctx;
};

struct fetcher *fetcher_new(
	struct service *service, const struct fetcher_options *options, const struct clock *clock);
void fetcher_free(struct fetcher **f);

void fetch(struct fetcher *f, const struct fetch_request *request);
size_t fetcher_busy(const struct fetcher *f);
int64_t fetcher_wait_ms(const struct fetcher *f, int64_t longest_ms);
void fetcher_tick(struct fetcher *f);
