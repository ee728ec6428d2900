/* A Sigma filter: a condition that is added, with `and`, to the detections of the rules it names, as
 * far as they are of its log source.
 *
 *     struct filter *f = filter_read(&source, document);
 *     if (filter_applies(f, rule))
 *             rule->detection = expr_group(arena, EXPR_AND, pair, 2); */
#pragma once

#include "correlator/rule.h"

struct filter {
	struct slice title;
	const char *path;
	unsigned line;
	struct logsource source;
	const struct yaml_node *rules; /* a list of ids and names; NULL: any rule */
	struct expr *detection;
	size_t applied; /* to how many rules */
};

/* NULL with the error of source->detection set. */
struct filter *filter_read(struct rule_source *source, const struct yaml_node *document);
bool filter_applies(const struct filter *f, const struct rule *r);
