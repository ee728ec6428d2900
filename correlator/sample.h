/* The part of an event that an alert shows: the fields that identify it and those that its rule
 * names, nested as in the event, long texts and lists cut. */
#pragma once

#include "correlator/view.h"
#include "lib/buf.h"

/* Slots of the fields that identify any event; gives how many. */
enum { SAMPLE_IDENTITY_COUNT = 18 };
size_t sample_identity(struct view_fields *fields, size_t ret[SAMPLE_IDENTITY_COUNT]);

/* Sorts by path and drops what is there twice or inside another; gives how many are left. */
size_t sample_order(const struct view_fields *fields, size_t *slots, size_t count);

/* Appends a JSON object of at most SAMPLE_LEN_MAX bytes; fields that do not fit are left out.
 * `slots` are in the order of sample_order(). */
void sample_write(struct view *v, const struct view_fields *fields, const size_t *slots,
	size_t count, struct buf *out);
