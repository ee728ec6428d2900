/* From an alert's JSON to a parcel that can be sent. */
#pragma once

#include "courier/queue.h"
#include "courier/target.h"

struct parcel_reader;

struct parcel_reader *parcel_reader_new(void);
void parcel_reader_free(struct parcel_reader **r);

/* False for an alert that cannot be read. The parcel is borrowed from reader and JSON, until the
 * next call; its key is in the reader's keeping too. */
bool parcel_read(struct parcel_reader *r, struct slice json, struct parcel *ret, struct err *err);
