/* Makes the alert of a window that has fired. */
#pragma once

#include "correlator/engine.h"
#include "correlator/explain.h"
#include "correlator/mutes.h"
#include "correlator/offices.h"

/* A window that has fired, and why. */
struct raise {
	const struct rule_hit *cause; /* the last hit */
	const struct window *window;
	const struct window_verdict *verdict;
	int64_t now_us;                /* when the alert is raised */
	const char *revised_for;       /* "" for a new alert, whose revision is 1 */
	const struct offices *offices; /* or NULL */
	struct mutes *mutes;           /* or NULL */
};

/* Appends the alert as JSON; false when a mute holds it back. */
bool raise_alert(
	struct explain *x, const struct raise *raise, struct buf *out, struct slice *ret_muted_by);
