#include "crawler/charset.h"

#include "crawler/charset_declared.h"
#include "crawler/charset_legacy.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

enum { HELD_BACK_MAX = 16 };

/* Names by the Encoding standard, what iconv calls them, and labels pages use. */
static const struct {
	const char *name, *iconv_name, *labels;
} charsets[] = {
	{"utf-8", "UTF-8", "utf8 unicode-1-1-utf-8 x-unicode20utf8 unicode11utf8 unicode20utf8"},
	{"utf-16le", "UTF-16LE", "utf-16 ucs-2 unicode"},
	{"utf-16be", "UTF-16BE", ""},
	{"windows-1252", "CP1252",
		"iso-8859-1 latin1 us-ascii ascii iso8859-1 cp1252 l1 x-cp1252 iso88591 iso_8859-1 "
		"cp819 ibm819 ansi_x3.4-1968 iso-ir-100 x-user-defined"},
	{"windows-1258", "CP1258", "cp1258 x-cp1258"},
	{"tcvn", "TCVN5712-1", "tcvn3 tcvn5712-1 tcvn-5712"},
	{"viscii", "VISCII", "viscii1.1-1 csviscii"},
	{"vni", "", "vni-win x-viet-vni"},
	{"windows-1250", "CP1250", "cp1250"},
	{"windows-1251", "CP1251", "cp1251"},
	{"windows-1253", "CP1253", "cp1253"},
	{"windows-1254", "CP1254", "cp1254 iso-8859-9 latin5"},
	{"windows-1255", "CP1255", "cp1255"},
	{"windows-1256", "CP1256", "cp1256"},
	{"windows-1257", "CP1257", "cp1257"},
	{"windows-874", "CP874", "tis-620 iso-8859-11"},
	{"iso-8859-2", "ISO-8859-2", "latin2 iso8859-2"},
	{"iso-8859-3", "ISO-8859-3", "latin3"},
	{"iso-8859-4", "ISO-8859-4", "latin4"},
	{"iso-8859-5", "ISO-8859-5", "cyrillic"},
	{"iso-8859-6", "ISO-8859-6", "arabic"},
	{"iso-8859-7", "ISO-8859-7", "greek"},
	{"iso-8859-8", "ISO-8859-8", "hebrew"},
	{"iso-8859-10", "ISO-8859-10", "latin6"},
	{"iso-8859-13", "ISO-8859-13", ""},
	{"iso-8859-14", "ISO-8859-14", ""},
	{"iso-8859-15", "ISO-8859-15", "latin9"},
	{"iso-8859-16", "ISO-8859-16", ""},
	{"koi8-r", "KOI8-R", "koi8 koi"},
	{"koi8-u", "KOI8-U", ""},
	{"macintosh", "MACINTOSH", "mac"},
	{"gbk", "GB18030", "gb2312 gb18030 gb_2312-80 chinese x-gbk"},
	{"big5", "BIG5-HKSCS", "big5-hkscs cn-big5 x-x-big5"},
	{"shift_jis", "CP932", "shift-jis sjis x-sjis ms_kanji windows-31j cp932"},
	{"euc-jp", "EUC-JP", "x-euc-jp"},
	{"euc-kr", "UHC", "ks_c_5601-1987 korean windows-949 cp949 ksc5601"},
	{"utf-32le", "UTF-32LE", "utf-32"},
	{"utf-32be", "UTF-32BE", ""},
};

enum {
	CHARSETS = sizeof charsets / sizeof charsets[0],
	CHARSET_UTF8 = 0,
	CHARSET_UTF16LE = 1,
	CHARSET_UTF16BE = 2,
	CHARSET_UTF32LE = CHARSETS - 2,
	CHARSET_UTF32BE = CHARSETS - 1,
	CHARSET_1252 = 3,
	CHARSET_1258 = 4,
	CHARSET_TCVN = 5,
	CHARSET_VISCII = 6,
	CHARSET_VNI = 7,
	SINGLE_BYTE_FROM = CHARSET_1252,
	SINGLE_BYTE_END = 30
};

struct charset_set {
	iconv_t converter[CHARSETS];
	bool open[CHARSETS];
	struct legacy *legacy;
};

/* What each byte is alone, under the single-byte encodings of Vietnamese. */
static void read_tables(const struct charset_set *set, uint32_t tables[LEGACY_TABLES][LEGACY_BYTES])
{
	static const int of[LEGACY_TABLES] = {CHARSET_TCVN, CHARSET_VISCII, CHARSET_1258};

	for (size_t t = 0; t < LEGACY_TABLES; t++)
		for (int byte = 1; byte < LEGACY_BYTES && set->open[of[t]]; byte++) {
			char from = (char)byte, to[HELD_BACK_MAX], *in = &from, *out = to;
			size_t left = 1, room = sizeof to, at = 0;
			iconv_t converter = set->converter[of[t]];

			iconv(converter, NULL, NULL, NULL, NULL);
			if (iconv(converter, &in, &left, &out, &room) == (size_t)-1)
				continue;
			iconv(converter, NULL, NULL, &out, &room);
			tables[t][byte] =
				(uint32_t)text_next(slice_over(to, sizeof to - room), &at);
		}
}

struct charset_set *charset_set_new(void)
{
	struct charset_set *set = mem_alloc(sizeof *set);

	for (size_t i = 0; i < CHARSETS; i++) {
		set->converter[i] = iconv_open("UTF-8", charsets[i].iconv_name);
		set->open[i] = (intptr_t)set->converter[i] != -1;
	}
	uint32_t tables[LEGACY_TABLES][LEGACY_BYTES] = {0};
	read_tables(set, tables);
	set->legacy = legacy_new(tables);
	return set;
}

void charset_set_free(struct charset_set **set)
{
	if (*set == NULL)
		return;
	for (size_t i = 0; i < CHARSETS; i++)
		if ((*set)->open[i])
			iconv_close((*set)->converter[i]);
	legacy_free(&(*set)->legacy);
	mem_free(*set);
	*set = NULL;
}

static int find_label(struct slice label)
{
	for (int i = 0; i < CHARSETS; i++) {
		struct slice labels = slice_of(charsets[i].labels), one;

		if (slice_equal_nocase(label, slice_of(charsets[i].name)))
			return i;
		while (slice_cut(&labels, ' ', &one))
			if (slice_equal_nocase(label, one))
				return i;
	}
	return -1;
}

static int by_mark(struct slice bytes, size_t *ret_skip)
{
	static const struct {
		struct slice mark;
		int charset;
	} marks[] = {
		{{"\xEF\xBB\xBF", 3}, CHARSET_UTF8},
		{{"\xFF\xFE\0\0", 4}, CHARSET_UTF32LE},
		{{"\0\0\xFE\xFF", 4}, CHARSET_UTF32BE},
		{{"\xFF\xFE", 2}, CHARSET_UTF16LE},
		{{"\xFE\xFF", 2}, CHARSET_UTF16BE},
	};
	/* XML 1.0, F.1: a document without a mark by its first letters. */
	static const struct {
		struct slice start;
		int charset;
	} starts[] = {
		{{"<\0?\0", 4}, CHARSET_UTF16LE},
		{{"\0<\0?", 4}, CHARSET_UTF16BE},
		{{"<\0\0\0", 4}, CHARSET_UTF32LE},
		{{"\0\0\0<", 4}, CHARSET_UTF32BE},
	};

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (slice_starts(bytes, marks[i].mark)) {
			*ret_skip = marks[i].mark.len;
			return marks[i].charset;
		}
	*ret_skip = 0;
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (slice_starts(bytes, starts[i].start))
			return starts[i].charset;
	return -1;
}

static int by_content_type(struct slice content_type)
{
	struct slice named = charset_of_content_type(content_type);

	return find_label(named.len > 0 ? slice_trim(named) : slice_trim(content_type));
}

/* A label inside the document that claims UTF-16 or UTF-32 is wrong by being readable. */
static int by_document(struct slice bytes)
{
	int found = find_label(charset_declared(bytes));

	bool wide = found == CHARSET_UTF16LE || found == CHARSET_UTF16BE ||
		found == CHARSET_UTF32LE || found == CHARSET_UTF32BE;
	return wide ? CHARSET_UTF8 : found;
}

/* Each byte that cannot be converted becomes U+FFFD. */
static struct slice convert(struct arena *a, iconv_t converter, struct slice bytes)
{
	struct buf out = {0};
	char *in = arena_copy(a, bytes);
	size_t left = bytes.len;

	iconv(converter, NULL, NULL, NULL, NULL);
	while (left > 0) {
		size_t room = left * 3 + 16, before = room;
		char *to = buf_room(&out, room);
		size_t status = iconv(converter, &in, &left, &to, &room);

		buf_grew(&out, before - room);
		if (status == (size_t)-1 && errno != E2BIG && left > 0) {
			buf_add_text(&out, "\xEF\xBF\xBD");
			in++;
			left--;
		}
	}
	/* CP1258 and TCVN hold a letter back until they know that no mark follows. */
	size_t room = HELD_BACK_MAX;
	char *to = buf_room(&out, room);
	iconv(converter, NULL, NULL, &to, &room);
	buf_grew(&out, HELD_BACK_MAX - room);
	struct slice text = arena_slice(a, buf_slice(&out));
	buf_release(&out);
	return text;
}

static bool is_ascii(struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if ((unsigned char)bytes.at[i] >= 0x80)
			return false;
	return true;
}

/* The default of the HTML standard where nothing is said is windows-1252, of XML and JSON UTF-8. */
static int by_nothing(struct slice bytes)
{
	struct slice start = slice_trim(bytes);
	bool markup = slice_starts(start, SLICE("<?xml")) || slice_starts(start, SLICE("<rss")) ||
		slice_starts(start, SLICE("<feed")) || slice_starts(start, SLICE("{"));

	return markup || !is_ascii(bytes) ? CHARSET_UTF8 : CHARSET_1252;
}

static bool is_single_byte(int charset)
{
	return charset >= SINGLE_BYTE_FROM && charset < SINGLE_BYTE_END;
}

static struct charset_text decode_legacy(
	const struct charset_set *set, struct arena *a, enum legacy_kind kind, struct slice bytes)
{
	static const int of_kind[] = {
		[LEGACY_TCVN] = CHARSET_TCVN,
		[LEGACY_VISCII] = CHARSET_VISCII,
		[LEGACY_1258] = CHARSET_1258,
		[LEGACY_VNI] = CHARSET_VNI,
	};

	return (struct charset_text){charsets[of_kind[kind]].name,
		legacy_repair(set->legacy, a, legacy_decode(set->legacy, a, kind, bytes))};
}

struct charset_text charset_decode(const struct charset_set *set, struct arena *a,
	struct slice bytes, struct slice content_type)
{
	size_t skip;
	int found = by_mark(bytes, &skip);
	bool marked = found >= 0, utf8 = marked ? found == CHARSET_UTF8 : text_is_utf8(bytes);
	enum legacy_kind kind = LEGACY_NONE;

	bytes = slice_from(bytes, skip);
	if (found < 0)
		found = by_content_type(content_type);
	if (found < 0)
		found = by_document(bytes);
	if (!marked && !utf8)
		kind = legacy_detect(set->legacy, bytes);
	if (kind == LEGACY_NONE && found == CHARSET_VNI)
		kind = LEGACY_VNI;
	if (kind != LEGACY_NONE)
		return decode_legacy(set, a, kind, bytes);
	if (found < 0)
		found = utf8 ? by_nothing(bytes) : CHARSET_1252;
	/* Letters of another encoding make UTF-8 by no accident. */
	if (utf8 && is_single_byte(found) && !is_ascii(bytes))
		found = CHARSET_UTF8;
	if (found != CHARSET_UTF8 && set->open[found])
		bytes = convert(a, set->converter[found], bytes);
	return (struct charset_text){
		charsets[found].name, legacy_repair(set->legacy, a, text_nfc(a, bytes))};
}
