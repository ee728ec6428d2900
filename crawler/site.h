/* A look at a site of our own: is it there, what does it link, does it carry foreign phrases or
 * hidden links. Compared with what was known before; told when that changes and now and then.
 *
 *     struct site *site = site_new(k, source);
 *     site_take(site, SITE_TO_VISITORS, host, page);
 *     site_take(site, SITE_TO_SEARCHERS, host, other_page);    (may be left out)
 *     site_tell(site);
 *     site_free(&site);
 *
 * Who breaks in often shows what he put in to search engines only. What only they are shown counts as
 * hidden. */
#pragma once

#include "crawler/knowledge.h"
#include "crawler/sources.h"
#include "lib/json_read.h"

struct site;

enum site_view { SITE_TO_VISITORS, SITE_TO_SEARCHERS };

struct site *site_new(const struct knowledge *k, const struct source *source); /* borrowed */
void site_free(struct site **site);

/* `page` is what page_write() gave with PAGE_WHOLE; `host` is where the site's redirects led. */
void site_take(struct site *look, enum site_view view, struct slice host, struct json_value page);
void site_tell(struct site *look);

/* `status` is 0 when there was no answer. */
void site_unreachable(
	const struct knowledge *k, struct arena *a, const struct source *source, unsigned status);
