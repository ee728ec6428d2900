/* The target of a request, taken apart: /path?name=value&… with percent escapes undone. */
#pragma once

#include "lib/arena.h"

enum { REQUEST_PARAMS_MAX = 16 };

struct request_param {
	struct slice name, value;
};

struct request_target_limits {
	size_t len;       /* bytes of path and query */
	size_t param_len; /* bytes of the name or the value of a parameter, decoded */
};

struct request_target {
	struct slice path;
	struct request_param params[REQUEST_PARAMS_MAX];
	size_t count;
};

/* False for what is no origin-form target, holds a bad or zero escape, is no UTF-8, or has too
 * many or too long parameters. Lives in the arena. */
bool request_target_read(struct arena *a, struct slice raw,
	const struct request_target_limits *limits, struct request_target *ret);

/* The first parameter of the name; "" when there is none. */
struct slice request_target_param(const struct request_target *target, const char *name);
