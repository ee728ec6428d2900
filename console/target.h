/* The target of a request, taken apart: /path?name=value&… with percent escapes undone. */
#pragma once

#include "console/limits.h"
#include "lib/arena.h"

struct target_param {
	struct slice name, value;
};

struct target {
	struct slice path;
	struct target_param params[PARAMS_MAX];
	size_t count;
};

/* False for what is no origin-form target, holds a bad or zero escape, is no UTF-8, or has too
 * many or too long parameters. Lives in the arena. */
bool target_read(struct arena *a, struct slice raw, struct target *ret);

/* The first parameter of the name; "" when there is none. */
struct slice target_param(const struct target *target, const char *name);
