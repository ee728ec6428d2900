#include "lib/text.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <ctype.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

enum { REPLACEMENT = 0xFFFD };

struct wide {
	UChar *at;
	int32_t len;
};

/* UTF-16 never needs more units than UTF-8 needs bytes. */
static struct wide wide_from(struct slice s)
{
	struct wide w = {.at = mem_array(s.len + 1, sizeof *w.at)};
	UErrorCode status = U_ZERO_ERROR;

	must(s.len < INT32_MAX / 8);
	u_strFromUTF8WithSub(
		w.at, (int32_t)s.len + 1, &w.len, s.at, (int32_t)s.len, REPLACEMENT, NULL, &status);
	must(U_SUCCESS(status));
	return w;
}

static struct slice wide_to(struct arena *a, struct wide w)
{
	size_t room = (size_t)w.len * 3 + 1;
	char *out = arena_alloc(a, room);
	int32_t len = 0;
	UErrorCode status = U_ZERO_ERROR;

	u_strToUTF8WithSub(out, (int32_t)room, &len, w.at, w.len, REPLACEMENT, NULL, &status);
	must(U_SUCCESS(status));
	return slice_over(out, (size_t)len);
}

/* A canonical form is at most 18 times as long in UTF-16 (UAX 15), so the first try sizes it. */
static struct wide wide_normal(const UNormalizer2 *form, struct wide w)
{
	UErrorCode status = U_ZERO_ERROR;
	struct wide out = {0};

	out.len = unorm2_normalize(form, w.at, w.len, NULL, 0, &status);
	must(status == U_BUFFER_OVERFLOW_ERROR || U_SUCCESS(status));
	out.at = mem_array((size_t)out.len + 1, sizeof *out.at);
	status = U_ZERO_ERROR;
	unorm2_normalize(form, w.at, w.len, out.at, out.len + 1, &status);
	must(U_SUCCESS(status));
	return out;
}

static void wide_release(struct wide *w)
{
	mem_free(w->at);
}

static const UNormalizer2 *normal_form(const UNormalizer2 *(*get)(UErrorCode *))
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *form = get(&status);

	must(U_SUCCESS(status));
	return form;
}

/* Decodes one code point (Unicode 15, table 3-7); -1 for a bad sequence, of which the longest
 * valid start is skipped. */
static int32_t decode(struct slice s, size_t *at)
{
	unsigned char lead = (unsigned char)s.at[(*at)++];
	unsigned char low = 0x80, high = 0xBF;
	int32_t c;
	int more;

	if (lead < 0x80)
		return lead;
	if (lead < 0xC2 || lead > 0xF4)
		return -1;
	more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
	c = lead & (0x3F >> more);
	if (lead == 0xE0)
		low = 0xA0;
	if (lead == 0xF0)
		low = 0x90;
	if (lead == 0xED)
		high = 0x9F;
	if (lead == 0xF4)
		high = 0x8F;
	for (; more > 0; more--) {
		unsigned char next = *at < s.len ? (unsigned char)s.at[*at] : 0;

		if (next < low || next > high)
			return -1;
		c = c << 6 | (next & 0x3F);
		low = 0x80;
		high = 0xBF;
		(*at)++;
	}
	return c;
}

bool text_is_utf8(struct slice s)
{
	for (size_t at = 0; at < s.len;) {
		if ((unsigned char)s.at[at] < 0x80)
			at++;
		else if (decode(s, &at) < 0)
			return false;
	}
	return true;
}

/* Valid, and all of characters that no composition changes: Latin, Vietnamese, punctuation. */
static bool is_plainly_nfc(struct slice s)
{
	for (size_t at = 0; at < s.len;) {
		if ((unsigned char)s.at[at] < 0x80) {
			at++;
			continue;
		}
		int32_t c = decode(s, &at);
		if (c < 0 ||
			(c >= 0x300 && (c < 0x1EA0 || c > 0x1EF9) && (c < 0x2002 || c > 0x206F)))
			return false;
	}
	return true;
}

struct slice text_nfc(struct arena *a, struct slice s)
{
	if (is_plainly_nfc(s))
		return arena_slice(a, s);

	const UNormalizer2 *nfc = normal_form(unorm2_getNFCInstance);
	CLEANUP(wide_release) struct wide w = wide_from(s);
	UErrorCode status = U_ZERO_ERROR;
	if (unorm2_quickCheck(nfc, w.at, w.len, &status) == UNORM_YES && U_SUCCESS(status))
		return wide_to(a, w);
	CLEANUP(wide_release) struct wide normal = wide_normal(nfc, w);
	return wide_to(a, normal);
}

/* Writes each code point as `map` gives it, ASCII in lower case as both maps do; 0 leaves it out. No mapping used here grows a code
 * point by more than one byte of UTF-8. */
static struct slice map_chars(struct arena *a, struct slice s, int32_t (*map)(int32_t))
{
	char *out = arena_alloc(a, s.len * 3 + 1);
	size_t len = 0;

	for (size_t at = 0; at < s.len;) {
		unsigned char byte = (unsigned char)s.at[at];

		if (byte < 0x80) {
			out[len++] = (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
			at++;
			continue;
		}
		int32_t c = map(text_next(s, &at));
		if (c > 0)
			len += text_put(c, out + len);
	}
	return slice_over(out, len);
}

int32_t text_lower_char(int32_t c)
{
	if (c >= 0 && c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	return u_tolower(c);
}

int32_t text_upper_char(int32_t c)
{
	return u_toupper(c);
}

struct slice text_lower(struct arena *a, struct slice nfc)
{
	return map_chars(a, nfc, text_lower_char);
}

/* The Latin letters of Vietnamese and its neighbours, without asking ICU; 0 for others. */
static int32_t fold_latin(int32_t c)
{
	static const char latin1[] = "aaaaaa\0ceeeeiiii\0nooooo\0\0uuuuy\0\0"
				     "aaaaaa\0ceeeeiiii\0nooooo\0\0uuuuy\0y";

	if (c >= 0xC0 && c <= 0xFF)
		return latin1[c - 0xC0];
	if (c >= 0x1EA0 && c <= 0x1EF9)
		return c < 0x1EB8    ? 'a'
			: c < 0x1EC8 ? 'e'
			: c < 0x1ECC ? 'i'
			: c < 0x1EE4 ? 'o'
			: c < 0x1EF2 ? 'u'
				     : 'y';
	switch (c) {
	case 0x102:
	case 0x103: return 'a';
	case 0x110:
	case 0x111: return 'd';
	case 0x128:
	case 0x129: return 'i';
	case 0x1A0:
	case 0x1A1: return 'o';
	case 0x168:
	case 0x169:
	case 0x1AF:
	case 0x1B0: return 'u';
	default: return 0;
	}
}

/* The first code point of the full canonical decomposition; 0 for a mark of its own. */
int32_t text_fold_char(int32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	int32_t latin = fold_latin(c);
	if (latin != 0)
		return latin;
	if (u_charType(c) == U_NON_SPACING_MARK)
		return 0;
	if (c >= 0xAC00 && c <= 0xD7A3)
		return c;

	UChar parts[32];
	UErrorCode status = U_ZERO_ERROR;
	int32_t len =
		unorm2_getDecomposition(normal_form(unorm2_getNFDInstance), c, parts, 32, &status);
	if (len <= 0 || U_FAILURE(status))
		return u_tolower(c);
	bool pair = len > 1 && U16_IS_LEAD(parts[0]) && U16_IS_TRAIL(parts[1]);
	return u_tolower(pair ? (int32_t)U16_GET_SUPPLEMENTARY(parts[0], parts[1]) : parts[0]);
}

struct slice text_fold(struct arena *a, struct slice nfc)
{
	return map_chars(a, nfc, text_fold_char);
}

double text_diacritic_share(struct slice nfc)
{
	size_t vowels = 0, marked = 0;

	for (size_t at = 0; at < nfc.len;) {
		int32_t c = text_next(nfc, &at), folded = text_fold_char(c);

		if (folded > 0 && folded < 0x80 && strchr("aeiouy", folded) != NULL) {
			vowels++;
			marked += c >= 0x80;
		}
	}
	return vowels == 0 ? 0 : (double)marked / (double)vowels;
}

/* Controls, zero widths and marks of direction: they hide a word from matching and a reader. */
static bool is_unseen(int32_t c)
{
	return c >= 0x80 &&
		(u_iscntrl(c) || u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT));
}

struct slice text_squeeze(struct arena *a, struct slice utf8)
{
	char *out = arena_alloc(a, utf8.len * 3 + 1);
	size_t len = 0;
	bool gap = false;

	for (size_t at = 0; at < utf8.len;) {
		int32_t c = text_next(utf8, &at);

		if (c > 0x20 && c < 0x7F) {
			if (gap)
				out[len++] = ' ';
			gap = false;
			out[len++] = (char)c;
		} else if (u_isUWhiteSpace(c)) {
			gap = len > 0;
		} else if (c >= 0x20 && c != 0x7F && !is_unseen(c)) {
			if (gap)
				out[len++] = ' ';
			gap = false;
			len += text_put(c, out + len);
		}
	}
	return slice_over(out, len);
}

int32_t text_next(struct slice s, size_t *at)
{
	if (*at >= s.len)
		return -1;
	if ((unsigned char)s.at[*at] < 0x80)
		return (unsigned char)s.at[(*at)++];
	int32_t c = decode(s, at);
	return c < 0 ? REPLACEMENT : c;
}

bool text_is_word_char(int32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	return c > 0 && (u_isalnum(c) || (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0);
}

size_t text_put(int32_t c, char ret[4])
{
	must(c >= 0 && c <= 0x10FFFF);
	if (c < 0x80) {
		ret[0] = (char)c;
		return 1;
	}
	size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--) {
		ret[i] = (char)(0x80 | (c & 0x3F));
		c >>= 6;
	}
	ret[0] = (char)((0xF0 << (4 - len)) | c);
	return len;
}

static void idna_close(UIDNA **idna)
{
	uidna_close(*idna);
}

static UIDNA *idna_open(void)
{
	UErrorCode status = U_ZERO_ERROR;
	UIDNA *idna = uidna_openUTS46(UIDNA_NONTRANSITIONAL_TO_ASCII |
			UIDNA_NONTRANSITIONAL_TO_UNICODE | UIDNA_CHECK_BIDI,
		&status);

	must(U_SUCCESS(status));
	return idna;
}

/* Faults that UTS 46 names but the WHATWG URL standard lets pass (VerifyDnsLength and
 * CheckHyphens are false there). */
enum {
	IDNA_UNDECODABLE = UIDNA_ERROR_PUNYCODE | UIDNA_ERROR_INVALID_ACE_LABEL,
	IDNA_TOLERATED = UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG |
		UIDNA_ERROR_DOMAIN_NAME_TOO_LONG | UIDNA_ERROR_LEADING_HYPHEN |
		UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4,
};

/* Small letters, digits, dots and hyphens without "xn--" are what they are. */
static bool is_plain_host(struct slice host)
{
	for (size_t i = 0; i < host.len; i++) {
		char c = host.at[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-')
			return false;
	}
	return slice_find(host, SLICE("xn--")) == host.len;
}

/* A label that begins with "xn--" and cannot be decoded stays as it is (UTS 46,
 * IgnoreInvalidPunycode, as browsers do), as long as all is ASCII. */
static bool lower_ascii(struct slice host, char ret[TEXT_HOST_MAX], size_t *ret_len)
{
	for (size_t i = 0; i < host.len; i++) {
		if ((unsigned char)host.at[i] >= 0x80)
			return false;
		ret[i] = (char)tolower((unsigned char)host.at[i]);
	}
	ret[host.len] = '\0';
	*ret_len = host.len;
	return true;
}

bool text_host_to_ascii(struct slice host, char ret[TEXT_HOST_MAX], size_t *ret_len)
{
	if (host.len > 0 && host.len < TEXT_HOST_MAX && is_plain_host(host)) {
		memcpy(ret, host.at, host.len);
		ret[host.len] = '\0';
		*ret_len = host.len;
		return true;
	}
	CLEANUP(idna_close) UIDNA *idna = idna_open();
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode status = U_ZERO_ERROR;

	if (host.len == 0 || host.len >= TEXT_HOST_MAX)
		return false;
	int32_t len = uidna_nameToASCII_UTF8(
		idna, host.at, (int32_t)host.len, ret, TEXT_HOST_MAX, &info, &status);
	uint32_t errors = info.errors & ~(uint32_t)IDNA_TOLERATED;
	if (U_FAILURE(status) || len <= 0 || len >= TEXT_HOST_MAX)
		return false;
	if (errors != 0 && (errors & ~(uint32_t)IDNA_UNDECODABLE) == 0)
		return lower_ascii(host, ret, ret_len);
	if (errors != 0)
		return false;
	ret[len] = '\0';
	*ret_len = (size_t)len;
	return true;
}

size_t text_host_to_unicode(struct slice host, char ret[TEXT_HOST_MAX])
{
	CLEANUP(idna_close) UIDNA *idna = idna_open();
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode status = U_ZERO_ERROR;

	if (host.len == 0 || host.len >= TEXT_HOST_MAX) {
		ret[0] = '\0';
		return 0;
	}
	int32_t len = uidna_nameToUnicodeUTF8(
		idna, host.at, (int32_t)host.len, ret, TEXT_HOST_MAX, &info, &status);
	if (U_SUCCESS(status) && len > 0 && len < TEXT_HOST_MAX) {
		ret[len] = '\0';
		return (size_t)len;
	}
	memcpy(ret, host.at, host.len);
	ret[host.len] = '\0';
	return host.len;
}

struct slice text_cut(struct slice utf8, size_t len_max)
{
	size_t len = len_max;

	if (utf8.len <= len_max)
		return utf8;
	while (len > 0 && ((uint8_t)utf8.at[len] & 0xc0) == 0x80) /* within a character */
		len--;
	return (struct slice){utf8.at, len};
}
