/* Spans of time as Sigma writes them: 90s, 5m, 1h, 7d. */
#pragma once

#include "lib/slice.h"

/* At most CORRELATION_TIMESPAN_MAX_S; 0s is fine. */
bool duration_read(struct slice text, int64_t *ret_us);
