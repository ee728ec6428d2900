/* robots.txt by RFC 9309: groups for one product are merged, the longest matching rule wins,
 * allow wins a tie; '*' and '$' are understood, percent-encoding is compared in normal form.
 *
 *     struct robots *r = robots_read(text, SLICE("haidang"));
 *     if (!robots_allows(r, SLICE("/private/x?y")))
 *             refuse();
 *     robots_free(&r);
 *
 * What cannot be read as a rule is skipped, as the RFC asks. */
#pragma once

#include "lib/arena.h"

enum { ROBOTS_LEN_MAX = 500 * 1024, ROBOTS_RULES_MAX = 20000, ROBOTS_DELAY_MAX_S = 30 };

struct robots;

/* `product` is the product token of our user agent. Only the first ROBOTS_LEN_MAX bytes count. */
struct robots *robots_read(struct slice text, struct slice product);
struct robots *robots_for_status(unsigned http_status); /* 4xx: all allowed; 5xx, 0: nothing */
void robots_free(struct robots **r);
size_t robots_size(const struct robots *r); /* of memory, about */

/* Path and query of an address of any scheme, "/" when it has none. */
struct slice robots_target(struct arena *a, struct slice url);

/* `target` is path and query; "/robots.txt" is always allowed. */
bool robots_allows(const struct robots *r, struct slice target);

/* True when everything is forbidden only because the file could not be had this time. */
bool robots_unavailable(const struct robots *r);

/* Crawl-delay of the group in seconds, or -1 (an extension that is honoured). */
double robots_delay_s(const struct robots *r);

size_t robots_sitemap_count(const struct robots *r);
struct slice robots_sitemap(const struct robots *r, size_t index); /* borrowed */
