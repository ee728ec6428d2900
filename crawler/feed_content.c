#include "crawler/feed_content.h"

#include "lib/digest.h"
#include "lib/text.h"

#include <ctype.h>

enum content_type content_type_of(struct slice type, enum content_type fallback)
{
	static const struct {
		const char *name;
		enum content_type type;
	} types[] = {{"text", CONTENT_PLAIN}, {"plain", CONTENT_PLAIN},
		{"text/plain", CONTENT_PLAIN}, {"html", CONTENT_HTML}, {"text/html", CONTENT_HTML},
		{"xhtml", CONTENT_XHTML}};

	if (type.len == 0)
		return fallback;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (slice_equal_nocase(type, slice_of(types[i].name)))
			return types[i].type;
	if (slice_ends(type, SLICE("xml")))
		return CONTENT_XHTML;
	return slice_starts(type, SLICE("text/")) ? CONTENT_TEXT : CONTENT_BINARY;
}

struct slice content_decode(struct arena *a, struct slice text)
{
	char *compact = arena_alloc(a, text.len + 1);
	uint8_t *bytes = arena_alloc(a, text.len + 1);
	size_t len = 0, decoded;

	for (size_t i = 0; i < text.len; i++)
		if (!isspace((unsigned char)text.at[i]))
			compact[len++] = text.at[i];
	if (!digest_from_base64(slice_over(compact, len), bytes, text.len, &decoded) ||
		!text_is_utf8(slice_over(bytes, decoded)))
		return text;
	return slice_over(bytes, decoded);
}

struct slice content_repair(struct arena *a, struct slice utf8)
{
	static const uint16_t windows[32] = {0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020,
		0x2021, 0x2C6, 0x2030, 0x160, 0x2039, 0x152, 0x8D, 0x17D, 0x8F, 0x90, 0x2018,
		0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC, 0x2122, 0x161, 0x203A, 0x153,
		0x9D, 0x17E, 0x178};
	char *narrow = arena_alloc(a, utf8.len + 1), *wide;
	size_t at = 0, len = 0;
	int32_t c, highest = 0;
	bool controls = false;

	while ((c = text_next(utf8, &at)) >= 0) {
		highest = c > highest ? c : highest;
		controls = controls || (c >= 0x80 && c < 0xA0);
		narrow[len++] = (char)c;
	}
	if (highest >= 0x80 && highest <= 0xFF && text_is_utf8(slice_over(narrow, len)))
		return slice_over(narrow, len);
	if (!controls)
		return utf8;
	wide = arena_alloc(a, utf8.len * 3 + 1);
	at = len = 0;
	while ((c = text_next(utf8, &at)) >= 0)
		len += text_put(c >= 0x80 && c < 0xA0 ? windows[c - 0x80] : c, wide + len);
	return slice_over(wide, len);
}
