/* Which alerts go where, as people wrote it down (rules/routes.yaml):
 *
 *     holidays: [2026-09-02]
 *     routes:
 *       - name: soc
 *         min_level: high
 *         domains: [network, bridge]
 *         hours: [{days: [mon, tue, wed, thu, fri], from: "07:30", to: "17:00", holidays: without}]
 *         to: [soc, duty]
 *         escalate: {to: [chief], after: 15m}
 *
 * An alert goes to the targets of every route that fits it; of a route, all conditions given must
 * hold and one that is not given always does. Hours are those in which the alert was raised, so that
 * what follows from an alert never depends on when it is looked at. Nothing of the information side
 * goes to a target of the police but what class_of() names: such a route is refused.
 *
 * Routes never change once read; any thread may ask. */
#pragma once

#include "courier/config.h"
#include "event/alert.h"

enum { ROUTE_NAME_MAX = 64 };

struct routes;

struct route {
	const char *name;
	uint32_t to, escalate_to; /* bits 1 << index of the target */
	int64_t escalate_after_ms;
};

/* Routes from config->routes; without a file, one that fits all and goes to every target. An
 * error names file, line and field. `ret_refused` says that the only thing wrong
 * is a way of the information side to the police. */
const struct routes *routes_read(
	struct arena *a, const struct courier_config *config, bool *ret_refused, struct err *err);

/* The next route after `after` (NULL: the first) that fits the alert, or NULL. */
const struct route *routes_match(
	const struct routes *r, const struct alert *alert, const struct route *after);

/* Whether a route, and the target's own settings, want the alert there. */
bool routes_want(const struct routes *r, size_t target, const struct alert *alert);

/* Whether the target may have it at all, whatever routes and earlier deliveries say: the police get
 * of the information side only the classes that class_of() knows. */
bool routes_permit(const struct target_config *target, const struct alert *alert);
