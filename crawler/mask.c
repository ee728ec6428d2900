#include "crawler/mask.h"

#include "lib/buf.h"
#include "lib/text.h"

#include <ctype.h>
#include <string.h>

enum { DIGITS_MAX = 32, GAP_MARKS_MAX = 3, PERSONAL_DIGITS_MAX = 13 };

static const char PHONE[] = "[số điện thoại]", IDENTITY[] = "[số định danh]", NUMBER[] = "[số]",
		  MAIL[] = "[thư điện tử]", ACCOUNT[] = "[tài khoản]";

size_t mask_len(struct slice utf8)
{
	static const char *const masks[] = {PHONE, IDENTITY, NUMBER, MAIL, ACCOUNT};

	for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++)
		if (slice_starts(utf8, slice_of(masks[i])))
			return strlen(masks[i]);
	return 0;
}

/* Digits in groups: "0905 123 456", "(0235) 3.812.345", "1.500.000", "05.10.2025". */
struct number {
	char digits[DIGITS_MAX];
	size_t count;
	size_t len; /* bytes in the text */
	bool plus;
	bool grouped;   /* some group before the last is short, like in a price */
	unsigned shape; /* lengths of the first three groups: 224 is a date */
};

/* One of the marks that stand between groups: space, dot, brackets, hyphen, U+2010, U+2011, U+2013;
 * its length, or 0. */
static size_t mark_len(struct slice s)
{
	if (s.len > 0 && s.at[0] != '\0' && strchr(" .-()", s.at[0]) != NULL)
		return 1;
	bool dash = slice_starts(s, SLICE("\u2010")) || slice_starts(s, SLICE("\u2011")) ||
		slice_starts(s, SLICE("\u2013"));
	return dash ? 3 : 0;
}

/* The bytes between two groups of one number; 0 when there is no second group. */
static size_t gap_len(struct slice s)
{
	size_t len = 0;

	for (int mark = 0; mark < GAP_MARKS_MAX; mark++)
		len += mark_len(slice_from(s, len));
	return len < s.len && isdigit((unsigned char)s.at[len]) ? len : 0;
}

/* 0905 123 456, +84 905 123 456, 02353 123 456. Landlines and mobiles have 10 or 11 digits. */
static bool is_phone(const struct number *n)
{
	if (n->plus || (n->count >= 11 && strncmp(n->digits, "84", 2) == 0))
		return n->count >= 10 && n->count <= 13 && strncmp(n->digits, "84", 2) == 0 &&
			(n->plus || !n->grouped || n->count == 11);
	bool date = n->shape == 224 || n->shape == 214 || n->shape == 124;
	return !date && (n->count == 10 || n->count == 11) && n->digits[0] == '0' &&
		n->digits[1] != '0';
}

/* A citizen's number starts with the code of a province, 001 to 096. */
static bool is_identity(const struct number *n)
{
	return n->count == 12 && n->digits[0] == '0' && !n->grouped;
}

/* The longest run of groups that points at a person, else all of them: two telephone numbers in a
 * row are two numbers. */
static struct number number_at(struct slice s)
{
	struct number n = {.plus = s.len > 0 && s.at[0] == '+'}, best = {0};
	size_t at = n.plus, gap = 0;

	do {
		size_t group = 0;

		for (at += gap; at < s.len && isdigit((unsigned char)s.at[at]); at++, group++)
			if (n.count < DIGITS_MAX)
				n.digits[n.count++] = s.at[at];
		n.len = at;
		if (n.shape < 100)
			n.shape = n.shape * 10 + (unsigned)(group < 9 ? group : 9);
		gap = group == 0 ? 0 : gap_len(slice_from(s, at));
		if (is_phone(&n) || is_identity(&n))
			best = n;
		n.grouped = n.grouped || group < 3;
	} while (gap > 0 && n.count < PERSONAL_DIGITS_MAX);
	return best.count > 0 ? best : n;
}

static size_t plain_digits(struct slice s)
{
	size_t count = 0;

	while (count < s.len && isdigit((unsigned char)s.at[count]))
		count++;
	return count;
}

/* The length of an e-mail address or @handle around the '@' at `at`; 0 when it is none. */
static size_t local_part(const struct buf *out)
{
	size_t len = 0;

	while (len < out->len && len < 64) {
		char c = out->at[out->len - 1 - len];

		if (!isalnum((unsigned char)c) && strchr("._%+-", c) == NULL)
			break;
		len++;
	}
	return len;
}

static size_t name_after(struct slice s)
{
	size_t len = 0, at = 0;

	while (len < s.len && s.at[len] != '\0' &&
		(text_is_word_char(text_next(s, &at)) || strchr("._-", s.at[len]) != NULL))
		len = at;
	while (len > 0 && strchr(".-", s.at[len - 1]) != NULL)
		len--;
	return len;
}

static bool word_before(struct slice text, size_t at)
{
	size_t start = at;

	if (at == 0)
		return false;
	do
		start--;
	while (start > 0 && ((unsigned char)text.at[start] & 0xC0) == 0x80);
	return text_is_word_char(text_next(text, &start));
}

static size_t mask_at_sign(struct slice text, size_t at, struct buf *out)
{
	size_t name = name_after(slice_from(text, at + 1)), before = local_part(out);

	if (name < 2)
		return 0;
	if (before > 0 && slice_find_byte(slice_over(text.at + at + 1, name), '.') < name) {
		out->len -= before;
		buf_add_text(out, MAIL);
		return name + 1;
	}
	if (before == 0) {
		buf_add_text(out, ACCOUNT);
		return name + 1;
	}
	return 0;
}

static size_t mask_number(struct slice text, size_t at, struct buf *out)
{
	struct slice rest = slice_from(text, at);
	struct number n = number_at(rest);
	size_t plain = plain_digits(rest);

	/* Telephone numbers are masked wherever they stand: "SĐT0905…", "0905…/0912…". */
	if (is_phone(&n)) {
		buf_add_text(out, PHONE);
		return n.len;
	}
	if (word_before(text, at) || (at > 0 && strchr(",/=", text.at[at - 1]) != NULL))
		return 0;
	if (plain == 12 || is_identity(&n)) {
		buf_add_text(out, IDENTITY);
		return plain == 12 ? plain : n.len;
	}
	if (plain == 9 || (plain >= 10 && plain <= 19)) {
		buf_add_text(out, NUMBER);
		return plain;
	}
	return 0;
}

struct slice mask_personal(struct arena *a, struct slice utf8)
{
	struct buf out = {0};

	for (size_t at = 0; at < utf8.len;) {
		char c = utf8.at[at];
		size_t skip = 0;

		if (c == '@')
			skip = mask_at_sign(utf8, at, &out);
		else if (isdigit((unsigned char)c) || c == '+')
			skip = mask_number(utf8, at, &out);
		if (skip > 0) {
			at += skip;
			continue;
		}
		/* The rest of a number that stays is copied whole, or its tail would be looked at. */
		size_t run = isdigit((unsigned char)c) ? plain_digits(slice_from(utf8, at)) : 1;
		buf_add(&out, utf8.at + at, run);
		at += run;
	}
	struct slice masked = arena_slice(a, buf_slice(&out));
	buf_release(&out);
	return masked;
}

static bool is_plain_phone(struct slice digits)
{
	return (digits.len == 10 && digits.at[0] == '0' && digits.at[1] != '0') ||
		(digits.len == 11 && slice_starts(digits, SLICE("84")));
}

/* How much of an address at `at` points at a person: "@name", "name@host" or a telephone number;
 * what stands before an '@' is taken back from `out`. */
static size_t personal_len(struct slice href, size_t at, struct buf *out)
{
	struct slice rest = slice_from(href, at);
	size_t sign = rest.at[0] == '@' ? 1 : slice_starts(rest, SLICE("%40")) ? 3 : 0;
	size_t digits = plain_digits(rest);

	if (sign > 0) {
		size_t name = name_after(slice_from(rest, sign));

		if (name < 2)
			return 0;
		out->len -= local_part(out);
		return sign + name;
	}
	bool apart = at == 0 || !isalnum((unsigned char)href.at[at - 1]);
	return apart && is_plain_phone(slice_over(rest.at, digits)) ? digits : 0;
}

struct slice mask_address(struct arena *a, struct slice href)
{
	struct buf out = {0};
	size_t at = slice_find(href, SLICE("://")) + 3;

	if (at > href.len)
		return href;
	at += slice_find_byte(slice_from(href, at), '/');
	buf_add(&out, href.at, at);
	while (at < href.len) {
		size_t personal = personal_len(href, at, &out);
		size_t run = plain_digits(slice_from(href, at));

		if (personal > 0)
			buf_add_byte(&out, '-');
		else
			buf_add(&out, href.at + at, run > 0 ? run : 1);
		at += personal > 0 ? personal : run > 0 ? run : 1;
	}
	struct slice masked = arena_slice(a, buf_slice(&out));
	buf_release(&out);
	return masked;
}
