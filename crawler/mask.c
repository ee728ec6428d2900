#include "crawler/mask.h"

#include "lib/buf.h"
#include "lib/text.h"

#include <ctype.h>
#include <string.h>

enum { DIGITS_MAX = 32 };

/* Digits with single spaces, dots or hyphens between them. */
struct number {
	char digits[DIGITS_MAX];
	size_t count;
	size_t len; /* bytes in the text */
	bool plus;
	bool grouped; /* like a price or a date: "1.500.000", "05.10.2025" */
};

static struct number number_at(struct slice s)
{
	struct number n = {0};
	size_t at = 0, group = 0;

	if (s.len > 0 && s.at[0] == '+') {
		n.plus = true;
		at = 1;
	}
	while (at < s.len && n.count < DIGITS_MAX) {
		bool separates = strchr(" .-", s.at[at]) != NULL && s.at[at] != '\0' &&
			n.count > 0 && at + 1 < s.len && isdigit((unsigned char)s.at[at + 1]) &&
			isdigit((unsigned char)s.at[at - 1]);

		if (isdigit((unsigned char)s.at[at])) {
			n.digits[n.count++] = s.at[at++];
			group++;
			n.len = at;
		} else if (separates) {
			n.grouped = n.grouped || group < 3;
			group = 0;
			at++;
		} else {
			break;
		}
	}
	return n;
}

static size_t plain_digits(struct slice s)
{
	size_t count = 0;

	while (count < s.len && isdigit((unsigned char)s.at[count]))
		count++;
	return count;
}

/* 0905 123 456, +84 905 123 456, 02353 123 456. Landlines and mobiles have 10 or 11 digits. */
static bool is_phone(const struct number *n)
{
	if (n->plus || (n->count >= 11 && strncmp(n->digits, "84", 2) == 0))
		return n->count >= 10 && n->count <= 13 && strncmp(n->digits, "84", 2) == 0;
	return (n->count == 10 || n->count == 11) && n->digits[0] == '0' && n->digits[1] != '0';
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
	size_t len = 0;

	while (len < s.len &&
		(isalnum((unsigned char)s.at[len]) || strchr("._-", s.at[len]) != NULL) &&
		s.at[len] != '\0')
		len++;
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
		buf_add_text(out, "[thư điện tử]");
		return name + 1;
	}
	if (before == 0) {
		buf_add_text(out, "[tài khoản]");
		return name + 1;
	}
	return 0;
}

static size_t mask_number(struct slice text, size_t at, struct buf *out)
{
	struct slice rest = slice_from(text, at);
	struct number n = number_at(rest);
	size_t plain = plain_digits(rest);

	if (word_before(text, at) || (at > 0 && strchr(",/=", text.at[at - 1]) != NULL))
		return 0;
	if (is_phone(&n) && !(n.grouped && !n.plus && n.count > 11)) {
		buf_add_text(out, "[số điện thoại]");
		return n.len;
	}
	if (plain == 12 || (n.count == 12 && !n.grouped)) {
		buf_add_text(out, "[số định danh]");
		return plain == 12 ? plain : n.len;
	}
	if (plain == 9 || (plain >= 10 && plain <= 19)) {
		buf_add_text(out, "[số]");
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
