/* Feeds: RSS 0.9x, 1.0, 2.0 and Atom 0.3, 1.0. A broken one gives the entries before the fault.
 * Names of persons (author, managingEditor, dc:creator …) are not kept.
 *
 *     struct feed feed;
 *     struct err err = {0};
 *     feed_read(a, utf8, &base, &feed, &err);       (feed.entries is valid either way) */
#pragma once

#include "crawler/date.h"
#include "crawler/url.h"
#include "lib/err.h"
#include "lib/json_write.h"

enum { FEED_LEN_MAX = 10 * 1024 * 1024, FEED_ENTRIES_MAX = 2000, FEED_FIELD_MAX = 1024 * 1024 };

struct feed_texts {
	struct slice *at;
	size_t count;
};

struct feed_enclosure {
	struct slice url, type, length;
};

struct feed_entry {
	struct slice title, link, id, summary, content; /* as written: plain text or HTML */
	struct date published, updated;                 /* year 0: none */
	struct feed_texts categories;
	struct feed_enclosure enclosure; /* the first */
};

struct feed {
	const char *version; /* "rss20", "atom10" …; "" when it is no feed */
	struct slice title, link, id, subtitle, language;
	struct date updated;
	struct feed_entry *entries;
	size_t entry_count;
};

/* `base` may be NULL; links are made absolute with it. False with a reason for broken XML or
 * something that is no feed. */
bool feed_read(struct arena *a, struct slice utf8, const struct url *base, struct feed *ret,
	struct err *err);

void feed_write(
	const struct feed *feed, const char *encoding, const char *fault, struct json_writer *w);
