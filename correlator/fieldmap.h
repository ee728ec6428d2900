/* From the field names of Sigma rules to places in our events, by the event type that a rule looks
 * at: correlator/fieldmap.def, and the names beside each field in event/fields.def.
 *
 *     struct view_target t;
 *     if (fieldmap_find(SLICE("http"), SLICE("cs-uri-stem"), &t)) …     http.url up to its '?' */
#pragma once

#include "correlator/view.h"

bool fieldmap_find(struct slice event_type, struct slice name, struct view_target *ret);

/* Whether events may have a field of that name: one that is mapped, one of ours, or one in an object
 * that other sensors write. */
bool fieldmap_is_possible(struct slice event_type, struct slice name);

/* The rows, for the documentation; NULL after the last. */
struct fieldmap_row {
	const char *event_type, *name;
	struct view_target target;
};
const struct fieldmap_row *fieldmap_row(size_t i);
