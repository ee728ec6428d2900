/* Feeds: RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0, CDF with the modules in use, and JSON Feed. A broken
 * one is read again by a tolerant parser, so that it gives what it can.
 *
 *     struct feed feed;
 *     struct err err = {0};
 *     feed_read(a, utf8, &(struct feed_options){.base = &base}, &feed, &err);
 *             (feed.entries is valid either way)
 *
 * The crawler never asks for names of persons; `authors` serves the comparison with other readers
 * on files (`haidang-crawler feed`). */
#pragma once

#include "crawler/date.h"
#include "crawler/url.h"
#include "lib/err.h"
#include "lib/json_write.h"

enum {
	FEED_LEN_MAX = 10 * 1024 * 1024,
	FEED_ENTRIES_MAX = 2000,
	FEED_FIELD_MAX = 1024 * 1024,
	FEED_CATEGORIES_MAX = 32,
	FEED_ENCLOSURES_MAX = 16,
};

struct feed_options {
	const struct url *base; /* links are made absolute with it; may be NULL */
	struct slice language;  /* Content-Language of the answer */
	bool authors;
};

struct feed_texts {
	struct slice *at;
	size_t count;
};

struct feed_enclosure {
	struct slice url, type, length;
};

/* Titles, summaries and contents are as written, plain text or HTML, but without scripts and with
 * absolute links. */
struct feed_entry {
	struct slice title, link, id, summary, content, author;
	struct date published, updated; /* year 0: none */
	struct feed_texts categories;
	struct feed_enclosure *enclosures;
	size_t enclosure_count;
};

struct feed {
	const char *version; /* "rss20", "atom10", "json11" …; "" when it is no feed */
	struct slice title, link, id, subtitle, language, author;
	struct date updated;
	struct feed_entry *entries;
	size_t entry_count;
};

/* False with a reason for a broken feed or something that is none. */
bool feed_read(struct arena *a, struct slice utf8, const struct feed_options *options,
	struct feed *ret, struct err *err);

void feed_write(
	const struct feed *feed, const char *encoding, const char *fault, struct json_writer *w);
