#include "correlator/ruleset.h"

#include "correlator/correlation.h"
#include "correlator/explain.h"
#include "correlator/fieldmap.h"
#include "correlator/rule_files.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

/* What is needed only while a generation is built. */
struct loader {
	struct ruleset *set;
	struct rule_source source;
	struct keymap by_id, by_name, shown;
	struct rule **correlations; /* in the arena */
	size_t correlation_count;
	struct err err;
};

static void refuse(struct loader *l)
{
	struct ruleset *set = l->set;

	set->refused = mem_resize(set->refused, set->refused_count + 1, sizeof(char *));
	set->refused[set->refused_count++] = arena_text(set->arena, err_text(&l->err));
	l->err = (struct err){0};
}

static void refuse_rule(struct loader *l, const struct rule *r, unsigned line, const char *said)
{
	(void)err_set(&l->err, r->path, line, "%s", said);
	refuse(l);
}

/* Ids and names are one space each: a second owner is refused. */
static bool claim(struct loader *l, struct rule *r)
{
	const struct rule *same_id = keymap_get(&l->by_id, r->key);
	const struct rule *same_name = r->name.len ? keymap_get(&l->by_name, r->name) : NULL;
	const struct rule *other = same_id ? same_id : same_name;

	if (other) {
		(void)err_set(&l->err, r->path, r->line,
			"the %s '%.*s' is taken by the rule at %s:%u", same_id ? "id" : "name",
			SLICE_ARG(same_id ? r->key : r->name), other->path, other->line);
		refuse(l);
		return false;
	}
	keymap_put(&l->by_id, r->key, r);
	if (r->name.len)
		keymap_put(&l->by_name, r->name, r);
	return true;
}

static void load_filter(struct loader *l, const struct yaml_node *document)
{
	struct ruleset *set = l->set;
	struct filter *f = filter_read(&l->source, document);

	if (!f) {
		refuse(l);
		return;
	}
	set->filters = mem_resize(set->filters, set->filter_count + 1, sizeof(struct filter *));
	set->filters[set->filter_count++] = f;
}

static void apply_filters(struct ruleset *set)
{
	for (size_t i = 0; i < set->filter_count; i++) {
		struct filter *f = set->filters[i];

		for (size_t k = 0; k < set->rule_count; k++) {
			struct rule *r = set->rules[k];

			if (!filter_applies(f, r))
				continue;
			struct expr *pair[2] = {r->detection, f->detection};
			r->detection = expr_group(set->arena, EXPR_AND, pair, 2);
			f->applied++;
		}
	}
}

static void load_document(struct loader *l, const struct yaml_node *document)
{
	struct ruleset *set = l->set;

	if (yaml_get(document, "filter")) {
		load_filter(l, document);
		return;
	}
	struct rule *r = rule_read(&l->source, document);

	if (!r) {
		refuse(l);
		return;
	}
	if (!claim(l, r))
		return;
	if (set->rule_count == RULES_MAX) {
		refuse_rule(l, r, r->line, "more than 20000 rules");
		return;
	}
	set->rules = mem_resize(set->rules, set->rule_count + 1, sizeof(struct rule *));
	set->rules[set->rule_count++] = r;
}

static void load_file(struct loader *l, const char *path)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct yaml_documents docs;

	l->source.detection.file = path;
	if (!file_read(path, RULE_FILE_LEN_MAX, &text, &l->err) ||
		!yaml_read(l->set->arena, path, buf_slice(&text), &docs, &l->err)) {
		refuse(l);
		return;
	}
	for (size_t i = 0; i < docs.count; i++)
		load_document(l, docs.at[i]);
}

static struct rule *referred(struct loader *l, struct slice reference)
{
	struct rule *r = keymap_get(&l->by_name, reference);

	return r ? r : keymap_get(&l->by_id, reference);
}

static void add_slots(struct expr *e, size_t *slots, size_t *count, size_t max)
{
	for (size_t i = 0; i < e->count; i++)
		add_slots(e->parts[i], slots, count, max);
	if (e->kind != EXPR_TEST)
		return;
	for (size_t i = 0; i < *count; i++)
		if (slots[i] == e->test.slot)
			return;
	if (*count < max)
		slots[(*count)++] = e->test.slot;
}

/* A field as it is called in rules that look at what `base` does. */
static size_t named_slot(struct view_fields *fields, struct slice name, const struct rule *base)
{
	const struct detection_source source = {.fields = fields,
		.event_type = base->event_type,
		.maps_names = view_fields_naming(fields) == VIEW_SIGMA_NAMES};

	return detection_slot(&source, name);
}

static void add_named(
	struct loader *l, const struct rule *base, size_t *slots, size_t *count, struct slice name)
{
	if (*count < RULE_SHOW_MAX)
		slots[(*count)++] = named_slot(l->set->fields, name, base);
}

/* The paths that the detection of `base` looks at. */
static void choose_matched(struct loader *l, struct feed *f, const struct rule *base)
{
	size_t slots[RULE_SHOW_MAX], count = 0;

	add_slots(base->detection, slots, &count, RULE_SHOW_MAX);
	f->matched = arena_array(l->set->arena, count + 1, sizeof *f->matched);
	for (size_t i = 0; i < count; i++) {
		const char *path = view_fields_path(l->set->fields, slots[i]);

		if (*path)
			f->matched[f->matched_count++] = path;
	}
}

/* Rules often show the same: then their alerts share one sample of an event. */
static const size_t *shared_slots(struct loader *l, const size_t *slots, size_t count)
{
	struct slice key = slice_over(slots, count * sizeof *slots);
	const size_t *known = keymap_get(&l->shown, key);

	if (known)
		return known;
	size_t *shown = arena_array(l->set->arena, count + 1, sizeof *shown);
	memcpy(shown, slots, count * sizeof *shown);
	keymap_put(&l->shown, slice_over(shown, count * sizeof *shown), shown);
	return shown;
}

/* What an alert of `target` shows of an event that `base` matched. */
static void choose_shown(struct loader *l, struct feed *f, const struct rule *base)
{
	size_t slots[RULE_SHOW_MAX + SAMPLE_IDENTITY_COUNT];
	size_t count = 0;
	struct slice names[RULE_SHOW_MAX];
	size_t named = explain_fields(f->target, names, RULE_SHOW_MAX);

	for (size_t i = 0; i < f->target->group_count; i++)
		slots[count++] = f->group_slots[i];
	for (size_t i = 0; i < f->value_count; i++)
		slots[count++] = f->value_slots[i];
	for (size_t i = 0; i < f->target->show_count; i++)
		add_named(l, base, slots, &count, f->target->show[i]);
	for (size_t i = 0; f->target != base && i < base->show_count; i++)
		add_named(l, base, slots, &count, base->show[i]);
	for (size_t i = 0; i < named; i++)
		add_named(l, base, slots, &count, names[i]);
	add_slots(base->detection, slots, &count, RULE_SHOW_MAX);
	count += sample_identity(l->set->fields, slots + count);

	count = sample_order(l->set->fields, slots, count);
	f->shown = shared_slots(l, slots, count);
	choose_matched(l, f, base);
	f->shown_count = count;
}

/* Its place among what `r` refers to, or r->refers_count. */
static size_t refers_to(const struct rule *r, const struct rule *base)
{
	size_t i = 0;

	while (i < r->refers_count && r->bases[i] != base)
		i++;
	return i;
}

/* An alias may name either the rule that is referred to or the one that matches the events. */
static size_t field_slot(struct view_fields *fields, const struct rule *target, struct slice name,
	const struct rule *base, const struct rule *source)
{
	struct slice found = name;

	if (target->kind == RULE_CORRELATION)
		found = correlation_field(target, name, source);
	if (target->kind == RULE_CORRELATION && slice_equal(found, name))
		found = correlation_field(target, name, base);
	return named_slot(fields, found, base);
}

static void make_feed(struct loader *l, struct feed *f, const struct rule *base,
	const struct rule *source, const struct rule *target);

/* To all correlations that refer to `source`; gives how many. */
static size_t make_feeds(
	struct loader *l, struct feed **ret, const struct rule *base, const struct rule *source)
{
	size_t count = 0, at = 0;

	for (size_t i = 0; i < l->correlation_count; i++)
		count += refers_to(l->correlations[i], source) < l->correlations[i]->refers_count;
	*ret = arena_array(l->set->arena, count + 1, sizeof **ret);
	for (size_t i = 0; i < l->correlation_count; i++)
		if (refers_to(l->correlations[i], source) < l->correlations[i]->refers_count)
			make_feed(l, &(*ret)[at++], base, source, l->correlations[i]);
	return count;
}

/* `base` matches the events; `source` is what the target refers to: the base itself, or a correlation
 * that fires on its events. */
static void make_feed(struct loader *l, struct feed *f, const struct rule *base,
	const struct rule *source, const struct rule *target)
{
	struct view_fields *fields = l->set->fields;

	f->target = target;
	if (target->kind == RULE_CORRELATION)
		f->place = (unsigned)refers_to(target, source);
	for (size_t i = 0; i < target->group_count; i++)
		f->group_slots[i] =
			field_slot(fields, target, target->group_names[i], base, source);
	for (size_t i = 0; i < target->counted_count; i++)
		f->value_slots[f->value_count++] =
			field_slot(fields, target, target->counted[i], base, source);
	choose_shown(l, f, base);
	if (target->kind == RULE_CORRELATION)
		f->onward_count = make_feeds(l, &f->onward, base, target);
}

/* False with an error when it refers to what is not there. */
static bool find_bases(struct loader *l, struct rule *r)
{
	r->bases = arena_array(l->set->arena, r->refers_count + 1, sizeof(struct rule *));
	for (size_t i = 0; i < r->refers_count; i++) {
		r->bases[i] = referred(l, r->refers[i]);
		if (!r->bases[i] || r->bases[i]->is_refused)
			return err_set(&l->err, r->path, r->refers_line,
				"correlation: no rule has the id or name '%.*s' (or it was refused)",
				SLICE_ARG(r->refers[i]));
	}
	return true;
}

/* False when a base has no depth yet: what is left without one at the end goes round in a circle. */
static bool find_depth(struct rule *r)
{
	unsigned depth = 0;

	for (size_t i = 0; i < r->refers_count; i++) {
		const struct rule *base = r->bases[i];

		if (base->kind == RULE_CORRELATION && base->depth == 0)
			return false;
		depth = base->depth > depth ? base->depth : depth;
	}
	r->depth = depth + 1;
	return true;
}

static void drop_refused(struct ruleset *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->rule_count; i++)
		if (!set->rules[i]->is_refused)
			set->rules[kept++] = set->rules[i];
	set->rule_count = kept;
}

/* Finds what correlations refer to, until none is left that refers to a refused one. */
static void find_all_bases(struct loader *l)
{
	struct ruleset *set = l->set;
	size_t before;

	do {
		before = set->rule_count;
		for (size_t i = 0; i < set->rule_count; i++) {
			struct rule *r = set->rules[i];

			if (r->kind != RULE_CORRELATION || find_bases(l, r))
				continue;
			r->is_refused = true;
			refuse(l);
		}
		drop_refused(set);
	} while (set->rule_count < before);
}

static void find_depths(struct loader *l)
{
	struct ruleset *set = l->set;

	for (unsigned round = 0; round < CORRELATION_DEPTH_MAX; round++)
		for (size_t i = 0; i < set->rule_count; i++)
			if (set->rules[i]->kind == RULE_CORRELATION && set->rules[i]->depth == 0)
				(void)find_depth(set->rules[i]);
	for (size_t i = 0; i < set->rule_count; i++) {
		struct rule *r = set->rules[i];

		if (r->kind != RULE_CORRELATION ||
			(r->depth > 0 && r->depth <= CORRELATION_DEPTH_MAX))
			continue;
		r->is_refused = true;
		refuse_rule(l, r, r->refers_line,
			"correlation: refers to itself, or through more than 8 others");
	}
	drop_refused(set);
}

/* Rules that correlations refer to raise no alerts of their own, unless one of them says
 * `generate` or they say so themselves. */
static void settle_alerting(struct rule *r)
{
	bool network = false, information = false;

	for (size_t i = 0; i < r->refers_count; i++) {
		struct rule *base = r->bases[i];

		network |= base->domain != ALERT_INFORMATION;
		information |= base->domain != ALERT_NETWORK;
		if (r->generates && base->alerting == RULE_ALERTS_BY_DEFAULT)
			base->alerting = RULE_ALERTS;
		else if (base->alerting == RULE_ALERTS_BY_DEFAULT)
			base->alerts = false;
		base->window.is_chained |= base->kind == RULE_CORRELATION;
	}
	if (!r->has_domain)
		r->domain = network && information ? ALERT_BRIDGE
			: information              ? ALERT_INFORMATION
						   : ALERT_NETWORK;
}

/* What is silent has no silence after an alert either: its chain sees all it finds. */
static void settle_silence(struct rule *r)
{
	if (r->alerting != RULE_ALERTS_BY_DEFAULT)
		r->alerts = r->alerting == RULE_ALERTS;
	if (r->kind == RULE_CORRELATION && r->window.is_chained && !r->alerts && !r->says_suppress)
		r->window.suppress_us = 0;
}

static void feed_detection(struct loader *l, struct rule *r)
{
	struct feed *feeds;
	size_t count = make_feeds(l, &feeds, r, r);

	if (r->alerts)
		make_feed(l, &feeds[count++], r, r, r);
	r->feeds = feeds;
	r->feed_count = count;
}

static void resolve_all(struct loader *l)
{
	struct ruleset *set = l->set;

	for (size_t i = 0; i < set->rule_count; i++)
		set->rules[i]->alerts = true;
	find_all_bases(l);
	find_depths(l);
	find_all_bases(l);
	for (unsigned depth = 1; depth <= CORRELATION_DEPTH_MAX; depth++)
		for (size_t i = 0; i < set->rule_count; i++)
			if (set->rules[i]->depth == depth)
				settle_alerting(set->rules[i]);
	for (size_t i = 0; i < set->rule_count; i++)
		settle_silence(set->rules[i]);
	l->correlations = arena_array(set->arena, set->rule_count + 1, sizeof(struct rule *));
	for (size_t i = 0; i < set->rule_count; i++)
		if (set->rules[i]->kind == RULE_CORRELATION)
			l->correlations[l->correlation_count++] = set->rules[i];
	for (size_t i = 0; i < set->rule_count; i++)
		if (set->rules[i]->kind == RULE_DETECTION)
			feed_detection(l, set->rules[i]);
}

/* A rule may be silenced by eight others; a name that no rule has is refused with its rule named,
 * but the rule itself works. */
static void link_inhibitions(struct loader *l)
{
	for (size_t i = 0; i < l->set->rule_count; i++) {
		const struct rule *by = l->set->rules[i];
		const struct inhibition *says = &by->response.inhibition;

		for (size_t k = 0; k < says->rule_count; k++) {
			struct rule *r = referred(l, says->rules[k]);

			if (r && r->inhibitor_count < RULE_RELATED_MAX)
				r->inhibitors[r->inhibitor_count++] = by;
			else
				refuse_rule(l, by, by->line,
					"inhibits: no such rule, or eight rules inhibit it");
		}
	}
}

static struct route *route_for(struct ruleset *set, struct slice type)
{
	for (size_t i = 0; i < set->route_count; i++)
		if (slice_equal(set->routes[i].type, type))
			return &set->routes[i];
	set->routes = mem_resize(set->routes, set->route_count + 1, sizeof *set->routes);
	set->routes[set->route_count] = (struct route){.type = type};
	return &set->routes[set->route_count++];
}

static void route_add(struct route *route, const struct rule *r)
{
	route->rules = mem_resize(route->rules, route->count + 1, sizeof(struct rule *));
	route->rules[route->count++] = r;
}

/* First the types, so that a rule for any event stands in each of their routes. */
static void index_rules(struct ruleset *set)
{
	for (size_t i = 0; i < set->rule_count; i++)
		for (size_t k = 0; k < set->rules[i]->source.count; k++)
			(void)route_for(set, set->rules[i]->source.types[k]);
	for (size_t i = 0; i < set->rule_count; i++) {
		const struct rule *r = set->rules[i];

		if (r->feed_count == 0)
			continue;
		for (size_t k = 0; k < r->source.count; k++)
			route_add(route_for(set, r->source.types[k]), r);
		if (!r->source.any)
			continue;
		for (size_t k = 0; k < set->route_count; k++)
			route_add(&set->routes[k], r);
		route_add(&set->others, r);
	}
}

struct absence {
	const struct view_fields *fields;
	struct slice event_type;
};

static bool is_absent(const void *ctx, size_t slot)
{
	const struct absence *a = ctx;

	return !fieldmap_is_possible(a->event_type, view_fields_name(a->fields, slot));
}

static void find_lacking(const struct absence *a, const struct expr *e, struct slice *ret)
{
	for (size_t i = 0; i < e->count && ret->len == 0; i++)
		find_lacking(a, e->parts[i], ret);
	if (e->kind == EXPR_TEST && ret->len == 0 && is_absent(a, e->test.slot))
		*ret = view_fields_name(a->fields, e->test.slot);
}

/* Rules that name fields which no event has are loaded, but said to be so. */
static void find_impossible(struct ruleset *set)
{
	for (size_t i = 0; i < set->rule_count; i++) {
		struct rule *r = set->rules[i];
		const struct absence a = {set->fields, r->event_type};

		if (r->kind == RULE_DETECTION && !expr_can_hold(r->detection, is_absent, &a))
			find_lacking(&a, r->detection, &r->lacks);
	}
}

static void make_prefilters(struct ruleset *set)
{
	const struct cover_source source = {set->arena, set->fields};

	for (size_t i = 0; i < set->route_count; i++)
		set->routes[i].prefilter =
			prefilter_new(&source, set->routes[i].rules, set->routes[i].count);
	set->others.prefilter = prefilter_new(&source, set->others.rules, set->others.count);
}

static void read_vars(struct loader *l, const char *path)
{
	struct yaml_documents docs;

	if (!path)
		return;
	if (!yaml_read_file(l->set->arena, path, &docs, &l->err)) {
		refuse(l);
	} else if (docs.count != 1 || docs.at[0]->kind != YAML_MAP) {
		(void)err_set(&l->err, path, 1, "expected one map of placeholders");
		refuse(l);
	} else {
		l->source.detection.vars = docs.at[0];
	}
}

struct ruleset *ruleset_load(const struct ruleset_options *options)
{
	struct ruleset *set = mem_alloc(sizeof *set);
	struct loader l = {.set = set};
	CLEANUP(rule_files_release) struct rule_files files = {0};

	set->arena = arena_new();
	set->fields = view_fields_new(options->naming);
	set->regexes = regex_set_new();
	groups_default_init(&set->by_default, set->fields);
	l.source = (struct rule_source){.detection = {.arena = set->arena,
						.fields = set->fields,
						.regexes = set->regexes,
						.err = &l.err},
		.naming = options->naming,
		.lateness_us = options->lateness_us};
	read_vars(&l, options->vars_path);
	for (size_t i = 0; i < options->path_count; i++)
		if (!rule_files_find(set->arena, options->paths[i], &files, &l.err))
			refuse(&l);
	for (size_t i = 0; i < files.count; i++)
		load_file(&l, files.at[i]);
	apply_filters(set);
	resolve_all(&l);
	link_inhibitions(&l);
	index_rules(set);
	make_prefilters(set);
	if (options->naming == VIEW_SIGMA_NAMES)
		find_impossible(set);
	keymap_release(&l.by_id);
	keymap_release(&l.by_name);
	keymap_release(&l.shown);
	return set;
}

void ruleset_free(struct ruleset **rules)
{
	struct ruleset *set = *rules;

	if (!set)
		return;
	for (size_t i = 0; i < set->route_count; i++) {
		prefilter_free(&set->routes[i].prefilter);
		mem_free(set->routes[i].rules);
	}
	prefilter_free(&set->others.prefilter);
	mem_free(set->routes);
	mem_free(set->others.rules);
	mem_free(set->rules);
	mem_free(set->filters);
	mem_free(set->refused);
	regex_set_free(&set->regexes);
	view_fields_free(&set->fields);
	arena_free(&set->arena);
	mem_free(set);
	*rules = NULL;
}

const struct route *ruleset_route(const struct ruleset *rules, struct slice event_type)
{
	for (size_t i = 0; i < rules->route_count; i++)
		if (slice_equal(rules->routes[i].type, event_type))
			return &rules->routes[i];
	return &rules->others;
}
