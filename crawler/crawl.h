/* The crawl itself: looks at each enabled source when it is due, and no sooner: when a source was
 * looked at last stands in Redis, claimed before the request goes out, so that a crawler that was
 * killed goes on where it was.
 *
 *     struct crawl *c = crawl_new(&env, clock);
 *     crawl_use(c, sources);           (also on reload)
 *     crawl_tick(c);                   (in the loop)
 *     crawl_report(c);                 (every few seconds: for `haidang sources`)
 *     crawl_free(&c);
 *
 * While Redis is away only sites of our own are looked at; the others wait, and the status says
 * so. */
#pragma once

#include "crawler/look.h"

enum { CRAWL_LOOKS_MAX = 1000, CRAWL_HOST_SHARE = 16 };

struct crawl;

/* `env` is borrowed; its knowledge may change between calls. `redis` may be NULL. */
struct crawl *crawl_new(const struct look_env *env, struct redis *redis, const struct clock *clock);
void crawl_free(struct crawl **c); /* after hosts and page worker: their callbacks must be over */

/* Takes a reference. A source that stays keeps its time. */
void crawl_use(struct crawl *c, struct sources *sources);
void crawl_tick(struct crawl *c);
size_t crawl_active(const struct crawl *c); /* sources that are looked at */

/* "reading 12 sources, 1 in trouble: news-rss (status_404)". In the arena. */
const char *crawl_status(const struct crawl *c, struct arena *a);

/* What changed since the last call, into the hash SOURCES_KEY_PREFIX. 0 or -errno. */
int crawl_report(struct crawl *c) __attribute__((warn_unused_result));

/* A source that is read, or whose links are handed in, with a reference to its generation for the caller; NULL when there is none. */
const struct source *crawl_source(
	const struct crawl *c, struct slice id, struct sources **ret_generation);
struct account *crawl_account(const struct crawl *c, struct slice id); /* NULL: no such source */
