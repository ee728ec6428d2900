/* Visits to hosts: each asked for its robots.txt first, one connection and one delay per host,
 * redirects followed hop by hop with the same checks, Retry-After honoured.
 *
 *     struct hosts *h = hosts_new(fetcher, &options, clock);
 *     hosts_visit(h, &job->visit);
 *     hosts_tick(h);            (in the loop)
 *     hosts_free(&h);
 *
 * A visit belongs to the caller and must live until its callback. */
#pragma once

#include "crawler/fetch.h"
#include "crawler/remember.h"
#include "crawler/url.h"

enum { HOSTS_MAX = 20000, HOST_QUEUE_MAX = 500, HOPS_MAX = 5, ROBOTS_REDIRECTS_MAX = 5 };

enum visit_end {
	VISIT_FETCHED, /* a status below 400 and no redirect: 200, 304 … */
	VISIT_REFUSED, /* by us or by the host's rules; asking again would not help */
	VISIT_FAILED,  /* this time */
	VISIT_DROPPED, /* its claim said so: it is not ours any more */
};

/* Asked right before the first request of a visit goes out. */
enum claim { CLAIM_MINE, CLAIM_LATER, CLAIM_DROP };
typedef enum claim visit_claim_fn(void *ctx);

struct visit_result {
	enum visit_end end;
	const char *reason; /* one word for refused and failed ones: "robots", "status_404" … */
	const struct fetch_result *fetch; /* NULL when nothing was fetched */
	const struct url *url;            /* after redirects */
};

typedef void visit_done_fn(void *ctx, const struct visit_result *result);

struct visit {
	struct visit *next;
	struct arena *arena; /* for addresses of redirects */
	struct url url;
	const char *etag, *last_modified;
	size_t len_max;
	const char *token; /* for an interface: with it robots.txt does not bind us; or NULL */
	int64_t delay_ms;  /* 0: the default */
	bool internal;     /* the host of `url` may have a private address */
	bool own_site;     /* ours: its robots.txt does not bind us */
	bool as_searcher;  /* asked as search engines ask; only sites of ours */
	unsigned hops;
	unsigned rank;         /* the lowest goes first, on its host and among hosts */
	visit_claim_fn *claim; /* NULL: may go */
	visit_done_fn *done;
	void *ctx;

	struct hosts *hosts; /* filled by hosts_visit() */
	struct host *host;
	struct slice first_host;
};

struct hosts_options {
	int64_t delay_ms;
	size_t parallel;
	struct remember *memory; /* keeps robots.txt and pauses over a restart; borrowed */
};

struct hosts;

struct hosts *hosts_new(
	struct fetcher *fetcher, const struct hosts_options *options, const struct clock *clock);
void hosts_free(struct hosts **h); /* after the fetcher; callbacks are not called */
void hosts_visit(struct hosts *h, struct visit *visit);
void hosts_tick(struct hosts *h);
int64_t hosts_wait_ms(const struct hosts *h, int64_t longest_ms); /* until a host may be asked */
size_t hosts_queued(struct hosts *h, const struct visit *visit);  /* on the host of that visit */
size_t hosts_waiting(const struct hosts *h);
