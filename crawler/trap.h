/* Addresses that lead nowhere new: calendars without end, paths that repeat themselves, queries
 * that grow. A link to one is refused with its reason.
 *
 *     const char *trap = trap_of(&url, now_year);
 *     if (trap != NULL)
 *             account_refuse(account, trap); */
#pragma once

#include "crawler/url.h"

enum {
	TRAP_SEGMENTS_MAX = 16,
	TRAP_REPEATS_MAX = 3, /* how often one segment of a path may stand in it */
	TRAP_PARAMETERS_MAX = 12,
	TRAP_QUERY_MAX = 600, /* bytes */
};

/* "trap_depth", "trap_repeat", "trap_query", "trap_calendar", or NULL. */
const char *trap_of(const struct url *url, int now_year);
