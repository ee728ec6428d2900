/* An article as an event: masked, classified, given its story; and the look-alike hosts it links.
 * Published when it is new or its text changed, remembered once that has arrived. */
#pragma once

#include "crawler/date.h"
#include "crawler/knowledge.h"
#include "crawler/sources.h"

enum {
	ARTICLE_HOSTS_MAX = 50,
	ARTICLE_EXCERPT_CHARS = 300,
	ARTICLE_TEXT_MAX = 64 * 1024,
	ARTICLE_TITLE_MAX = 500
};

struct article {
	const struct source *source;
	const struct url *url; /* canonical */
	struct slice title, text, lang, site_name;
	struct date published; /* year 0: unknown */
	struct slice link_hosts[ARTICLE_HOSTS_MAX];
	size_t link_host_count;
};

enum article_end { ARTICLE_NEW, ARTICLE_UPDATED, ARTICLE_UNCHANGED };

enum article_end article_publish(
	const struct knowledge *k, struct arena *a, const struct article *article);

/* Tells that a page we published is gone ("gone", "noindex") and erases what is kept of it. False
 * when we published none. `url` is its identity. */
bool article_withdraw(const struct knowledge *k, struct arena *a, const struct source *source,
	struct slice url, const char *why);

/* Adds a host once, while there is room. */
void article_link(struct article *article, struct slice host);
