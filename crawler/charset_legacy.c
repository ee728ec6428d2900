#include "crawler/charset_legacy.h"

#include "crawler/syllable.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <ctype.h>
#include <string.h>

enum {
	WORDS_LOOKED_AT = 3000,
	WORD_LEN_MAX = 48,
	WORDS_FEW = 10,
	WORDS_MIN = 3,
	SAMPLE_LEN_MAX = 256 * 1024,
	NAME_LEN_MAX = 16,
	HIGH_1252 = 0x80,
	LOW_1252 = 0xA0
};

static const double SURE = 0.8, SURE_OF_FEW = 0.95, FINE_AS_IS = 0.5, IN_ITS_FONT = 0.6;

struct legacy {
	struct syllables *syllables;
	uint32_t table[LEGACY_TABLES][LEGACY_BYTES];
};

/* Code points of the bytes 0x80 to 0x9F under windows-1252 (WHATWG: gaps are C1 controls). */
static const uint16_t of_1252[LOW_1252 - HIGH_1252] = {0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026,
	0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039, 0x152, 0x8D, 0x17D, 0x8F, 0x90, 0x2018,
	0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D,
	0x17E, 0x178};

struct legacy *legacy_new(uint32_t (*tables)[LEGACY_BYTES])
{
	struct legacy *l = mem_alloc(sizeof *l);

	l->syllables = syllables_new();
	memcpy(l->table, tables, sizeof l->table);
	return l;
}

void legacy_free(struct legacy **l)
{
	if (*l == NULL)
		return;
	syllables_free(&(*l)->syllables);
	mem_free(*l);
	*l = NULL;
}

static void put(struct buf *out, uint32_t c)
{
	char text[4];

	buf_add(out, text, text_put((int32_t)c, text));
}

/* The byte a code point is under windows-1252; -1 for none. */
static int byte_of(int32_t c)
{
	if ((c >= 0 && c < HIGH_1252) || (c >= LOW_1252 && c < 0x100))
		return c;
	for (int i = 0; i < LOW_1252 - HIGH_1252; i++)
		if (of_1252[i] == c || c == HIGH_1252 + i)
			return HIGH_1252 + i;
	return -1;
}

static uint32_t of_latin(unsigned char byte)
{
	return byte >= HIGH_1252 && byte < LOW_1252 ? of_1252[byte - HIGH_1252] : byte;
}

enum { CIRCUMFLEX = 0x302, BREVE = 0x306, HORN = 0x31B };

/* What a byte behind a letter means in VNI: a mark of the vowel's own, a tone, or both. */
static const struct vni_mark {
	unsigned char byte; /* small; capitals are 0x20 less */
	uint16_t quality, tone;
	const char *letters;
} vni_marks[] = {
	{0xF9, 0, 0x301, "aeouy\xF4\xF6"},
	{0xF8, 0, 0x300, "aeouy\xF4\xF6"},
	{0xFB, 0, 0x309, "aeouy\xF4\xF6"},
	{0xF5, 0, 0x303, "aeouy\xF4\xF6"},
	{0xEF, 0, 0x323, "aeouy\xF4\xF6"},
	{0xE2, CIRCUMFLEX, 0, "aeo"},
	{0xE1, CIRCUMFLEX, 0x301, "aeo"},
	{0xE0, CIRCUMFLEX, 0x300, "aeo"},
	{0xE5, CIRCUMFLEX, 0x309, "aeo"},
	{0xE3, CIRCUMFLEX, 0x303, "aeo"},
	{0xE4, CIRCUMFLEX, 0x323, "aeo"},
	{0xEA, BREVE, 0, "a"},
	{0xE9, BREVE, 0x301, "a"},
	{0xE8, BREVE, 0x300, "a"},
	{0xFA, BREVE, 0x309, "a"},
	{0xFC, BREVE, 0x303, "a"},
	{0xEB, BREVE, 0x323, "a"},
};

/* Letters that are one byte in VNI. */
static const struct {
	unsigned char byte;
	uint16_t small, capital;
} vni_letters[] = {
	{0xF1, 0x111, 0x110},
	{0xF4, 0x1A1, 0x1A0},
	{0xF6, 0x1B0, 0x1AF},
	{0xED, 0xED, 0xCD},
	{0xEC, 0xEC, 0xCC},
	{0xE6, 0x1EC9, 0x1EC8},
	{0xF3, 0x129, 0x128},
	{0xF2, 0x1ECB, 0x1ECA},
	{0xEE, 0x1EF5, 0x1EF4},
};

static unsigned char small_byte(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE) ? (unsigned char)(c + 32) : c;
}

static const struct vni_mark *vni_mark(unsigned char letter, unsigned char byte)
{
	for (size_t i = 0; i < sizeof vni_marks / sizeof vni_marks[0]; i++)
		if (vni_marks[i].byte == small_byte(byte) &&
			strchr(vni_marks[i].letters, small_byte(letter)) != NULL && letter != 0)
			return &vni_marks[i];
	return NULL;
}

static uint32_t vni_letter(unsigned char byte)
{
	for (size_t i = 0; i < sizeof vni_letters / sizeof vni_letters[0]; i++)
		if (vni_letters[i].byte == small_byte(byte))
			return byte == vni_letters[i].byte ? vni_letters[i].small
							   : vni_letters[i].capital;
	return of_latin(byte);
}

static void write_vni(struct slice bytes, struct buf *out)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.at[i];
		unsigned char next = i + 1 < bytes.len ? (unsigned char)bytes.at[i + 1] : 0;
		const struct vni_mark *mark = next >= HIGH_1252 ? vni_mark(c, next) : NULL;

		put(out, vni_letter(c));
		if (mark == NULL)
			continue;
		if (mark->quality != 0)
			put(out, mark->quality);
		if (mark->tone != 0)
			put(out, mark->tone);
		i++;
	}
}

static void write_table(const uint32_t *table, struct slice bytes, struct buf *out)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char byte = (unsigned char)bytes.at[i];
		uint32_t c = byte < 0x20 ? byte : table[byte];

		put(out, c == 0 && byte != 0 ? of_latin(byte) : c);
	}
}

static void write_as(
	const struct legacy *l, enum legacy_kind kind, struct slice bytes, struct buf *out)
{
	if (kind == LEGACY_TWICE)
		buf_add_slice(out, bytes);
	else if (kind == LEGACY_VNI)
		write_vni(bytes, out);
	else
		write_table(l->table[kind], bytes, out);
}

static bool is_high(char c)
{
	return (unsigned char)c >= HIGH_1252;
}

static bool in_word(char c)
{
	return is_high(c) || isalpha((unsigned char)c);
}

/* Quotes, dashes and the hard space of windows-1252, which all these pages use beside letters. */
static bool is_punctuation(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte == 0x82 || byte == 0x84 || byte == 0x85 || (byte >= 0x91 && byte <= 0x97) ||
		byte == 0xA0 || byte == 0xAB || byte == 0xBB;
}

/* The next run of letters with a high byte in it, markup passed over; false at the end. */
static bool next_word(struct slice *rest, struct slice *ret)
{
	while (rest->len > 0) {
		size_t len = 0;
		bool high = false;

		if (rest->at[0] == '<') {
			*rest = slice_from(*rest, slice_find_byte(*rest, '>'));
			continue;
		}
		for (; len < rest->len && in_word(rest->at[len]); len++)
			high |= is_high(rest->at[len]);
		*ret = slice_over(rest->at, len);
		*rest = slice_from(*rest, len > 0 ? len : 1);
		if (high)
			return true;
	}
	return false;
}

/* The next run of letters beyond ASCII in a text; false at the end. */
static bool next_text_word(struct slice utf8, size_t *at, struct slice *ret)
{
	while (*at < utf8.len) {
		size_t from = *at, end = *at;
		bool high = false;

		if (utf8.at[*at] == '<') {
			*at += slice_find_byte(slice_from(utf8, *at), '>');
			continue;
		}
		while (*at < utf8.len) {
			int32_t c = text_next(utf8, at);

			if (!text_is_word_char(c))
				break;
			high |= c >= HIGH_1252;
			end = *at;
		}
		*ret = slice_over(utf8.at + from, end - from);
		*at = end > from ? end : *at;
		if (high)
			return true;
	}
	return false;
}

/* `b` holds the word under that table afterwards. */
static bool spells(const struct legacy *l, enum legacy_kind kind, struct slice word, struct buf *b)
{
	struct slice bare;
	size_t at = 0;

	buf_clear(b);
	write_as(l, kind, word, b);
	if (kind != LEGACY_TWICE)
		return syllables_have(l->syllables, buf_slice(b));
	/* Quotes are letters here, before they are read. */
	return next_text_word(buf_slice(b), &at, &bare) && syllables_have(l->syllables, bare);
}

/* The word without the punctuation at its ends that its table would take for letters. */
static struct slice without_punctuation(
	const struct legacy *l, enum legacy_kind kind, struct slice word, struct buf *b)
{
	struct slice bare = word;

	if (kind == LEGACY_TWICE)
		return word;
	while (bare.len > 0 && is_punctuation(bare.at[0]))
		bare = slice_from(bare, 1);
	while (bare.len > 0 && is_punctuation(bare.at[bare.len - 1]))
		bare.len--;
	return bare.len == word.len || spells(l, kind, word, b) ? word : bare;
}

struct evidence {
	size_t words, valid, special;
};

/* True when a word holds a letter that Latin languages do not have. */
static bool is_special(struct slice utf8)
{
	for (size_t at = 0; at < utf8.len;) {
		int32_t c = text_next(utf8, &at);

		if (c > 0xFF && c != 0xFFFD)
			return true;
	}
	return false;
}

static void weigh_word(
	const struct legacy *l, enum legacy_kind kind, struct slice word, struct evidence *e)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct slice bare = without_punctuation(l, kind, word, &b);
	bool high = false;

	for (size_t i = 0; i < bare.len; i++)
		high |= is_high(bare.at[i]);
	if (!high)
		return;
	e->words++;
	if (bare.len > WORD_LEN_MAX || !spells(l, kind, bare, &b))
		return;
	e->valid++;
	e->special += is_special(buf_slice(&b));
}

/* How likely it is, 0 to 1; 0 when there is too little to say. */
static double likelihood(const struct evidence *e)
{
	double share = e->words == 0 ? 0 : (double)e->valid / (double)e->words;

	if (e->valid < WORDS_MIN || e->special * 5 < e->valid)
		return 0;
	return share >= (e->words < WORDS_FEW ? SURE_OF_FEW : SURE) ? share : 0;
}

static enum legacy_kind detect(
	const struct legacy *l, struct slice bytes, enum legacy_kind first_not)
{
	struct evidence e[LEGACY_KINDS] = {0};
	enum legacy_kind best = LEGACY_NONE;
	struct slice word;
	double most = 0;

	if (bytes.len > SAMPLE_LEN_MAX)
		bytes.len = SAMPLE_LEN_MAX;
	for (size_t i = 0; i < WORDS_LOOKED_AT && next_word(&bytes, &word); i++)
		for (int kind = 0; kind < (int)first_not; kind++)
			weigh_word(l, (enum legacy_kind)kind, word, &e[kind]);
	for (int kind = 0; kind < (int)first_not; kind++)
		if (likelihood(&e[kind]) > most) {
			most = likelihood(&e[kind]);
			best = (enum legacy_kind)kind;
		}
	return best;
}

enum legacy_kind legacy_detect(const struct legacy *l, struct slice bytes)
{
	return detect(l, bytes, LEGACY_TWICE);
}

static void decode_text(
	const struct legacy *l, enum legacy_kind kind, struct slice bytes, struct buf *out)
{
	CLEANUP(buf_release) struct buf b = {0};

	while (bytes.len > 0) {
		size_t len = 0;

		while (len < bytes.len && in_word(bytes.at[len]))
			len++;
		if (len == 0) {
			buf_add_byte(out, bytes.at[0]);
			bytes = slice_from(bytes, 1);
			continue;
		}
		struct slice word = slice_over(bytes.at, len);
		struct slice bare = without_punctuation(l, kind, word, &b);
		size_t before = (size_t)(bare.at - word.at);

		for (size_t i = 0; i < before; i++)
			put(out, of_latin((unsigned char)word.at[i]));
		write_as(l, kind, bare, out);
		for (size_t i = before + bare.len; i < word.len; i++)
			put(out, of_latin((unsigned char)word.at[i]));
		bytes = slice_from(bytes, len);
	}
}

struct slice legacy_decode(
	const struct legacy *l, struct arena *a, enum legacy_kind kind, struct slice bytes)
{
	CLEANUP(buf_release) struct buf out = {0};

	decode_text(l, kind, bytes, &out);
	return text_nfc(a, buf_slice(&out));
}

/* The Latin letters of a text as the bytes they are under windows-1252; anything else parts words. */
static struct slice as_bytes(struct arena *a, struct slice utf8)
{
	char *out = arena_alloc(a, utf8.len + 1);
	size_t len = 0;

	for (size_t at = 0; at < utf8.len;) {
		int byte = byte_of(text_next(utf8, &at));

		out[len++] = (char)(byte < 0 ? ' ' : byte);
	}
	return slice_over(out, len);
}

/* Share of the words with diacritics that are Vietnamese as they stand. */
static double share_as_is(const struct legacy *l, struct slice utf8, size_t *ret_words)
{
	struct slice word;
	size_t valid = 0, at = 0;

	*ret_words = 0;
	while (*ret_words < WORDS_LOOKED_AT / 10 && next_text_word(utf8, &at, &word)) {
		(*ret_words)++;
		valid += word.len <= WORD_LEN_MAX && syllables_have(l->syllables, word);
	}
	return *ret_words == 0 ? 0 : (double)valid / (double)*ret_words;
}

/* Runs of letters that can be such bytes are decoded, what cannot stays. */
static struct slice convert_runs(
	const struct legacy *l, struct arena *a, enum legacy_kind kind, struct slice utf8)
{
	CLEANUP(buf_release) struct buf run = {0}, out = {0};

	for (size_t at = 0; at < utf8.len;) {
		int32_t c = text_next(utf8, &at);
		int byte = byte_of(c);

		if (byte >= 0)
			buf_add_byte(&run, (char)byte);
		if (byte >= 0 && at < utf8.len)
			continue;
		decode_text(l, kind, buf_slice(&run), &out);
		buf_clear(&run);
		if (byte < 0)
			put(&out, (uint32_t)c);
	}
	return text_nfc(a, buf_slice(&out));
}

struct font {
	struct slice tag; /* the element's name */
	enum legacy_kind kind;
	bool capitals;
};

/* Reads a tag such as <font face=".VnTimeH">. */
static bool read_font(struct slice tag, struct font *ret)
{
	size_t vn = slice_find(tag, SLICE(".Vn")), vni = slice_find(tag, SLICE("VNI-"));
	size_t name = 1;

	if (vn == tag.len && vni == tag.len)
		return false;
	while (name < tag.len && isalnum((unsigned char)tag.at[name]))
		name++;
	ret->tag = slice_over(tag.at + 1, name - 1);
	ret->kind = vn < tag.len ? LEGACY_TCVN : LEGACY_VNI;
	size_t end = vn < tag.len ? vn + 1 : tag.len;
	while (end < tag.len && (isalnum((unsigned char)tag.at[end]) || tag.at[end] == ' '))
		end++;
	ret->capitals = vn < tag.len && tag.at[end - 1] == 'H';
	return ret->tag.len > 0 && ret->tag.len <= NAME_LEN_MAX;
}

/* Length of the content up to the end tag that closes the element. */
static size_t content_len(struct slice rest, struct slice name)
{
	size_t depth = 1, at = 0;

	while ((at += slice_find_byte(slice_from(rest, at), '<')) < rest.len) {
		size_t from = at + 1 + (at + 1 < rest.len && rest.at[at + 1] == '/');
		bool same = from + name.len <= rest.len &&
			slice_equal_nocase(slice_over(rest.at + from, name.len), name) &&
			(from + name.len == rest.len ||
				!isalnum((unsigned char)rest.at[from + name.len]));

		if (same && from == at + 2 && --depth == 0)
			return at;
		depth += same && from == at + 1;
		at++;
	}
	return rest.len;
}

static bool fits_font(
	const struct legacy *l, struct arena *a, const struct font *font, struct slice content)
{
	struct slice bytes = as_bytes(a, content), word;
	struct evidence e = {0};
	size_t words;

	if (share_as_is(l, content, &words) >= FINE_AS_IS)
		return false;
	for (size_t i = 0; i < WORDS_LOOKED_AT && next_word(&bytes, &word); i++)
		weigh_word(l, font->kind, word, &e);
	return e.words > 0 && (double)e.valid >= IN_ITS_FONT * (double)e.words;
}

static struct slice capitals(struct arena *a, struct slice utf8)
{
	CLEANUP(buf_release) struct buf out = {0};
	bool markup = false;

	for (size_t at = 0; at < utf8.len;) {
		int32_t c = text_next(utf8, &at);

		markup = c == '<' || c == '&' || (markup && c != '>' && c != ';');
		put(&out, (uint32_t)(markup ? c : text_upper_char(c)));
	}
	return arena_slice(a, buf_slice(&out));
}

/* Elements that name such a font, one by one; a page may be Unicode elsewhere. */
static struct slice repair_fonts(const struct legacy *l, struct arena *a, struct slice utf8)
{
	CLEANUP(buf_release) struct buf out = {0};

	while (utf8.len > 0) {
		size_t open = slice_find_byte(utf8, '<');
		struct slice tag = slice_from(utf8, open);
		struct font font;

		tag.len = slice_find_byte(tag, '>');
		size_t end = open + tag.len + (open + tag.len < utf8.len);
		buf_add(&out, utf8.at, end);
		utf8 = slice_from(utf8, end);
		if (!read_font(tag, &font))
			continue;
		struct slice content = slice_over(utf8.at, content_len(utf8, font.tag));
		utf8 = slice_from(utf8, content.len);
		if (fits_font(l, a, &font, content))
			content = convert_runs(l, a, font.kind, content);
		buf_add_slice(&out, font.capitals ? capitals(a, content) : content);
	}
	return arena_slice(a, buf_slice(&out));
}

/* "á»" and "áº" begin most Vietnamese letters of UTF-8 that was encoded twice; what stands between
 * can look like syllables. */
static bool looks_twice(struct slice utf8)
{
	return slice_find(utf8, SLICE("\xC3\xA1\xC2\xBA")) < utf8.len ||
		slice_find(utf8, SLICE("\xC3\xA1\xC2\xBB")) < utf8.len;
}

struct slice legacy_repair(const struct legacy *l, struct arena *a, struct slice utf8)
{
	size_t words;

	if (slice_find(utf8, SLICE(".Vn")) < utf8.len || slice_find(utf8, SLICE("VNI-")) < utf8.len)
		utf8 = repair_fonts(l, a, utf8);
	bool fine = share_as_is(l, utf8, &words) >= FINE_AS_IS || words < WORDS_MIN;
	if (fine && !looks_twice(utf8))
		return utf8;
	enum legacy_kind kind = detect(l, as_bytes(a, utf8), LEGACY_KINDS);
	if (fine && kind != LEGACY_TWICE)
		return utf8;
	return kind == LEGACY_NONE ? utf8 : convert_runs(l, a, kind, utf8);
}
