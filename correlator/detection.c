#include "correlator/detection.h"

#include "correlator/condition.h"
#include "correlator/limits.h"
#include "correlator/modifier.h"
#include "lib/err.h"
#include "lib/mem.h"

#include <string.h>

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
	m.slot = view_fields_add(s->fields, t->field);
	m.has_number = m.pattern.kind == PATTERN_EQUAL && is_number(node, &m.number);
	return add_test(s, node, &m, out);
}

/* Each transform turns every value so far into one or more. */
static bool add_transformed(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct pattern p, struct parts *out)
{
	struct slice now[TRANSFORM_VALUES_MAX] = {p.text}, next[TRANSFORM_VALUES_MAX];
	size_t count = 1;
	bool encoded = false;

	for (size_t i = 0; i < t->transform_count; i++) {
		struct slice made[TRANSFORM_VALUES_MAX];
		size_t total = 0;

		encoded |= t->transforms[i] != TRANSFORM_WINDASH;
		for (size_t k = 0; k < count; k++) {
			size_t n = transform_apply(t->transforms[i], s->arena, now[k], made);
			for (size_t j = 0; j < n && total < TRANSFORM_VALUES_MAX; j++)
				next[total++] = made[j];
		}
		count = total;
		memcpy(now, next, count * sizeof *now);
	}
	if (encoded && pattern_has_wildcards(&p))
		return err_set(s->err, s->file, node->line,
			"%.*s: a value to encode cannot hold wildcards", SLICE_ARG(node->text));
	for (size_t k = 0; k < count; k++) {
		struct pattern made =
			encoded ? pattern_literal(now[k]) : (struct pattern){.text = now[k]};

		if (!add_pattern(s, t, node, made, out))
			return false;
	}
	return true;
}

static bool add_text(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct slice text, struct parts *out)
{
	return add_transformed(s, t, node, pattern_read(s->arena, text), out);
}

/* The first %name% of a value is replaced by each of its values, and so on. */
static bool add_expanded(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct slice text, struct parts *out)
{
	size_t start = slice_find_byte(text, '%');
	struct slice tail = slice_from(text, start + 1);
	size_t len = slice_find_byte(tail, '%');

	if (start == text.len || len == tail.len)
		return add_text(s, t, node, text, out);

	const char *name = arena_copy(s->arena, slice_over(tail.at, len));
	const struct yaml_node *values = s->vars ? yaml_get(s->vars, name) : NULL;
	if (!values || values->kind == YAML_MAP)
		return err_set(s->err, s->file, node->line,
			"placeholder %%%s%% has no value; give one with --vars", name);

	size_t count = values->kind == YAML_LIST ? values->count : 1;
	for (size_t i = 0; i < count; i++) {
		struct slice value =
			values->kind == YAML_LIST ? values->values[i]->text : values->text;
		struct slice after = slice_from(tail, len + 1);
		struct slice whole = slice_of(arena_printf(s->arena, "%.*s%.*s%.*s", (int)start,
			text.at, SLICE_ARG(value), SLICE_ARG(after)));

		if (slice_find_byte(value, '%') < value.len)
			return err_set(s->err, s->file, node->line,
				"the value of %%%s%% holds a '%%'", name);
		if (!add_expanded(s, t, node, whole, out))
			return false;
	}
	return true;
}

static bool add_number(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct parts *out)
{
	struct matcher m = {.op = t->op, .part = t->part};

	if (!slice_to_real(node->text, &m.number))
		return err_set(s->err, s->file, node->line, "%.*s: expected a number, found '%.*s'",
			SLICE_ARG(t->field), SLICE_ARG(node->text));
	m.slot = view_fields_add(s->fields, t->field);
	return add_test(s, node, &m, out);
}

static bool add_regex(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct parts *out)
{
	struct matcher m = {.op = MATCH_REGEX};

	m.regex = regex_add(s->regexes, node->text, t->regex_flags);
	if (!m.regex)
		return err_set(s->err, s->file, node->line, "%.*s: regular expression: %s",
			SLICE_ARG(t->field), regex_said(s->regexes));
	m.slot = view_fields_add(s->fields, t->field);
	return add_test(s, node, &m, out);
}

static bool add_reference(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct parts *out)
{
	struct matcher m = {.op = MATCH_FIELD, .cased = t->cased};

	m.pattern.kind = t->open_start && t->open_end ? PATTERN_CONTAINS
		: t->open_start                       ? PATTERN_ENDS
		: t->open_end                         ? PATTERN_STARTS
						      : PATTERN_EQUAL;
	m.slot = view_fields_add(s->fields, t->field);
	m.other_slot = view_fields_add(s->fields, node->text);
	return add_test(s, node, &m, out);
}

static bool add_simple(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct parts *out)
{
	struct matcher m = {.op = t->op};
	bool wanted = true;

	if (t->op == MATCH_CIDR && !cidr_read(node->text, &m.cidr))
		return err_set(s->err, s->file, node->line, "%.*s: '%.*s' is no block of addresses",
			SLICE_ARG(t->field), SLICE_ARG(node->text));
	if (t->op == MATCH_EXISTS && !yaml_to_bool(node, &wanted))
		return err_set(s->err, s->file, node->line, "%.*s: expected true or false",
			SLICE_ARG(t->field));
	m.slot = view_fields_add(s->fields, t->field);
	if (!add_test(s, node, &m, out))
		return false;
	if (!wanted)
		out->at[out->count - 1] = expr_not(s->arena, out->at[out->count - 1]);
	return true;
}

static bool add_value(struct detection_source *s, const struct field_test *t,
	const struct yaml_node *node, struct parts *out)
{
	if (node->kind != YAML_SCALAR)
		return err_set(s->err, s->file, node->line, "%.*s: expected a value, found a %s",
			SLICE_ARG(t->field), node->kind == YAML_MAP ? "map" : "list");
	if (yaml_is_null(node)) {
		struct matcher m = {.op = MATCH_NULL, .slot = view_fields_add(s->fields, t->field)};
		if (t->op != MATCH_PATTERN || t->field.len == 0)
			return err_set(s->err, s->file, node->line, "%.*s: null does not fit here",
				SLICE_ARG(t->field));
		return add_test(s, node, &m, out);
	}
	if (t->field_reference)
		return add_reference(s, t, node, out);
	switch (t->op) {
	case MATCH_PATTERN:
		return t->expand ? add_expanded(s, t, node, node->text, out)
				 : add_text(s, t, node, node->text, out);
	case MATCH_REGEX: return add_regex(s, t, node, out);
	case MATCH_CIDR:
	case MATCH_EXISTS: return add_simple(s, t, node, out);
	case MATCH_EQUAL:
	case MATCH_LT:
	case MATCH_LTE:
	case MATCH_GT:
	case MATCH_GTE: return add_number(s, t, node, out);
	case MATCH_NULL:
	case MATCH_FIELD: break;
	}
	return false;
}

/* `neq` wants the field to be there and none of the values to match. */
static struct expr *negated(struct detection_source *s, const struct field_test *t, struct expr *e)
{
	struct matcher there = {.op = MATCH_EXISTS, .slot = view_fields_add(s->fields, t->field)};
	struct expr *pair[2] = {expr_test(s->arena, &there), expr_not(s->arena, e)};

	return expr_group(s->arena, EXPR_AND, pair, 2);
}

/* One value makes a group of its own: windash and base64offset are alternatives, also under all. */
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

struct expr *detection_read(struct detection_source *s, const struct yaml_node *detection)
{
	const struct yaml_node *condition = yaml_get(detection, "condition");
	size_t count = 0;

	if (!detection || detection->kind != YAML_MAP)
		return fail(
			s, detection ? detection->line : 0, "expected a map", SLICE("detection"));
	if (!condition)
		return fail(s, detection->line, "has no condition", SLICE("detection"));

	struct condition_name *names = arena_array(s->arena, detection->count, sizeof *names);
	for (size_t i = 0; i < detection->count; i++) {
		struct slice name = detection->keys[i]->text;

		if (slice_is(name, "condition"))
			continue;
		if (slice_is(name, "timeframe"))
			return fail(s, detection->keys[i]->line,
				"is no longer part of Sigma; write a correlation rule with timespan",
				name);
		names[count].name = name;
		names[count].expr = search_expr(s, detection->values[i]);
		if (!names[count++].expr)
			return NULL;
	}
	return conditions(s, condition, names, count);
}
