/* One jailed child process that turns the bytes of pages, feeds and sitemaps into JSON, so that a
 * hostile page can hurt nothing but it: seccomp allows reading, writing and memory only, limits
 * bound memory, PARSE_CPU_S bounds each page. A child that dies or is stuck is replaced and its page
 * reported as a fault.
 *
 *     struct page_worker *w = page_worker_new(service, clock);
 *     page_worker_submit(w, &(struct page_task){.kind = PARSE_PAGE, …, .done = on_parsed});
 *     page_worker_tick(w);        (in the loop)
 *     page_worker_free(&w);
 *
 * The child is this program again, run as its command "page-worker". */
#pragma once

#include "lib/clock.h"
#include "lib/service.h"
#include "lib/slice.h"

enum { PARSE_CPU_S = 2, PARSE_WALL_MS = 10000, PARSE_MEMORY_MAX = 1024 * 1024 * 1024 };

enum parse_kind {
	PARSE_PAGE,
	PARSE_SITE,
	PARSE_FEED,
	PARSE_SITEMAP,
	PARSE_WORDPRESS, /* these and those below become entries, as feeds do */
	PARSE_MASTODON,
	PARSE_FACEBOOK,
	PARSE_KINDS
};

/* `fault` is NULL, or says why there is no JSON: too deep, killed … Borrowed for the call. */
typedef void page_done_fn(void *ctx, const char *fault, struct slice json);

struct page_task {
	enum parse_kind kind;
	struct slice url, content_type, body; /* copied */
	page_done_fn *done;
	void *ctx;
};

struct page_worker;

struct page_worker *page_worker_new(struct service *service, const struct clock *clock);
void page_worker_free(struct page_worker **w); /* tasks under way end without their callback */
void page_worker_submit(struct page_worker *w, const struct page_task *task);
void page_worker_tick(struct page_worker *w);

size_t page_worker_busy(const struct page_worker *w);     /* tasks not done */
uint64_t page_worker_deaths(const struct page_worker *w); /* children lost or killed */

/* The child. */
int page_worker_command(int argc, char **argv);
