#include "correlator/filter.h"

static struct filter *fail(struct rule_source *s, const struct yaml_node *node, const char *said)
{
	(void)err_set(s->detection.err, s->detection.file, node->line, "filter: %s", said);
	return NULL;
}

/* `any` and `all`, which later editions write, and an empty list mean every rule of the log source. */
static bool read_rules(struct rule_source *s, struct filter *f, const struct yaml_node *filter)
{
	const struct yaml_node *rules = yaml_get(filter, "rules");

	if (!rules || yaml_is_null(rules))
		return fail(s, filter, "needs the ids or names of rules, or any") != NULL;
	if (rules->kind == YAML_MAP)
		return fail(s, rules, "rules: expected a list of ids or names, or any") != NULL;
	for (size_t i = 0; rules->kind == YAML_LIST && i < rules->count; i++)
		if (rules->values[i]->kind != YAML_SCALAR)
			return fail(s, rules->values[i], "rules: expected an id or name") != NULL;
	bool any = rules->kind == YAML_LIST ? rules->count == 0
					    : slice_equal_nocase(rules->text, SLICE("any")) ||
			slice_equal_nocase(rules->text, SLICE("all"));
	f->rules = any ? NULL : rules;
	return true;
}

struct filter *filter_read(struct rule_source *s, const struct yaml_node *doc)
{
	struct filter *f = arena_alloc(s->detection.arena, sizeof *f);
	const struct yaml_node *filter = yaml_get(doc, "filter"), *title = yaml_get(doc, "title");
	const struct yaml_node *source = yaml_get(doc, "logsource");

	f->path = s->detection.file;
	f->line = doc->line;
	if (!title || title->kind != YAML_SCALAR || title->text.len == 0)
		return fail(s, doc, "needs a title");
	f->title = title->text;
	if (yaml_get(doc, "detection") || yaml_get(doc, "correlation"))
		return fail(s, doc, "has no detection or correlation of its own");
	if (!source || source->kind != YAML_MAP)
		return fail(s, source ? source : doc, "needs a logsource");
	if (filter->kind != YAML_MAP)
		return fail(s, filter, "expected a map");
	if (!logsource_read_names(doc, &f->source, s->detection.file, s->detection.err) ||
		!read_rules(s, f, filter))
		return NULL;
	s->detection.values = 0;
	f->detection = detection_read_filter(&s->detection, filter);
	return f->detection ? f : NULL;
}

static bool names(struct slice reference, const struct rule *r)
{
	return slice_equal(reference, r->key) || (r->id.len && slice_equal(reference, r->id)) ||
		(r->name.len && slice_equal(reference, r->name));
}

bool filter_applies(const struct filter *f, const struct rule *r)
{
	if (r->kind != RULE_DETECTION || !logsource_covers(&f->source, &r->source))
		return false;
	if (!f->rules)
		return true;
	if (f->rules->kind == YAML_SCALAR)
		return names(f->rules->text, r);
	for (size_t i = 0; i < f->rules->count; i++)
		if (names(f->rules->values[i]->text, r))
			return true;
	return false;
}
