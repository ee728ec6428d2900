#include "correlator/correlation.h"

#include "correlator/duration.h"

enum { SUPPRESS_MIN_S = 600 };

static bool fail(struct rule_source *s, const struct yaml_node *node, const char *said)
{
	return err_set(s->detection.err, s->detection.file, node->line, "correlation: %s", said);
}

static const struct {
	const char *name;
	enum window_kind kind;
	bool of_rules; /* counts the rules that occurred */
} types[] = {
	{"event_count", WINDOW_EVENT_COUNT, false},
	{"value_count", WINDOW_VALUE_COUNT, false},
	{"temporal", WINDOW_VALUE_COUNT, true},
	{"temporal_ordered", WINDOW_ORDERED, true},
};

static bool read_type(
	struct rule_source *s, struct rule *r, const struct yaml_node *c, bool *ret_of_rules)
{
	const struct yaml_node *node = yaml_get(c, "type");

	if (!node || node->kind != YAML_SCALAR)
		return fail(s, node ? node : c, "needs a type");
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (!slice_is(node->text, types[i].name))
			continue;
		r->window.kind = types[i].kind;
		*ret_of_rules = types[i].of_rules;
		return true;
	}
	return err_set(s->detection.err, s->detection.file, node->line,
		"correlation: type '%.*s' is not supported, only event_count, value_count, temporal "
		"and temporal_ordered",
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

static bool read_lists(struct rule_source *s, struct rule *r, const struct yaml_node *c)
{
	const struct yaml_node *rules = yaml_get(c, "rules"), *group_by = yaml_get(c, "group-by");

	r->refers_count = CORRELATION_RULES_MAX;
	if (!rules)
		return fail(s, c, "needs rules");
	r->refers_line = rules->line;
	if (!read_list(s, rules, r->refers, &r->refers_count))
		return false;
	if (r->refers_count == 0)
		return fail(s, rules, "the list of rules is empty");
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

static bool narrow(struct rule_source *s, const struct yaml_node *key,
	const struct yaml_node *value, struct window_range *range)
{
	uint64_t n, min = 0, max = UINT64_MAX;

	if (value->kind != YAML_SCALAR || !slice_to_u64(value->text, &n))
		return fail(s, value, "condition: expected a number");
	if (n > CORRELATION_COUNT_MAX)
		return fail(s, value, "condition: counts over 10000 are not supported");
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
	else
		return fail(s, key, "condition: expected gt, gte, lt, lte or eq");
	range->min = min > range->min ? min : range->min;
	range->max = max < range->max ? max : range->max;
	return true;
}

static bool read_condition(struct rule_source *s, struct rule *r, const struct yaml_node *c)
{
	const struct yaml_node *node = yaml_get(c, "condition");
	size_t bounds = 0;

	r->window.range = (struct window_range){1, UINT64_MAX};
	if (!node || node->kind != YAML_MAP)
		return fail(s, node ? node : c, "needs a condition such as {gte: 10}");
	for (size_t i = 0; i < node->count; i++) {
		if (slice_is(node->keys[i]->text, "field")) {
			r->counted_count = GROUP_FIELDS_MAX;
			if (!read_list(s, node->values[i], r->counted, &r->counted_count))
				return false;
			continue;
		}
		bounds++;
		if (!narrow(s, node->keys[i], node->values[i], &r->window.range))
			return false;
	}
	if (bounds == 0)
		return fail(s, node, "condition: needs gt, gte, lt, lte or eq");
	if (r->window.range.min > r->window.range.max)
		return fail(s, node, "condition: no count can meet it");
	return true;
}

/* Without a condition all rules must occur. */
static bool read_rules_condition(struct rule_source *s, struct rule *r, const struct yaml_node *c)
{
	const struct yaml_node *node = yaml_get(c, "condition");

	r->window.places = (unsigned)r->refers_count;
	r->window.range = (struct window_range){r->refers_count, UINT64_MAX};
	if (!node)
		return true;
	if (node->kind != YAML_MAP)
		return fail(s, node, "condition: an expression over rules is not supported");
	if (!read_condition(s, r, c))
		return false;
	if (r->counted_count > 0)
		return fail(s, node, "condition: field goes only with value_count");
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
	bool of_rules = false;

	r->correlation = c;
	if (c->kind != YAML_MAP)
		return fail(s, c, "expected a map");
	if (yaml_get(document, "detection"))
		return fail(s, c, "a rule has either a detection or a correlation");
	if (!generate)
		generate = yaml_get(document, "generate");
	if (generate && !yaml_to_bool(generate, &r->generates))
		return fail(s, generate, "generate: expected true or false");
	if (!check_keys(s, c) || !read_type(s, r, c, &of_rules) || !read_lists(s, r, c) ||
		!read_timespan(s, r, c) || !check_aliases(s, yaml_get(c, "aliases")))
		return false;
	if (of_rules)
		return read_rules_condition(s, r, c);
	if (!read_condition(s, r, c))
		return false;
	if ((r->window.kind == WINDOW_VALUE_COUNT) != (r->counted_count > 0))
		return fail(s, yaml_get(c, "condition"),
			"condition: value_count needs a field, event_count has none");
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
