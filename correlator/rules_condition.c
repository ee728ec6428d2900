#include "correlator/rules_condition.h"

#include "correlator/condition.h"
#include "lib/must.h"

#include <string.h>

static bool fail(struct rule_source *s, const struct yaml_node *node, const char *said)
{
	return err_set(s->detection.err, s->detection.file, node->line,
		"correlation: condition: %s", said);
}

static bool is_word(struct slice token)
{
	static const char *const words[] = {"and", "or", "not", "of", "all", "any", "them", "1"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_equal_nocase(token, slice_of(words[i])))
			return true;
	return token.len == 0 || slice_find_byte(token, '*') < token.len;
}

static bool is_listed(const struct rule *r, struct slice name)
{
	for (size_t i = 0; i < r->refers_count; i++)
		if (slice_equal(r->refers[i], name))
			return true;
	return false;
}

/* Without a list of rules they are those of the condition, in its order. */
static bool find_rules(struct rule_source *s, struct rule *r, const struct yaml_node *condition)
{
	struct slice rest = condition->text;

	while (rest.len > 0) {
		size_t len = strcspn(rest.at, " \t\n()");
		struct slice token = slice_over(rest.at, len < rest.len ? len : rest.len);

		rest = slice_from(rest, token.len + 1);
		if (is_word(token) || is_listed(r, token))
			continue;
		if (r->refers_count == CORRELATION_RULES_MAX)
			return fail(s, condition, "names too many rules");
		r->refers[r->refers_count++] = token;
	}
	return r->refers_count > 0 || fail(s, condition, "names no rule");
}

static bool holds(const struct expr *e, uint32_t set)
{
	bool decides = e->kind == EXPR_OR;

	if (e->kind == EXPR_TEST)
		return set >> e->test.slot & 1;
	if (e->kind == EXPR_NOT)
		return !holds(e->parts[0], set);
	for (size_t i = 0; i < e->count; i++)
		if (holds(e->parts[i], set) == decides)
			return decides;
	return !decides;
}

static bool names(const struct expr *e, size_t place)
{
	bool found = e->kind == EXPR_TEST && e->test.slot == place;

	for (size_t i = 0; i < e->count && !found; i++)
		found = names(e->parts[i], place);
	return found;
}

static const uint64_t *make_truth(struct arena *a, const struct expr *e, unsigned places)
{
	uint32_t sets = UINT32_C(1) << places;
	uint64_t *truth = arena_array(a, sets / 64 + 1, sizeof *truth);

	for (uint32_t set = 0; set < sets; set++)
		if (holds(e, set))
			truth[set / 64] |= UINT64_C(1) << set % 64;
	return truth;
}

bool rules_condition_read(struct rule_source *s, struct rule *r, const struct yaml_node *condition)
{
	struct arena *a = s->detection.arena;
	struct condition_name places[CORRELATION_RULES_MAX];

	if (r->refers_count == 0 && !find_rules(s, r, condition))
		return false;
	if (r->window.kind == WINDOW_ORDERED && r->refers_count > ORDERED_CONDITION_RULES_MAX)
		return fail(s, condition, "over more than 6 rules in order is not supported");
	/* A rule is there when its place is: the slot of a test that no event is asked about. */
	for (size_t i = 0; i < r->refers_count; i++) {
		const struct matcher test = {.slot = i};

		places[i] = (struct condition_name){r->refers[i], expr_test(a, &test)};
	}
	const struct condition_source source = {
		a, places, r->refers_count, s->detection.file, condition->line};
	const struct expr *e = condition_read(&source, condition->text, s->detection.err);
	if (!e)
		return false;
	for (size_t i = 0; i < r->refers_count; i++)
		if (!names(e, i))
			return err_set(s->detection.err, s->detection.file, condition->line,
				"correlation: condition: does not name the rule '%.*s'",
				SLICE_ARG(r->refers[i]));
	r->window.places = (unsigned)r->refers_count;
	r->window.range = (struct window_range){1, UINT64_MAX};
	r->window.truth = make_truth(a, e, r->window.places);
	must(r->window.places <= CORRELATION_RULES_MAX);
	return true;
}
