#include "lib/slice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The longest text that is tried as a real number. */
enum { REAL_LEN_MAX = 63 };

struct slice slice_of(const char *text)
{
	return (struct slice){text ? text : "", text ? strlen(text) : 0};
}

struct slice slice_over(const void *bytes, size_t len)
{
	return (struct slice){bytes, len};
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (!a.len || memcmp(a.at, b.at, a.len) == 0);
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	}
	return true;
}

bool slice_contains_nocase(struct slice s, struct slice word)
{
	for (; s.len >= word.len; s = slice_from(s, 1))
		if (slice_equal_nocase((struct slice){s.at, word.len}, word))
			return true;
	return false;
}

bool slice_is(struct slice s, const char *text)
{
	return slice_equal(s, slice_of(text));
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && (!prefix.len || memcmp(s.at, prefix.at, prefix.len) == 0);
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len && slice_equal(slice_from(s, s.len - suffix.len), suffix);
}

int slice_compare(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.at, b.at, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

size_t slice_find(struct slice s, struct slice needle)
{
	if (!needle.len)
		return 0;
	const char *found = s.len ? memmem(s.at, s.len, needle.at, needle.len) : NULL;

	return found ? (size_t)(found - s.at) : s.len;
}

size_t slice_find_byte(struct slice s, char byte)
{
	const char *found = s.len ? memchr(s.at, byte, s.len) : NULL;

	return found ? (size_t)(found - s.at) : s.len;
}

struct slice slice_from(struct slice s, size_t offset)
{
	if (offset >= s.len)
		return (struct slice){s.at ? s.at + s.len : "", 0};
	return (struct slice){s.at + offset, s.len - offset};
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct slice slice_trim(struct slice s)
{
	while (s.len && is_space(s.at[s.len - 1]))
		s.len--;
	while (s.len && is_space(*s.at)) {
		s.at++;
		s.len--;
	}
	return s;
}

bool slice_cut(struct slice *rest, char separator, struct slice *ret_part)
{
	if (!rest->len)
		return false;
	size_t end = slice_find_byte(*rest, separator);

	*ret_part = (struct slice){rest->at, end};
	*rest = slice_from(*rest, end + 1);
	return true;
}

bool slice_to_u64(struct slice s, uint64_t *ret)
{
	uint64_t value = 0;

	if (!s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.at[i] - (unsigned)'0';

		if (digit > 9 || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
			__builtin_add_overflow(value, (uint64_t)digit, &value))
			return false;
	}
	*ret = value;
	return true;
}

bool slice_to_i64(struct slice s, int64_t *ret)
{
	bool negative = s.len && *s.at == '-';
	uint64_t value;

	if (!slice_to_u64(negative ? slice_from(s, 1) : s, &value))
		return false;
	if (value > (uint64_t)INT64_MAX + negative)
		return false;
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

bool slice_to_real(struct slice s, double *ret)
{
	char text[REAL_LEN_MAX + 1] = {0};
	char *end;

	/* Only what decimal numbers are made of: strtod() also takes "inf", "nan", hex and spaces. */
	if (!s.len || s.len > REAL_LEN_MAX)
		return false;
	memcpy(text, s.at, s.len);
	if (strspn(text, "0123456789+-.eE") != s.len)
		return false;
	double value = strtod(text, &end);

	if (end != text + s.len || !isfinite(value))
		return false;
	*ret = value;
	return true;
}
