/* The groups an event belongs to: one per combination of the elements of the fields that a rule
 * groups by, each as a JSON object of those fields. */
#pragma once

#include "correlator/rule.h"

struct groups {
	struct slice at[GROUPS_PER_EVENT_MAX];
	size_t count;
};

/* A correlation counts only events that have all the fields; a single event is in a group of
 * those it has. Texts live in the arena. */
void groups_of(struct view *v, const struct feed *feed, struct arena *a, struct groups *ret);

/* For rules that name no field: what identifies the subject of an event of its kind. */
struct groups_default {
	size_t lookalike, site_check, story, article, source, destination;
};
void groups_default_init(struct groups_default *d, struct view_fields *fields);
void groups_by_default(
	struct view *v, const struct groups_default *d, struct arena *a, struct groups *ret);

/* A hash per combination of the elements of the counted fields; gives how many. */
size_t groups_values(struct view *v, const struct feed *feed, uint64_t ret[VALUES_PER_EVENT_MAX]);
