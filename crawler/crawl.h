/* The crawl itself: looks at each enabled source when it is due.
 *
 *     struct crawl *c = crawl_new(&env, clock);
 *     crawl_use(c, sources);           (also on reload)
 *     crawl_tick(c);                   (in the loop)
 *     crawl_free(&c); */
#pragma once

#include "crawler/look.h"

struct crawl;

/* `env` is borrowed; its knowledge may change between calls. */
struct crawl *crawl_new(const struct look_env *env, const struct clock *clock);
void crawl_free(struct crawl **c); /* after hosts and page worker: their callbacks must be over */

/* Takes a reference. A source that stays keeps its time. */
void crawl_use(struct crawl *c, struct sources *sources);
void crawl_tick(struct crawl *c);
size_t crawl_active(const struct crawl *c); /* sources that are looked at */

/* "reading 12 sources, 1 in trouble: news-rss (status_404)". In the arena. */
const char *crawl_status(const struct crawl *c, struct arena *a);
