/* What the readers of feeds share: growing lists of a feed, and its dates. */
#pragma once

#include "crawler/feed.h"

/* A new entry, or NULL when there are FEED_ENTRIES_MAX. Moves the entries there are. */
struct feed_entry *feed_add_entry(struct arena *a, struct feed *feed);

/* Adds a category once; the text is copied. */
void feed_add_category(struct arena *a, struct feed_entry *entry, struct slice text);
void feed_add_enclosure(struct arena *a, struct feed_entry *entry, struct feed_enclosure e);

/* False when the text holds no date. */
bool feed_date(struct slice text, struct date *ret);

/* An address made absolute; as it is when it cannot be. */
struct slice feed_link(struct arena *a, struct slice link, const struct url *base);

/* JSON Feed 1.0 and 1.1 (jsonfeed.org). */
bool feed_json_read(struct arena *a, struct slice utf8, const struct feed_options *options,
	struct feed *ret, struct err *err);
