#include "correlator/regex_text.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH_MAX = 8 };

/* Texts of which one is there; the shorter the shortest, the less they say. */
struct texts {
	struct slice at[REGEX_TEXTS_MAX];
	size_t count, shortest;
};

/* One alternative on its way through. */
struct reader {
	struct arena *arena;
	struct slice rest;
	struct buf run;
	struct texts *best;
	unsigned depth;
};

static bool read_alternatives(
	struct arena *a, struct slice expression, unsigned depth, struct texts *ret);

static void end_run(struct reader *r)
{
	if (r->run.len > r->best->shortest) {
		r->best->at[0] = arena_slice(r->arena, buf_slice(&r->run));
		r->best->shortest = r->run.len;
		r->best->count = 1;
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
	char c = '\0';

	if (r->rest.len > 0)
		c = *r->rest.at;
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

/* The alternatives of a group that must be there once at least. */
static bool take_group(struct reader *r, size_t len)
{
	char after = '\0';
	struct slice inside = slice_over(r->rest.at + 1, len > 2 ? len - 2 : 0);
	struct texts found = {.count = 0};

	if (len < r->rest.len)
		after = r->rest.at[len];
	if (slice_starts(inside, SLICE("?:")))
		inside = slice_from(inside, 2);
	end_run(r);
	if (len > 2 && !(after && strchr("*?{", after)) && r->depth < DEPTH_MAX &&
		read_alternatives(r->arena, inside, r->depth + 1, &found) &&
		found.shortest > r->best->shortest)
		*r->best = found;
	return skip(r, len);
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
			return take_group(r, group_len(r->rest));
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

/* Where the first alternative ends. */
static size_t alternative_len(struct slice s)
{
	size_t i = 0;

	while (i < s.len && s.at[i] != '|') {
		struct slice here = slice_from(s, i);
		size_t len = *here.at == '[' ? class_len(here)
			: *here.at == '('    ? group_len(here)
			: *here.at == '\\'   ? 2
					     : 1;

		if (len == 0)
			return SIZE_MAX;
		i += len;
	}
	return i < s.len ? i : s.len;
}

static bool read_one(struct arena *a, struct slice alternative, unsigned depth, struct texts *ret)
{
	struct reader r = {.arena = a, .rest = alternative, .best = ret, .depth = depth};
	bool ok = true;

	while (ok && r.rest.len > 0)
		ok = take(&r);
	end_run(&r);
	buf_release(&r.run);
	return ok && ret->count > 0;
}

/* False when one of them holds no text. */
static bool read_alternatives(
	struct arena *a, struct slice expression, unsigned depth, struct texts *ret)
{
	struct slice rest = expression;

	*ret = (struct texts){.shortest = SIZE_MAX};
	for (;;) {
		size_t len = alternative_len(rest);
		struct texts one = {.count = 0};

		if (len == SIZE_MAX || !read_one(a, slice_over(rest.at, len), depth, &one) ||
			ret->count + one.count > REGEX_TEXTS_MAX)
			return false;
		memcpy(ret->at + ret->count, one.at, one.count * sizeof *one.at);
		ret->count += one.count;
		ret->shortest = one.shortest < ret->shortest ? one.shortest : ret->shortest;
		if (len == rest.len)
			return true;
		rest = slice_from(rest, len + 1);
	}
}

static bool holds(struct slice s, const char *text)
{
	return slice_find(s, slice_of(text)) < s.len;
}

size_t regex_texts(struct arena *a, struct slice expression, struct slice ret[REGEX_TEXTS_MAX])
{
	struct texts found;

	/* Quoted runs, comments and verbs: not for a quick look. */
	if (holds(expression, "\\Q") || holds(expression, "(?#") || holds(expression, "(*") ||
		!read_alternatives(a, expression, 0, &found))
		return 0;
	memcpy(ret, found.at, found.count * sizeof *ret);
	return found.count;
}
