/* Which events a rule looks at: Sigma's log source as event types of ours. */
#pragma once

#include "lib/err.h"
#include "lib/yaml.h"

enum { LOGSOURCE_TYPES_MAX = 4 };

struct logsource {
	bool any; /* every event */
	struct slice types[LOGSOURCE_TYPES_MAX];
	size_t count;            /* 0 without .any: nothing this appliance sees */
	const char *needs_field; /* NULL, or a field that must be there as well */
	bool of_information;     /* articles and our own sites, not traffic */
};

bool logsource_read(
	const struct yaml_node *rule, struct logsource *ret, const char *file, struct err *err);
