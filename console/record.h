/* The tables of the record, and what opens them: one call for every program part that works on
 * it, so that all agree on the version. */
#pragma once

#include "lib/db.h"

/* Opens the record at `path`, making it or bringing it up to date. NULL with an error. */
struct db *record_open(const char *path, struct err *err);
