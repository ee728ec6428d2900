/* One item that is handed to the crawler instead of read by it: by a licensed listening service, or
 * an analyst's own link. A JSON object:
 *
 *     {"source": "facebook", "url": "https://…", "title": "…", "text": "…",
 *      "published": "2026-11-23T07:00:00+07:00", "lang": "vi", "site_name": "…",
 *      "links": ["https://…"]}
 *
 * `source` and `url` must be there; `source` is one of kind import (or of a platform that is read
 * by import only) in the sources file. An item with neither title nor text is a link to be read.
 * Whatever else an item holds is left out and counted; what names a person is counted apart. */
#pragma once

#include "crawler/date.h"
#include "crawler/url.h"
#include "lib/err.h"
#include "lib/json_read.h"

enum {
	IMPORT_TITLE_MAX = 4 * 1024, /* longer ones are cut */
	IMPORT_TEXT_MAX = 128 * 1024,
	IMPORT_LINKS_MAX = 50,
};

struct import_item {
	struct slice source, title, text, lang, site_name;
	struct url url;
	struct date published; /* year 0: none */
	struct slice link_hosts[IMPORT_LINKS_MAX];
	size_t link_host_count;
	unsigned personal, unknown; /* fields left out */
};

/* False with a reason that names the field. Texts live in the arena, in NFC. */
bool import_item_read(
	struct arena *a, struct json_value object, struct import_item *ret, struct err *err);
