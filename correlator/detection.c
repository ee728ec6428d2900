#include "correlator/detection.h"

#include "correlator/condition.h"
#include "correlator/fieldmap.h"
#include "correlator/limits.h"
#include "correlator/modifier.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <string.h>

enum { ENCODED_VALUES_MAX = 256 };

/* A value whose placeholders are replaced one after the other. */
struct expansion {
	struct slice done, rest;
};

size_t detection_slot(const struct detection_source *s, struct slice name)
{
	struct view_target target;

	if (s->maps_names && fieldmap_find(s->event_type, name, &target))
		return view_fields_map(s->fields, name, target);
	return view_fields_add(s->fields, name);
}

/* Expressions on their way into a group. */
struct parts {
	struct expr **at;
	size_t count;
};

static void parts_release(struct parts *p)
{
	mem_free(p->at);
}

static void parts_add(struct parts *p, struct expr *e)
{
	p->at = mem_resize(p->at, p->count + 1, sizeof(struct expr *));
	p->at[p->count++] = e;
}

static struct expr *fail(
	struct detection_source *s, unsigned line, const char *said, struct slice what)
{
	(void)err_set(s->err, s->file, line, "%.*s: %s", SLICE_ARG(what), said);
	return NULL;
}

static bool add_test(struct detection_source *s, const struct yaml_node *node,
	const struct matcher *m, struct parts *out)
{
	if (++s->values > RULE_VALUES_MAX)
		return err_set(s->err, s->file, node->line, "more than %d values in one rule",
			RULE_VALUES_MAX);
	parts_add(out, expr_test(s->arena, m));
	return true;
}

static bool is_number(const struct yaml_node *node, double *ret)
{
	return !node->quoted && slice_to_real(node->text, ret);
}

/* Opens, folds and classifies a pattern, and makes the test. */
static bool add_pattern(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct pattern p, struct parts *out)
{
	bool keyword = t->field.len == 0;
	struct matcher m = {.op = MATCH_PATTERN, .cased = t->cased};

	if (t->open_start || keyword)
		p = pattern_open_start(s->arena, p);
	if (t->open_end || keyword)
		p = pattern_open_end(s->arena, p);
	m.pattern = t->cased ? p : pattern_lower(s->arena, p);
	pattern_classify(&m.pattern);
	m.slot = detection_slot(s, t->field);
	m.has_number = m.pattern.kind == PATTERN_EQUAL && is_number(node, &m.number);
	return add_test(s, node, &m, out);
}

/* The values that a value turns into under the encodings so far. */
struct encoded {
	struct slice at[ENCODED_VALUES_MAX];
	size_t count;
};

static bool encode(struct arena *a, enum transform t, struct encoded *e)
{
	struct encoded next = {.count = 0};

	for (size_t i = 0; i < e->count; i++) {
		struct slice made[TRANSFORM_VALUES_MAX];
		size_t n = transform_apply(t, a, e->at[i], made);

		if (next.count + n > ENCODED_VALUES_MAX)
			return false;
		memcpy(next.at + next.count, made, n * sizeof *made);
		next.count += n;
	}
	*e = next;
	return true;
}

/* An encoding needs each of the five dashes written out. */
static bool spell_dashes(struct arena *a, struct encoded *e)
{
	static const char *const dashes[] = {"-", "/", "–", "—", "―"};

	for (size_t i = 0; i < e->count;) {
		struct slice v = e->at[i];
		size_t mark = slice_find_byte(v, (char)PATTERN_DASH);

		if (mark == v.len) {
			i++;
			continue;
		}
		if (e->count + 4 > ENCODED_VALUES_MAX)
			return false;
		struct slice tail = slice_from(v, mark + 1);
		for (size_t k = 0; k < 5; k++)
			e->at[k == 0 ? i : e->count++] = slice_of(arena_printf(
				a, "%.*s%s%.*s", (int)mark, v.at, dashes[k], SLICE_ARG(tail)));
	}
	return true;
}

static bool refuse_value(struct detection_source *s, const struct yaml_node *node, const char *said)
{
	return err_set(s->err, s->file, node->line, "%.*s: %s", SLICE_ARG(node->text), said);
}

/* A byte order mark in front of text that is not encoded further is the character U+FEFF; bytes that
 * are no UTF-8 can never stand in an event. */
static bool as_text(struct arena *a, struct slice *value)
{
	CLEANUP(buf_release) struct buf marked = {0};

	if (slice_starts(*value, SLICE("\xff\xfe"))) {
		buf_add_text(&marked, "\xef\xbb\xbf");
		buf_add_slice(&marked, slice_from(*value, 2));
		*value = arena_slice(a, buf_slice(&marked));
	}
	return text_is_utf8(*value);
}

static bool add_encoded(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct pattern p, struct parts *out)
{
	struct encoded e = {.at = {p.text}, .count = 1};

	for (size_t i = 0; i < t->transform_count; i++) {
		if (t->transforms[i] == TRANSFORM_WINDASH)
			continue;
		if (!spell_dashes(s->arena, &e) || !encode(s->arena, t->transforms[i], &e))
			return refuse_value(s, node, "has too many dashes to encode");
	}
	for (size_t k = 0; k < e.count; k++) {
		if (!as_text(s->arena, &e.at[k]))
			return refuse_value(s, node,
				"in UTF-16 is no text that an event could hold; encode it with base64");
		if (!add_pattern(s, t, node, pattern_literal(e.at[k]), out))
			return false;
	}
	return true;
}

static bool add_text(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct slice text, struct parts *out)
{
	struct pattern p = pattern_read(s->arena, text);
	size_t encodings = 0;

	for (size_t i = 0; i < t->transform_count; i++) {
		if (t->transforms[i] != TRANSFORM_WINDASH)
			encodings++;
		else if (encodings > 0)
			return refuse_value(s, node, "windash goes before an encoding");
	}
	if (encodings > 0 && pattern_has_wildcards(&p))
		return refuse_value(s, node, "a value to encode cannot hold wildcards");
	if (encodings < t->transform_count)
		p = pattern_windash(s->arena, p);
	return encodings > 0 ? add_encoded(s, t, node, p, out) : add_pattern(s, t, node, p, out);
}

static bool add_number(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct slice text, struct parts *out)
{
	struct matcher m = {.op = t->op, .part = t->part};

	if (!slice_to_real(text, &m.number))
		return err_set(s->err, s->file, node->line, "%.*s: expected a number, found '%.*s'",
			SLICE_ARG(t->field), SLICE_ARG(text));
	m.slot = detection_slot(s, t->field);
	return add_test(s, node, &m, out);
}

/* startswith and endswith bind an expression to the ends of the text; it is found anywhere as it is. */
static struct slice anchored(struct arena *a, const struct field_test *t, struct slice text)
{
	if (t->open_start == t->open_end)
		return text;
	return slice_of(t->open_end ? arena_printf(a, "\\A(?:%.*s)", SLICE_ARG(text))
				    : arena_printf(a, "(?:%.*s)\\z", SLICE_ARG(text)));
}

static bool add_regex(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct slice text, struct parts *out)
{
	struct matcher m = {.op = MATCH_REGEX};

	m.regex = regex_add(s->regexes, anchored(s->arena, t, text), t->regex_flags);
	if (!m.regex)
		return err_set(s->err, s->file, node->line, "%.*s: regular expression: %s",
			SLICE_ARG(t->field), regex_said(s->regexes));
	m.slot = detection_slot(s, t->field);
	return add_test(s, node, &m, out);
}

static bool add_reference(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct slice text, struct parts *out)
{
	struct matcher m = {.op = MATCH_FIELD, .cased = t->cased};

	if (text.len == 0)
		return refuse_value(s, node, "fieldref needs the name of a field");
	m.pattern.kind = t->open_start && t->open_end ? PATTERN_CONTAINS
		: t->open_start                       ? PATTERN_ENDS
		: t->open_end                         ? PATTERN_STARTS
						      : PATTERN_EQUAL;
	m.slot = detection_slot(s, t->field);
	m.other_slot = detection_slot(s, text);
	return add_test(s, node, &m, out);
}

static bool add_cidr(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct slice text, struct parts *out)
{
	struct matcher m = {.op = MATCH_CIDR};

	if (!cidr_read(text, &m.cidr))
		return err_set(s->err, s->file, node->line, "%.*s: '%.*s' is no block of addresses",
			SLICE_ARG(t->field), SLICE_ARG(text));
	m.slot = detection_slot(s, t->field);
	return add_test(s, node, &m, out);
}

static bool add_exists(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct parts *out)
{
	struct matcher m = {.op = MATCH_EXISTS};
	bool wanted = true;

	if (!yaml_to_bool(node, &wanted))
		return err_set(s->err, s->file, node->line, "%.*s: expected true or false",
			SLICE_ARG(t->field));
	m.slot = detection_slot(s, t->field);
	if (!add_test(s, node, &m, out))
		return false;
	if (!wanted)
		out->at[out->count - 1] = expr_not(s->arena, out->at[out->count - 1]);
	return true;
}

static bool add_null(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct parts *out)
{
	struct matcher m = {.op = MATCH_NULL};

	if (t->op != MATCH_PATTERN || t->field.len == 0 || t->open_start || t->open_end ||
		t->cased || t->field_reference || t->expand || t->transform_count > 0)
		return err_set(s->err, s->file, node->line, "%.*s: null does not fit here",
			SLICE_ARG(t->field));
	m.slot = detection_slot(s, t->field);
	return add_test(s, node, &m, out);
}

static bool add_one(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct slice text, struct parts *out)
{
	if (t->field_reference)
		return add_reference(s, t, node, text, out);
	switch (t->op) {
	case MATCH_PATTERN: return add_text(s, t, node, text, out);
	case MATCH_REGEX: return add_regex(s, t, node, text, out);
	case MATCH_CIDR: return add_cidr(s, t, node, text, out);
	case MATCH_EXISTS: return add_exists(s, t, node, out);
	case MATCH_EQUAL:
	case MATCH_LT:
	case MATCH_LTE:
	case MATCH_GT:
	case MATCH_GTE: return add_number(s, t, node, text, out);
	case MATCH_NULL:
	case MATCH_FIELD: break;
	}
	return false;
}

/* What comes of a value of the placeholder: text as it is written in a rule, or, in a regular
 * expression, its characters. */
static void put_replacement(const struct field_test *t, struct slice value, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		if (t->op == MATCH_REGEX && strchr("\\^$.[]|()?*+{}-/#", value.at[i]))
			buf_add_byte(out, '\\');
		buf_add_byte(out, value.at[i]);
	}
}

/* The name of the placeholder that starts at `at`; its length is 0 when there is none. */
static struct slice placeholder_at(struct slice text, size_t at)
{
	size_t end = at + 1;

	while (end < text.len && text.at[end] != '%') {
		size_t next = end;
		int32_t c = text_next(text, &next);

		if (c != '_' && !text_is_word_char(c))
			return (struct slice){0};
		end = next;
	}
	return end < text.len ? slice_over(text.at + at + 1, end - at - 1) : (struct slice){0};
}

/* Finds the first placeholder from `rest` on; what stands before it goes to `out`, with \% as %. */
static struct slice copy_to_placeholder(struct slice *rest, struct buf *out)
{
	for (size_t i = 0; i < rest->len; i++) {
		struct slice name = {0};

		if (rest->at[i] == '\\' && i + 1 < rest->len) {
			if (rest->at[i + 1] != '%')
				buf_add_byte(out, '\\');
			buf_add_byte(out, rest->at[++i]);
			continue;
		}
		if (rest->at[i] == '%')
			name = placeholder_at(*rest, i);
		if (name.len > 0) {
			*rest = slice_from(*rest, i + name.len + 2);
			return name;
		}
		buf_add_byte(out, rest->at[i]);
	}
	*rest = (struct slice){0};
	return (struct slice){0};
}

/* `done` is what stands before `rest`, expanded. */
static bool add_expanded(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, const struct expansion *x, struct parts *out)
{
	CLEANUP(buf_release) struct buf head = {0};
	struct slice rest = x->rest;

	buf_add_slice(&head, x->done);
	struct slice found = copy_to_placeholder(&rest, &head);
	if (found.len == 0)
		return add_one(s, t, node, arena_slice(s->arena, buf_slice(&head)), out);

	const char *name = arena_copy(s->arena, found);
	const struct yaml_node *values = s->vars ? yaml_get(s->vars, name) : NULL;
	if (!values || values->kind == YAML_MAP)
		return err_set(s->err, s->file, node->line,
			"placeholder %%%s%% has no value; give one with --vars", name);
	size_t count = values->kind == YAML_LIST ? values->count : 1, len = head.len;
	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *v = values->kind == YAML_LIST ? values->values[i] : values;

		if (v->kind != YAML_SCALAR)
			return err_set(s->err, s->file, node->line,
				"a value of placeholder %%%s%% is no text", name);
		head.len = len;
		put_replacement(t, v->text, &head);
		struct expansion next = {buf_slice(&head), rest};
		if (!add_expanded(s, t, node, &next, out))
			return false;
	}
	return true;
}

static bool add_value(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct parts *out)
{
	if (node->kind != YAML_SCALAR)
		return err_set(s->err, s->file, node->line, "%.*s: expected a value, found a %s",
			SLICE_ARG(t->field), node->kind == YAML_MAP ? "map" : "list");
	if (yaml_is_null(node))
		return add_null(s, t, node, out);
	if (!t->expand)
		return add_one(s, t, node, node->text, out);

	struct expansion x = {.rest = node->text};
	return add_expanded(s, t, node, &x, out);
}

/* `neq` wants the field to be there and none of the values to match. */
static struct expr *negated(struct detection_source *s, const struct field_test *t, struct expr *e)
{
	struct matcher there = {.op = MATCH_EXISTS, .slot = detection_slot(s, t->field)};
	struct expr *pair[2] = {expr_test(s->arena, &there), expr_not(s->arena, e)};

	return expr_group(s->arena, EXPR_AND, pair, 2);
}

/* One value makes a group of its own: base64offset and placeholders are alternatives, also under
 * all. */
static struct expr *field_expr(
	struct detection_source *s, const struct yaml_node *key, const struct yaml_node *value)
{
	CLEANUP(parts_release) struct parts all = {0};
	struct field_test t;

	if (!modifier_read(key->text, &t, s->file, key->line, s->err))
		return NULL;
	size_t count = value->kind == YAML_LIST ? value->count : 1;
	if (count == 0)
		return fail(s, key->line, "the list is empty", key->text);
	for (size_t i = 0; i < count; i++) {
		CLEANUP(parts_release) struct parts one = {0};
		const struct yaml_node *node = value->kind == YAML_LIST ? value->values[i] : value;

		if (!add_value(s, &t, node, &one))
			return NULL;
		parts_add(&all, expr_group(s->arena, EXPR_OR, one.at, one.count));
	}
	struct expr *e = expr_group(s->arena, t.all ? EXPR_AND : EXPR_OR, all.at, all.count);
	return t.neq ? negated(s, &t, e) : e;
}

static struct expr *map_expr(struct detection_source *s, const struct yaml_node *map)
{
	CLEANUP(parts_release) struct parts parts = {0};

	for (size_t i = 0; i < map->count; i++) {
		struct expr *e = field_expr(s, map->keys[i], map->values[i]);
		if (!e)
			return NULL;
		parts_add(&parts, e);
	}
	if (parts.count == 0)
		return fail(s, map->line, "the map is empty", SLICE("detection"));
	return expr_group(s->arena, EXPR_AND, parts.at, parts.count);
}

static struct expr *keyword_expr(struct detection_source *s, const struct yaml_node *word)
{
	CLEANUP(parts_release) struct parts one = {0};
	struct field_test t = {.op = MATCH_PATTERN};

	if (!add_value(s, &t, word, &one))
		return NULL;
	return expr_group(s->arena, EXPR_OR, one.at, one.count);
}

static struct expr *search_expr(struct detection_source *s, const struct yaml_node *node)
{
	CLEANUP(parts_release) struct parts parts = {0};

	if (node->kind == YAML_MAP)
		return map_expr(s, node);
	if (node->kind == YAML_SCALAR)
		return keyword_expr(s, node);
	for (size_t i = 0; i < node->count; i++) {
		struct expr *e = search_expr(s, node->values[i]);
		if (!e)
			return NULL;
		parts_add(&parts, e);
	}
	if (parts.count == 0)
		return fail(s, node->line, "the list is empty", SLICE("detection"));
	return expr_group(s->arena, EXPR_OR, parts.at, parts.count);
}

static struct expr *conditions(struct detection_source *s, const struct yaml_node *node,
	const struct condition_name *names, size_t count)
{
	CLEANUP(parts_release) struct parts parts = {0};
	struct condition_source source = {s->arena, names, count, s->file, node->line};

	if (node->kind == YAML_MAP || (node->kind == YAML_LIST && node->count == 0))
		return fail(s, node->line, "expected text", SLICE("condition"));
	size_t n = node->kind == YAML_LIST ? node->count : 1;
	for (size_t i = 0; i < n; i++) {
		const struct yaml_node *one = node->kind == YAML_LIST ? node->values[i] : node;

		source.line = one->line;
		struct expr *e = condition_read(&source, one->text, s->err);
		if (!e)
			return NULL;
		parts_add(&parts, e);
	}
	return expr_group(s->arena, EXPR_OR, parts.at, parts.count);
}

/* `extra`: a key that is no search; NULL: none. */
static struct expr *read_section(
	struct detection_source *s, const struct yaml_node *section, const char *extra)
{
	const struct yaml_node *condition = yaml_get(section, "condition");
	size_t count = 0;

	if (!condition)
		return fail(s, section->line, "has no condition",
			slice_of(extra ? "filter" : "detection"));

	struct condition_name *names = arena_array(s->arena, section->count + 1, sizeof *names);
	for (size_t i = 0; i < section->count; i++) {
		struct slice name = section->keys[i]->text;

		if (slice_is(name, "condition") || (extra && slice_is(name, extra)))
			continue;
		if (slice_is(name, "timeframe"))
			return fail(s, section->keys[i]->line,
				"is no longer part of Sigma; write a correlation rule with timespan",
				name);
		names[count].name = name;
		names[count].expr = search_expr(s, section->values[i]);
		if (!names[count++].expr)
			return NULL;
	}
	return conditions(s, condition, names, count);
}

struct expr *detection_read(struct detection_source *s, const struct yaml_node *detection)
{
	if (!detection || detection->kind != YAML_MAP)
		return fail(
			s, detection ? detection->line : 0, "expected a map", SLICE("detection"));
	return read_section(s, detection, NULL);
}

struct expr *detection_read_filter(struct detection_source *s, const struct yaml_node *filter)
{
	if (filter->kind != YAML_MAP)
		return fail(s, filter->line, "expected a map", SLICE("filter"));
	return read_section(s, filter, "rules");
}
