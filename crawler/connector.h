/* Connectors: how a kind of source is asked, and how its answer becomes entries of a feed. A row of
 * one table each: an address to ask and a pure parser, both tested on recorded answers.
 *
 *     const struct connector *c = connector_of(source->kind);
 *     if (connector_address(c, a, &source->url, &url))
 *             … ask for url, give the body to the page worker as c->parse …
 *
 * Names of authors and accounts are never taken, replies and what is not public neither. */
#pragma once

#include "crawler/feed.h"
#include "crawler/page_worker.h"
#include "crawler/sources.h"

struct connector {
	enum parse_kind parse;
	/* The answer holds all there is to say: its entries are published without a visit. */
	bool whole;
	/* Only with the operator's token for this interface, which also is the permission to ask. */
	bool by_token;
	/* Makes the address to ask from the one in the sources file; NULL: it is the same. */
	char *(*address)(struct arena *a, const struct url *url);
};

/* NULL for kinds that are never fetched. */
const struct connector *connector_of(enum source_kind kind);

/* False when the address in the sources file is none this kind can ask. */
bool connector_address(
	const struct connector *c, struct arena *a, const struct url *url, struct url *ret);

/* The parsers, for answers in JSON. False with a reason when it is not what was asked for. */
bool connector_wordpress(struct arena *a, struct slice utf8, const struct url *base,
	struct feed *ret, struct err *err);
bool connector_mastodon(struct arena *a, struct slice utf8, const struct url *base,
	struct feed *ret, struct err *err);
bool connector_facebook(struct arena *a, struct slice utf8, const struct url *base,
	struct feed *ret, struct err *err);
