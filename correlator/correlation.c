#include "correlator/correlation.h"

#include "correlator/duration.h"
#include "correlator/rules_condition.h"

#include <math.h>

enum { SUPPRESS_MIN_S = 600 };

static bool fail(struct rule_source *s, const struct yaml_node *node, const char *said)
{
	return err_set(s->detection.err, s->detection.file, node->line, "correlation: %s", said);
}

static const struct {
	const char *name;
	enum window_kind kind;
} types[] = {
	{"event_count", WINDOW_EVENT_COUNT}, {"value_count", WINDOW_VALUE_COUNT},
	{"temporal", WINDOW_PLACES}, {"temporal_ordered", WINDOW_ORDERED},
	{"value_sum", WINDOW_SUM}, {"value_avg", WINDOW_AVERAGE},
	{"value_percentile", WINDOW_SHARE}, /* WINDOW_PERCENTILE when it names one */
};

static bool read_type(struct rule_source *s, struct rule *r, const struct yaml_node *c)
{
	const struct yaml_node *node = yaml_get(c, "type");

	if (!node || node->kind != YAML_SCALAR)
		return fail(s, node ? node : c, "needs a type");
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (!slice_is(node->text, types[i].name))
			continue;
		r->window.kind = types[i].kind;
		return true;
	}
	return err_set(s->detection.err, s->detection.file, node->line,
		"correlation: type '%.*s' is none of event_count, value_count, temporal, "
		"temporal_ordered, value_sum, value_avg and value_percentile",
		SLICE_ARG(node->text));
}

/* A scalar or a list of scalars. */
static bool read_list(
	struct rule_source *s, const struct yaml_node *node, struct slice *ret, size_t *count)
{
	size_t max = *count;

	*count = node->kind == YAML_LIST ? node->count : 1;
	if (node->kind == YAML_MAP || *count > max)
		return fail(s, node,
			node->kind == YAML_MAP ? "expected a list" : "the list is too long");
	for (size_t i = 0; i < *count; i++) {
		const struct yaml_node *one = node->kind == YAML_LIST ? node->values[i] : node;
		if (one->kind != YAML_SCALAR || one->text.len == 0)
			return fail(s, one, "expected a name");
		ret[i] = one->text;
	}
	return true;
}

/* A rule that is listed twice is one. */
static void drop_repeated(struct rule *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->refers_count; i++) {
		bool known = false;

		for (size_t k = 0; k < kept; k++)
			known |= slice_equal(r->refers[i], r->refers[k]);
		if (!known)
			r->refers[kept++] = r->refers[i];
	}
	r->refers_count = kept;
}

static bool read_lists(struct rule_source *s, struct rule *r, const struct yaml_node *c)
{
	const struct yaml_node *rules = yaml_get(c, "rules"), *group_by = yaml_get(c, "group-by");

	r->refers_line = rules ? rules->line : c->line;
	if (rules && !yaml_is_null(rules)) {
		r->refers_count = CORRELATION_RULES_MAX;
		if (!read_list(s, rules, r->refers, &r->refers_count))
			return false;
	}
	drop_repeated(r);
	if (!group_by || yaml_is_null(group_by))
		return true;
	r->group_count = GROUP_FIELDS_MAX;
	return read_list(s, group_by, r->group_names, &r->group_count);
}

static bool read_timespan(struct rule_source *s, struct rule *r, const struct yaml_node *c)
{
	const struct yaml_node *node = yaml_get(c, "timespan");

	if (!node || node->kind != YAML_SCALAR ||
		!duration_read(node->text, &r->window.timespan_us) || r->window.timespan_us == 0)
		return fail(s, node ? node : c,
			"needs a timespan such as 30s, 5m, 1h or 7d (31d at most)");
	r->window.suppress_us = r->window.timespan_us;
	if (r->window.suppress_us < SUPPRESS_MIN_S * INT64_C(1000000))
		r->window.suppress_us = SUPPRESS_MIN_S * INT64_C(1000000);
	return true;
}

static bool of_counts(const struct rule *r)
{
	return r->window.kind == WINDOW_EVENT_COUNT || r->window.kind == WINDOW_VALUE_COUNT ||
		r->window.kind == WINDOW_PLACES || r->window.kind == WINDOW_ORDERED;
}

static bool narrow_count(struct rule_source *s, struct rule *r, const struct yaml_node *key,
	const struct yaml_node *value)
{
	struct window_range *range = &r->window.range;
	uint64_t n, min = 0, max = UINT64_MAX;

	if (value->kind != YAML_SCALAR || !slice_to_u64(value->text, &n))
		return fail(s, value, "condition: expected a number");
	if (n > EVENT_COUNT_MAX)
		return fail(s, value, "condition: counts over 10^12 are not supported");
	if (n > VALUE_COUNT_MAX && r->window.kind == WINDOW_VALUE_COUNT)
		return fail(s, value,
			"condition: counts of different values over 10000 are not supported");
	if (slice_is(key->text, "gte"))
		min = n;
	else if (slice_is(key->text, "gt"))
		min = n + 1;
	else if (slice_is(key->text, "lte"))
		max = n;
	else if (slice_is(key->text, "lt") && n > 0)
		max = n - 1;
	else if (slice_is(key->text, "eq"))
		min = max = n;
	else if (slice_is(key->text, "neq"))
		r->window.except = n;
	else
		return fail(s, key, "condition: expected gt, gte, lt, lte, eq or neq");
	range->min = min > range->min ? min : range->min;
	range->max = max < range->max ? max : range->max;
	return true;
}

static void bound_below(struct window_bounds *b, double n, bool open)
{
	if (n < b->min)
		return;
	b->min_open = n > b->min ? open : b->min_open || open;
	b->min = n;
}

static void bound_above(struct window_bounds *b, double n, bool open)
{
	if (n > b->max)
		return;
	b->max_open = n < b->max ? open : b->max_open || open;
	b->max = n;
}

static bool narrow_value(struct rule_source *s, struct rule *r, const struct yaml_node *key,
	const struct yaml_node *value)
{
	struct window_bounds *b = &r->window.bounds;
	double n;

	if (value->kind != YAML_SCALAR || !slice_to_real(value->text, &n))
		return fail(s, value, "condition: expected a number");
	bool equal = slice_is(key->text, "eq");
	bool open_below = slice_is(key->text, "gt"), open_above = slice_is(key->text, "lt");
	if (slice_is(key->text, "neq")) {
		b->except = n;
		b->has_except = true;
		return true;
	}
	bool below = equal || open_below || slice_is(key->text, "gte");
	bool above = equal || open_above || slice_is(key->text, "lte");
	if (!below && !above)
		return fail(s, key, "condition: expected gt, gte, lt, lte, eq or neq");
	if (below)
		bound_below(b, n, open_below);
	if (above)
		bound_above(b, n, open_above);
	return true;
}

static bool read_percentile(struct rule_source *s, struct rule *r, const struct yaml_node *node)
{
	if (r->window.kind != WINDOW_SHARE)
		return fail(s, node, "condition: percentile goes only with value_percentile");
	if (node->kind != YAML_SCALAR || !slice_to_real(node->text, &r->window.percentile) ||
		r->window.percentile < 0 || r->window.percentile > 100)
		return fail(s, node, "condition: percentile: expected a number from 0 to 100");
	r->window.kind = WINDOW_PERCENTILE;
	return true;
}

static bool read_fields(struct rule_source *s, struct rule *r, const struct yaml_node *node)
{
	r->counted_count = GROUP_FIELDS_MAX;
	if (!read_list(s, node, r->counted, &r->counted_count))
		return false;
	if (r->counted_count > 1 && r->window.kind != WINDOW_VALUE_COUNT)
		return fail(s, node, "condition: only value_count takes several fields");
	return true;
}

/* What an alert names as the threshold: the number that is written, whichever end it is. */
static void choose_threshold(struct rule *r)
{
	const struct window_bounds *b = &r->window.bounds;

	if (of_counts(r))
		return;
	double n = isfinite(b->min) ? b->min : isfinite(b->max) ? b->max : b->except;
	r->window.range.min = n > 0 && n < 9e18 ? (uint64_t)n : 0;
}

static bool read_condition(struct rule_source *s, struct rule *r, const struct yaml_node *c)
{
	const struct yaml_node *node = yaml_get(c, "condition");
	const struct window_bounds *b = &r->window.bounds;
	size_t numbers = 0;

	r->window.range = (struct window_range){1, UINT64_MAX};
	r->window.bounds = (struct window_bounds){.min = -HUGE_VAL, .max = HUGE_VAL};
	if (!node || node->kind != YAML_MAP)
		return fail(s, node ? node : c, "needs a condition such as {gte: 10}");
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *key = node->keys[i], *value = node->values[i];
		bool field = slice_is(key->text, "field");
		bool percentile = slice_is(key->text, "percentile");

		numbers += !field && !percentile;
		if (field                      ? !read_fields(s, r, value)
				: percentile   ? !read_percentile(s, r, value)
				: of_counts(r) ? !narrow_count(s, r, key, value)
					       : !narrow_value(s, r, key, value))
			return false;
	}
	if (numbers == 0)
		return fail(s, node, "condition: needs gt, gte, lt, lte, eq or neq");
	if (r->window.range.min > r->window.range.max || b->min > b->max ||
		(b->min == b->max && (b->min_open || b->max_open)))
		return fail(s, node, "condition: no count can meet it");
	choose_threshold(r);
	return true;
}

/* Without a condition all rules must occur. */
static bool read_rules_condition(struct rule_source *s, struct rule *r, const struct yaml_node *c)
{
	const struct yaml_node *node = yaml_get(c, "condition");

	if (node && !yaml_is_null(node) && node->kind == YAML_SCALAR)
		return rules_condition_read(s, r, node);
	if (r->refers_count == 0)
		return fail(s, c, "needs rules");
	r->window.places = (unsigned)r->refers_count;
	r->window.range = (struct window_range){r->refers_count, UINT64_MAX};
	if (!node)
		return true;
	if (!read_condition(s, r, c))
		return false;
	if (r->counted_count > 0)
		return fail(s, node, "condition: field goes only with value_count and the like");
	if (r->window.kind == WINDOW_ORDERED && r->window.range.min < r->refers_count)
		return fail(s, node, "condition: temporal_ordered needs all of its rules");
	if (r->window.range.min > r->refers_count)
		return fail(s, node, "condition: asks for more rules than there are");
	return true;
}

static bool check_aliases(struct rule_source *s, const struct yaml_node *aliases)
{
	if (!aliases)
		return true;
	if (aliases->kind != YAML_MAP)
		return fail(s, aliases, "aliases: expected a map");
	for (size_t i = 0; i < aliases->count; i++) {
		const struct yaml_node *alias = aliases->values[i];

		if (alias->kind != YAML_MAP)
			return fail(s, alias, "aliases: expected a map of rule name to field");
		for (size_t k = 0; k < alias->count; k++)
			if (alias->values[k]->kind != YAML_SCALAR)
				return fail(s, alias->values[k], "aliases: expected a field");
	}
	return true;
}

static bool check_keys(struct rule_source *s, const struct yaml_node *c)
{
	static const char *const known[] = {
		"type", "rules", "group-by", "timespan", "condition", "aliases", "generate"};

	for (size_t i = 0; i < c->count; i++) {
		bool found = false;

		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			found |= slice_is(c->keys[i]->text, known[k]);
		if (!found)
			return err_set(s->detection.err, s->detection.file, c->keys[i]->line,
				"correlation: unknown key '%.*s'", SLICE_ARG(c->keys[i]->text));
	}
	return true;
}

bool correlation_read(struct rule_source *s, struct rule *r, const struct yaml_node *document)
{
	const struct yaml_node *c = yaml_get(document, "correlation");
	const struct yaml_node *generate = yaml_get(c, "generate");

	r->correlation = c;
	if (c->kind != YAML_MAP)
		return fail(s, c, "expected a map");
	if (yaml_get(document, "detection"))
		return fail(s, c, "a rule has either a detection or a correlation");
	if (!generate)
		generate = yaml_get(document, "generate");
	if (generate && !yaml_to_bool(generate, &r->generates))
		return fail(s, generate, "generate: expected true or false");
	if (!check_keys(s, c) || !read_type(s, r, c) || !read_lists(s, r, c) ||
		!read_timespan(s, r, c) || !check_aliases(s, yaml_get(c, "aliases")))
		return false;
	if (r->window.kind == WINDOW_PLACES || r->window.kind == WINDOW_ORDERED)
		return read_rules_condition(s, r, c);
	if (r->refers_count == 0)
		return fail(s, c, "needs rules");
	if (!read_condition(s, r, c))
		return false;
	if ((r->window.kind != WINDOW_EVENT_COUNT) != (r->counted_count > 0))
		return fail(s, yaml_get(c, "condition"),
			"condition: event_count has no field, all others of value_… need one");
	return true;
}

struct slice correlation_field(const struct rule *r, struct slice name, const struct rule *base)
{
	const struct yaml_node *aliases = yaml_get(r->correlation, "aliases");

	for (size_t i = 0; aliases && i < aliases->count; i++) {
		const struct yaml_node *alias = aliases->values[i];

		if (!slice_equal(aliases->keys[i]->text, name))
			continue;
		for (size_t k = 0; k < alias->count; k++)
			if (slice_equal(alias->keys[k]->text, base->name) ||
				slice_equal(alias->keys[k]->text, base->id))
				return alias->values[k]->text;
	}
	return name;
}
