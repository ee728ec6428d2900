/* Alerts as lines of a file: {"key":"…","purpose":"…","alert":{…}}, each key once. */
#pragma once

#include "courier/target.h"

extern const struct target_kind ndjson_kind;

void ndjson_write(const struct parcel *parcel, struct buf *out);
