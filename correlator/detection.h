/* Reads the `detection` section of a Sigma rule into one expression.
 *
 *     struct detection_source source = {.arena = a, .fields = fields, .regexes = set, .file = path};
 *     struct expr *e = detection_read(&source, yaml_get(rule, "detection"), &err); */
#pragma once

#include "correlator/expr.h"
#include "lib/yaml.h"

struct detection_source {
	struct arena *arena;
	struct view_fields *fields;
	struct regex_set *regexes;
	const struct yaml_node *vars; /* a map: placeholder -> value or list; NULL: none known */
	const char *file;
	struct err *err;
	struct slice
		event_type; /* that the rule looks at, for the names of fields; "" for several */
	bool maps_names;    /* by fieldmap.h */
	size_t values;      /* read so far */
};

/* The slot of a field that a rule names. */
size_t detection_slot(const struct detection_source *source, struct slice name);

/* The section of a rule or of a filter, whose `rules` are no search. NULL with source->err set. */
struct expr *detection_read(struct detection_source *source, const struct yaml_node *detection);
struct expr *detection_read_filter(struct detection_source *source, const struct yaml_node *filter);
