/* A generation of rules: read from files and folders, resolved, indexed by event type. It never
 * changes; a reload makes a new one. What cannot be loaded is refused, each with its place and
 * reason, and the rest is loaded.
 *
 *     struct ruleset *rules = ruleset_load(&options);
 *     for (size_t i = 0; i < rules->refused_count; i++)
 *             log_warning("%s", rules->refused[i]);
 *     const struct route *r = ruleset_route(rules, SLICE("dns"));
 *     ruleset_free(&rules); */
#pragma once

#include "correlator/filter.h"
#include "correlator/groups.h"
#include "correlator/keymap.h"
#include "correlator/prefilter.h"
#include "correlator/rule.h"
#include "correlator/sample.h"

struct route {
	struct slice type;
	const struct rule **rules;
	size_t count;
	struct prefilter *prefilter;
};

struct ruleset {
	struct arena *arena;
	struct view_fields *fields;
	struct regex_set *regexes;
	struct rule **rules;
	size_t rule_count;
	struct filter **filters;
	size_t filter_count;
	char **refused; /* "file:line: reason" */
	size_t refused_count;
	struct route *routes;
	size_t route_count;
	struct groups_default by_default;
	struct route others; /* for event types that no route names */
};

struct ruleset_options {
	const char *const *paths; /* files, or folders searched for .yml and .yaml */
	size_t path_count;
	enum view_naming naming; /* verbatim: field names as they are, log sources ignored */
	const char *vars_path;   /* YAML map of placeholders for `expand`; NULL: none */
	int64_t lateness_us;
};

struct ruleset *ruleset_load(const struct ruleset_options *options);
void ruleset_free(struct ruleset **rules);

const struct route *ruleset_route(const struct ruleset *rules, struct slice event_type);
