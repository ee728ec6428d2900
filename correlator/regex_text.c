#include "correlator/regex_text.h"

#include "lib/mem.h"

#include <ctype.h>
#include <string.h>

struct reader {
	struct slice rest;
	struct buf run;
	struct buf *best;
};

static void end_run(struct reader *r)
{
	if (r->run.len > r->best->len) {
		buf_clear(r->best);
		buf_add_slice(r->best, buf_slice(&r->run));
	}
	buf_clear(&r->run);
}

/* Length of a class from its '[' on, or 0 when it does not end. */
static size_t class_len(struct slice s)
{
	size_t i = 1;

	if (i < s.len && s.at[i] == '^')
		i++;
	if (i < s.len && s.at[i] == ']') /* first, it is one of its characters */
		i++;
	while (i < s.len && s.at[i] != ']') {
		bool named = s.at[i] == '[' && i + 1 < s.len && strchr(":.=", s.at[i + 1]);
		size_t end = named ? slice_find(slice_from(s, i), SLICE(":]")) : 0;

		if (named && i + end < s.len)
			i += end + 2;
		else
			i += s.at[i] == '\\' ? 2 : 1;
	}
	return i < s.len ? i + 1 : 0;
}

/* Length of a group from its '(' on, or 0. */
static size_t group_len(struct slice s)
{
	size_t depth = 0, i = 0;

	while (i < s.len) {
		char c = s.at[i];
		size_t len = c == '[' ? class_len(slice_from(s, i)) : c == '\\' ? 2 : 1;

		if (len == 0)
			return 0;
		depth += c == '(';
		depth -= c == ')';
		i += len;
		if (depth == 0)
			return i;
	}
	return 0;
}

/* A quantifier that allows none, or that repeats, ends the run; that of none takes its last
 * character back. */
static bool take_quantifier(struct reader *r, bool of_character)
{
	char c = r->rest.len > 0 ? *r->rest.at : '\0';

	if (!strchr("*+?{", c) || c == '\0')
		return true;
	size_t len = 1;
	if (c == '{') {
		len = slice_find_byte(r->rest, '}') + 1;
		if (len > r->rest.len)
			return false;
	}
	if (of_character && c != '+' && r->run.len > 0)
		r->run.len--;
	r->rest = slice_from(r->rest, len);
	if (r->rest.len > 0 && (*r->rest.at == '?' || *r->rest.at == '+'))
		r->rest = slice_from(r->rest, 1);
	end_run(r);
	return true;
}

/* A backslash: a punctuation character, or anything else that ends the run. */
static bool take_escape(struct reader *r)
{
	if (r->rest.len < 2)
		return false;
	char c = r->rest.at[1];
	if (!isalnum((unsigned char)c) && (uint8_t)c < 0x80) {
		buf_add_byte(&r->run, c);
		r->rest = slice_from(r->rest, 2);
		return take_quantifier(r, true);
	}
	if (!strchr("dDwWsSbBAzZ", c))
		return false; /* \x, \Q, \1 …: not for a quick look */
	end_run(r);
	r->rest = slice_from(r->rest, 2);
	return take_quantifier(r, false);
}

static bool skip(struct reader *r, size_t len)
{
	end_run(r);
	r->rest = slice_from(r->rest, len);
	return len > 0 && take_quantifier(r, false);
}

/* "(?i)" and the like, which do not change what is plain. */
static size_t option_len(struct slice s)
{
	size_t i = 2;

	while (i < s.len && strchr("ims", s.at[i]) && s.at[i])
		i++;
	return i > 2 && i < s.len && s.at[i] == ')' ? i + 1 : 0;
}

/* False when the expression is one to give up on. */
static bool take(struct reader *r)
{
	char c = *r->rest.at;

	switch (c) {
	case '|': return false;
	case '\\': return take_escape(r);
	case '[': return skip(r, class_len(r->rest));
	case '(':
		if (!slice_starts(r->rest, SLICE("(?")) || slice_starts(r->rest, SLICE("(?:")))
			return skip(r, group_len(r->rest));
		return skip(
			r, option_len(r->rest)); /* (?x), looking around: not for a quick look */
	case '^':
	case '$':
	case '.': return skip(r, 1);
	case ')':
	case '*':
	case '+':
	case '?':
	case '{': return false;
	default: break;
	}
	if ((uint8_t)c >= 0x80)
		return skip(r, 1);
	buf_add_byte(&r->run, c);
	r->rest = slice_from(r->rest, 1);
	return take_quantifier(r, true);
}

static bool holds(struct slice s, const char *text)
{
	return slice_find(s, slice_of(text)) < s.len;
}

void regex_text(struct slice expression, struct buf *out)
{
	struct reader r = {.rest = expression, .best = out};
	bool ok =
		!holds(expression, "\\Q") && !holds(expression, "(?#") && !holds(expression, "(*");

	buf_clear(out);
	while (ok && r.rest.len > 0)
		ok = take(&r);
	end_run(&r);
	if (!ok)
		buf_clear(out);
	buf_release(&r.run);
}
