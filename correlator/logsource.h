/* Which events a rule looks at: Sigma's log source as event types of ours. */
#pragma once

#include "lib/err.h"
#include "lib/yaml.h"

enum { LOGSOURCE_TYPES_MAX = 4 };

struct logsource {
	struct slice category, product, service; /* as written; "" when not */
	bool any;                                /* every event */
	struct slice types[LOGSOURCE_TYPES_MAX];
	size_t count;            /* 0 without .any: nothing this appliance sees */
	const char *needs_field; /* NULL, or a field that must be there as well */
	bool of_information;     /* articles and our own sites, not traffic */
};

bool logsource_read(
	const struct yaml_node *rule, struct logsource *ret, const char *file, struct err *err);

/* Only what is written, for rules that look at every event. */
bool logsource_read_names(
	const struct yaml_node *rule, struct logsource *ret, const char *file, struct err *err);

/* Whether `outer` says nothing that `inner` does not say too. */
bool logsource_covers(const struct logsource *outer, const struct logsource *inner);
