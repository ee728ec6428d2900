/* Markup inside of feeds: kept as HTML, but harmless and with absolute addresses.
 *
 *     text = markup_clean(a, text, &base);     ("<p onclick=x>" becomes "<p>", scripts go)
 *
 * Linear in the length of the text; no tree is built. */
#pragma once

#include "crawler/url.h"

/* Only elements and attributes that format text stay; scripts, styles and comments go whole.
 * `base` may be NULL. */
struct slice markup_clean(struct arena *a, struct slice html, const struct url *base);

/* True for plain text that is HTML after all: known elements, closed or with entities. */
bool markup_is_likely(struct slice text);

/* Adds text so that a reader of HTML sees it as it is. */
struct buf;
void markup_add_text(struct buf *out, struct slice text);
