/* The key figures of each program, picked from the metrics it reports. */
#pragma once

#include "lib/json_read.h"

struct buf;

enum figure_meaning {
	FIGURE_COUNT,   /* shown only; of several labels the sum */
	FIGURE_LARGEST, /* shown only; of several labels the largest */
	FIGURE_FAULTS,  /* the sum; anything but 0 means that something does not work now */
	FIGURE_UP,      /* the sum; 0 means that something does not work now */
};

/* What was lost since a program started is shown, but is no fault of now. */
struct figure {
	const char *program, *metric;
	const char *label;
	enum figure_meaning meaning;
};

bool figure_is_fault(const struct figure *figure, int64_t value);

/* Calls `fn` for each figure of `program` found in `metrics` (an object). */
typedef void figures_fn(void *ctx, const struct figure *figure, int64_t value);
void figures_each(struct slice program, struct json_value metrics, figures_fn *fn, void *ctx);
