/* What a page may ask of the HTML parser, whose cost grows with the square of depth and of the
 * attributes in one tag (measured: 500 KB of <div> take 28 s): tags nested deeper and attributes
 * beyond the limits are left out before it, and what follows too many tags. So is what nobody here
 * asks for, because the parser is most of a page's cost: comments, styles, scripts that name no
 * date, images, and most attributes.
 *
 *     struct slice safe = html_scan(a, utf8);     (`utf8` itself when nothing had to go) */
#pragma once

#include "lib/arena.h"

enum { HTML_DEPTH_MAX = 512, HTML_ATTRIBUTES_MAX = 256, HTML_TAGS_MAX = 100000 };

struct slice html_scan(struct arena *a, struct slice utf8);
