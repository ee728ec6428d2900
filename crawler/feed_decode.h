/* From the bytes of a feed or sitemap to text: unpacked when it is gzip, UTF-16 and UTF-32 known by
 * their first bytes, everything else as charset_decode(). */
#pragma once

#include "crawler/charset.h"

enum { FEED_UNPACKED_MAX = 50 * 1024 * 1024 }; /* sitemaps.org: 50 MB */

struct charset_text feed_decode(const struct charset_set *set, struct arena *a, struct slice bytes,
	struct slice content_type);
