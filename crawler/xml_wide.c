#include "crawler/xml.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

static const struct encoding {
	const char *name;
	struct slice start; /* how a document begins: a byte order mark, or '<' and '?' */
	unsigned width;
	bool big;
	unsigned skip; /* bytes of the mark */
} encodings[] = {
	{"utf-32le", SLICE_INIT("\xFF\xFE\0\0"), 4, false, 4},
	{"utf-32be", SLICE_INIT("\0\0\xFE\xFF"), 4, true, 4},
	{"utf-16le", SLICE_INIT("\xFF\xFE"), 2, false, 2},
	{"utf-16be", SLICE_INIT("\xFE\xFF"), 2, true, 2},
	{"utf-32le", SLICE_INIT("<\0\0\0"), 4, false, 0},
	{"utf-32be", SLICE_INIT("\0\0\0<"), 4, true, 0},
	{"utf-16le", SLICE_INIT("<\0"), 2, false, 0},
	{"utf-16be", SLICE_INIT("\0<"), 2, true, 0},
};

static uint32_t unit_at(const struct encoding *e, struct slice bytes, size_t at)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < e->width; i++) {
		unsigned place = e->big ? i : e->width - 1 - i;

		value = value << 8 | (unsigned char)bytes.at[at + place];
	}
	return value;
}

static struct slice convert(struct arena *a, const struct encoding *e, struct slice bytes)
{
	CLEANUP(buf_release) struct buf out = {0};
	char text[4];

	for (size_t at = e->skip; at + e->width <= bytes.len; at += e->width) {
		uint32_t c = unit_at(e, bytes, at), low;
		bool pair = e->width == 2 && c >= 0xD800 && c < 0xDC00 && at + 4 <= bytes.len;

		if (pair && (low = unit_at(e, bytes, at + 2)) >= 0xDC00 && low < 0xE000) {
			c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
			at += 2;
		}
		bool valid = c <= 0x10FFFF && (c < 0xD800 || c >= 0xE000);
		buf_add(&out, text, text_put(valid ? (int32_t)c : 0xFFFD, text));
	}
	return text_nfc(a, buf_slice(&out));
}

const char *xml_from_wide(struct arena *a, struct slice bytes, struct slice *ret_utf8)
{
	for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++)
		if (slice_starts(bytes, encodings[i].start)) {
			*ret_utf8 = convert(a, &encodings[i], bytes);
			return encodings[i].name;
		}
	return NULL;
}
