/* A look at a site of our own: is it there, what does it link, does it carry foreign phrases or
 * hidden links. Compared with what was known before; told when that changes and now and then. */
#pragma once

#include "crawler/knowledge.h"
#include "crawler/sources.h"
#include "lib/json_read.h"

/* `page` is what page_write() gave with PAGE_WHOLE; `host` is where the site's redirects led. */
void site_seen(const struct knowledge *k, struct arena *a, const struct source *source,
	struct slice host, struct json_value page);

/* `status` is 0 when there was no answer. */
void site_unreachable(
	const struct knowledge *k, struct arena *a, const struct source *source, unsigned status);
