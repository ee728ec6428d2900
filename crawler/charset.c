#include "crawler/charset.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <string.h>

enum { PRESCAN_LEN = 4096, HELD_BACK_MAX = 16 };

/* Names by the Encoding standard, what iconv calls them, and labels pages use. */
static const struct {
	const char *name, *iconv_name, *labels;
} charsets[] = {
	{"utf-8", "UTF-8", "utf8 unicode-1-1-utf-8"},
	{"utf-16le", "UTF-16LE", "utf-16 ucs-2 unicode"},
	{"utf-16be", "UTF-16BE", ""},
	{"windows-1252", "CP1252", "iso-8859-1 latin1 us-ascii ascii iso8859-1 cp1252 l1"},
	{"windows-1258", "CP1258", "cp1258 x-cp1258"},
	{"tcvn", "TCVN5712-1", "tcvn3 tcvn5712-1 tcvn-5712"},
	{"viscii", "VISCII", "viscii1.1-1 csviscii"},
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
};

enum { CHARSETS = sizeof charsets / sizeof charsets[0], CHARSET_UTF8 = 0, CHARSET_1252 = 3 };

struct charset_set {
	iconv_t converter[CHARSETS];
	bool open[CHARSETS];
};

struct charset_set *charset_set_new(void)
{
	struct charset_set *set = mem_alloc(sizeof *set);

	for (size_t i = 0; i < CHARSETS; i++) {
		set->converter[i] = iconv_open("UTF-8", charsets[i].iconv_name);
		set->open[i] = (intptr_t)set->converter[i] != -1;
	}
	return set;
}

void charset_set_free(struct charset_set **set)
{
	if (*set == NULL)
		return;
	for (size_t i = 0; i < CHARSETS; i++)
		if ((*set)->open[i])
			iconv_close((*set)->converter[i]);
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

static size_t find_nocase(struct slice s, struct slice needle)
{
	for (size_t i = 0; i + needle.len <= s.len; i++)
		if (slice_equal_nocase(slice_over(s.at + i, needle.len), needle))
			return i;
	return s.len;
}

/* The value after `key` and '=': charset="x", encoding='x', charset=x; */
static struct slice value_after(struct slice s, struct slice key)
{
	size_t at = find_nocase(s, key);

	if (at == s.len)
		return (struct slice){0};
	s = slice_trim(slice_from(s, at + key.len));
	if (s.len == 0 || s.at[0] != '=')
		return (struct slice){0};
	s = slice_trim(slice_from(s, 1));
	while (s.len > 0 && (s.at[0] == '"' || s.at[0] == '\''))
		s = slice_from(s, 1);
	size_t len = 0;
	while (len < s.len &&
		(isalnum((unsigned char)s.at[len]) || strchr("-_.:", s.at[len]) != NULL))
		len++;
	return slice_over(s.at, len);
}

/* Labels inside an ASCII document that claim UTF-16 are wrong by being readable. */
static int declared_inside(struct slice bytes)
{
	struct slice head = bytes;

	if (head.len > PRESCAN_LEN)
		head.len = PRESCAN_LEN;
	if (slice_starts(slice_trim(head), SLICE("<?xml"))) {
		int found = find_label(value_after(
			slice_over(head.at, slice_find(head, SLICE("?>"))), SLICE("encoding")));
		if (found >= 0)
			return found == 1 || found == 2 ? CHARSET_UTF8 : found;
	}
	while (head.len > 0) {
		size_t comment = slice_find(head, SLICE("<!--"));
		size_t meta = find_nocase(head, SLICE("<meta"));

		if (meta == head.len)
			return -1;
		if (comment < meta) {
			size_t end = slice_find(slice_from(head, comment), SLICE("-->"));
			head = slice_from(head, comment + end + 3);
			continue;
		}
		head = slice_from(head, meta + 5);
		int found = find_label(value_after(
			slice_over(head.at, slice_find_byte(head, '>')), SLICE("charset")));
		if (found >= 0)
			return found == 1 || found == 2 ? CHARSET_UTF8 : found;
	}
	return -1;
}

static int by_mark(struct slice bytes, size_t *ret_skip)
{
	static const struct {
		struct slice mark;
		int charset;
	} marks[] = {
		{{"\xEF\xBB\xBF", 3}, CHARSET_UTF8}, {{"\xFF\xFE", 2}, 1}, {{"\xFE\xFF", 2}, 2}};

	for (size_t i = 0; i < 3; i++)
		if (slice_starts(bytes, marks[i].mark)) {
			*ret_skip = marks[i].mark.len;
			return marks[i].charset;
		}
	*ret_skip = 0;
	return -1;
}

static int by_content_type(struct slice content_type)
{
	struct slice named = value_after(content_type, SLICE("charset"));

	return find_label(named.len > 0 ? named : slice_trim(content_type));
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

struct charset_text charset_decode(const struct charset_set *set, struct arena *a,
	struct slice bytes, struct slice content_type)
{
	size_t skip;
	int found = by_mark(bytes, &skip);

	bytes = slice_from(bytes, skip);
	if (found < 0)
		found = by_content_type(content_type);
	if (found < 0)
		found = declared_inside(bytes);
	if (found < 0)
		found = text_is_utf8(bytes) ? CHARSET_UTF8 : CHARSET_1252;
	if (found != CHARSET_UTF8 && set->open[found])
		bytes = convert(a, set->converter[found], bytes);
	return (struct charset_text){charsets[found].name, text_nfc(a, bytes)};
}
