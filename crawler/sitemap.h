/* Sitemaps (sitemaps.org): a list of pages, or of further sitemaps; in XML of whatever namespace
 * and well-formed or not, as text with an address in each line, or as a feed.
 *
 *     struct sitemap map;
 *     sitemap_read(a, utf8, &map, &err);     (map.entries is valid either way) */
#pragma once

#include "crawler/date.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/json_write.h"

enum { SITEMAP_ENTRIES_MAX = 50000 };

struct sitemap_entry {
	struct slice loc;
	struct slice title;    /* of a news sitemap */
	struct date changed;   /* year 0: none */
	struct date published; /* of a news sitemap */
};

struct sitemap {
	bool is_index; /* entries are sitemaps */
	struct sitemap_entry *entries;
	size_t count;
};

bool sitemap_read(struct arena *a, struct slice utf8, struct sitemap *ret, struct err *err);
void sitemap_write(const struct sitemap *map, struct json_writer *w);
