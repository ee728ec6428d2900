/* Makes the alert of a window that has fired. */
#pragma once

#include "correlator/engine.h"
#include "correlator/explain.h"

/* Appends the alert as JSON. `now_us` is when it is raised. */
void raise_alert(struct explain *x, const struct rule_hit *cause, const struct window *w,
	const struct window_verdict *verdict, int64_t now_us, struct buf *out);
