/* The key figures of each program, picked from the metrics it reports. */
#pragma once

#include "lib/json_read.h"

struct buf;

enum figure_meaning {
	FIGURE_COUNT,
	FIGURE_LOSS,    /* anything but 0 means that something was lost */
	FIGURE_FAILING, /* anything but 0 means that something does not work now */
};

struct figure {
	const char *program, *metric; /* all labels added up */
	const char *label;
	enum figure_meaning meaning;
};

/* Calls `fn` for each figure of `program` found in `metrics` (an object). */
typedef void figures_fn(void *ctx, const struct figure *figure, int64_t value);
void figures_each(struct slice program, struct json_value metrics, figures_fn *fn, void *ctx);
