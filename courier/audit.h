/* What was done or refused with the courier that somebody must be able to ask for later, in the
 * Redis stream COURIER_AUDIT: fields at, what, target, id, reason. Never a secret, never an alert's
 * text. */
#pragma once

#include "courier/config.h"
#include "lib/redis.h"

struct audit_row {
	const char *what; /* "retried", "dropped", "route_refused" */
	const char *target, *id, *reason;
};

/* 0 or -errno. */
int audit_write(struct redis *r, const struct clock *clock, const struct audit_row *row)
	__attribute__((warn_unused_result));

/* Records that a route was refused, if Redis can be reached. */
void audit_refusal(const struct courier_config *config, const char *said);
