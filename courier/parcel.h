/* From an alert's JSON to a parcel that can be sent, and whether a target wants it. */
#pragma once

#include "courier/queue.h"
#include "courier/target.h"

struct parcel_reader;

struct parcel_reader *parcel_reader_new(void);
void parcel_reader_free(struct parcel_reader **r);

/* False for an alert that cannot be read. The parcel is borrowed from reader and JSON, until the
 * next call; its key is in the reader's keeping too. */
bool parcel_read(struct parcel_reader *r, struct slice json, struct parcel *ret, struct err *err);

/* Whether the alert of the last parcel_read() is one for this target. */
bool parcel_is_wanted(const struct parcel_reader *r, const struct target_config *target);
