/* What a page may ask of the HTML parser, whose cost grows with the square of depth and of the
 * attributes in one tag (measured: 500 KB of <div> take 28 s): tags nested deeper and attributes
 * beyond the limits are left out before it, and what follows too many tags. So is what nobody here
 * asks for, because the parser is most of a page's cost: comments, styles, scripts that name no
 * date, images, and most attributes.
 * Long texts and values without character references are held back and stand in the result as short
 * marks, which html_held_text resolves in what the parser makes of them, wherever they end up.
 *
 *     struct html_held held = {0};
 *     struct slice safe = html_scan(a, utf8, &held);     (`utf8` itself when nothing had to go)
 *     text = html_held_text(a, &held, text);             (borrowed from `utf8` where it can be) */
#pragma once

#include "lib/arena.h"

enum { HTML_DEPTH_MAX = 512, HTML_ATTRIBUTES_MAX = 256, HTML_TAGS_MAX = 100000 };

struct html_held {
	struct slice *at;
	size_t count, room;
};

struct slice html_scan(struct arena *a, struct slice utf8, struct html_held *ret_held);
struct slice html_held_text(struct arena *a, const struct html_held *held, struct slice text);
