#include "correlator/condition.h"

#include "correlator/limits.h"

#include <ctype.h>

struct parser {
	const struct condition_source *source;
	struct slice rest;
	struct slice token; /* empty at the end */
	struct err *err;
	unsigned depth;
};

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*' || c == '?' ||
		c == '.';
}

static void advance(struct parser *p)
{
	size_t len = 0;

	p->rest = slice_trim(p->rest);
	while (len < p->rest.len && is_name_char(p->rest.at[len]))
		len++;
	if (len == 0 && p->rest.len > 0)
		len = 1;
	p->token = slice_over(p->rest.at, len);
	p->rest = slice_from(p->rest, len);
}

static bool at_word(const struct parser *p, const char *word)
{
	return slice_equal_nocase(p->token, slice_of(word));
}

static struct expr *fail(struct parser *p, const char *what)
{
	const struct condition_source *s = p->source;

	if (p->token.len == 0)
		(void)err_set(p->err, s->file, s->line, "condition: %s, but it ends", what);
	else if (slice_is(p->token, "|"))
		(void)err_set(p->err, s->file, s->line,
			"condition: aggregation after '|' is no longer part of Sigma; write a "
			"correlation rule (event_count, value_count, temporal)");
	else
		(void)err_set(p->err, s->file, s->line, "condition: %s, found '%.*s'", what,
			SLICE_ARG(p->token));
	return NULL;
}

static struct expr *by_name(struct parser *p)
{
	const struct condition_source *s = p->source;

	for (size_t i = 0; i < s->name_count; i++) {
		if (!slice_equal(s->names[i].name, p->token))
			continue;
		advance(p);
		return s->names[i].expr;
	}
	return fail(p, "expected the name of a search");
}

/* `x*`: the pattern language of names is that of values. Names that start with an underscore are left
 * out unless the pattern starts with one. */
static struct expr *of_names(struct parser *p, enum expr_kind kind)
{
	const struct condition_source *s = p->source;
	bool them = at_word(p, "them");
	struct pattern pattern = pattern_read(s->arena, p->token);
	struct expr **parts = arena_array(s->arena, s->name_count + 1, sizeof(struct expr *));
	size_t count = 0;

	pattern_classify(&pattern);
	for (size_t i = 0; i < s->name_count; i++) {
		struct slice name = s->names[i].name;
		bool hidden = slice_starts(name, SLICE("_")) && !slice_starts(p->token, SLICE("_"));

		if (!hidden && (them || pattern_matches(&pattern, name)))
			parts[count++] = s->names[i].expr;
	}
	if (count == 0)
		return fail(p, "expected a pattern that a search's name matches");
	advance(p);
	return expr_group(s->arena, kind, parts, count);
}

static struct expr *read_or(struct parser *p);

static struct expr *read_operand(struct parser *p)
{
	bool one = at_word(p, "1") || at_word(p, "any");
	struct expr *e;

	if (slice_is(p->token, "(")) {
		advance(p);
		e = read_or(p);
		if (e && !slice_is(p->token, ")"))
			return fail(p, "expected ')'");
		advance(p);
		return e;
	}
	struct slice after = slice_trim(p->rest);
	bool of = after.len > 2 && slice_equal_nocase(slice_over(after.at, 2), SLICE("of")) &&
		!is_name_char(after.at[2]);
	if (of && (one || at_word(p, "all"))) {
		advance(p);
		advance(p);
		return of_names(p, one ? EXPR_OR : EXPR_AND);
	}
	if (of)
		return fail(p, "expected '1 of' or 'all of'");
	return by_name(p);
}

static struct expr *read_not(struct parser *p)
{
	if (++p->depth > CONDITION_DEPTH_MAX)
		return fail(p, "nested too deeply");

	struct expr *e;
	if (at_word(p, "not")) {
		advance(p);
		e = read_not(p);
		e = e ? expr_not(p->source->arena, e) : NULL;
	} else {
		e = read_operand(p);
	}
	p->depth--;
	return e;
}

static struct expr *read_and(struct parser *p)
{
	struct expr *left = read_not(p);

	while (left && at_word(p, "and")) {
		advance(p);
		struct expr *pair[2] = {left, read_not(p)};
		left = pair[1] ? expr_group(p->source->arena, EXPR_AND, pair, 2) : NULL;
	}
	return left;
}

static struct expr *read_or(struct parser *p)
{
	struct expr *left = read_and(p);

	while (left && at_word(p, "or")) {
		advance(p);
		struct expr *pair[2] = {left, read_and(p)};
		left = pair[1] ? expr_group(p->source->arena, EXPR_OR, pair, 2) : NULL;
	}
	return left;
}

struct expr *condition_read(
	const struct condition_source *source, struct slice text, struct err *err)
{
	struct parser p = {.source = source, .rest = text, .err = err};

	if (text.len > CONDITION_LEN_MAX) {
		(void)err_set(err, source->file, source->line, "condition: longer than %d bytes",
			CONDITION_LEN_MAX);
		return NULL;
	}
	advance(&p);
	struct expr *e = read_or(&p);
	if (e && p.token.len > 0)
		return fail(&p, "expected 'and', 'or' or its end");
	return e;
}
