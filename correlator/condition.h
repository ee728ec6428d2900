/* Sigma's condition language: and, or, not, parentheses, `1 of x*`, `all of x*`, `1 of them`.
 * Names that start with an underscore are not among `them`. */
#pragma once

#include "correlator/expr.h"
#include "lib/err.h"

struct condition_name {
	struct slice name;
	struct expr *expr;
};

struct condition_source {
	struct arena *arena;
	const struct condition_name *names;
	size_t name_count;
	const char *file;
	unsigned line;
};

/* NULL with `err` set when the text is no condition over these names. */
struct expr *condition_read(
	const struct condition_source *source, struct slice text, struct err *err);
