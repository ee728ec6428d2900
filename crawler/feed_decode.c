#include "crawler/feed_decode.h"

#include "crawler/gunzip.h"
#include "crawler/xml.h"

struct charset_text feed_decode(const struct charset_set *set, struct arena *a, struct slice bytes,
	struct slice content_type)
{
	struct charset_text wide = {0};

	if (gunzip_is(bytes) && !gunzip(a, bytes, FEED_UNPACKED_MAX, &bytes))
		bytes.len = 0;
	wide.charset = xml_from_wide(a, bytes, &wide.text);
	return wide.charset != NULL ? wide : charset_decode(set, a, bytes, content_type);
}
