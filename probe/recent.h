/* What was seen a short while ago, so that it is not said again: a fixed number of places, the
 * newer of two that fall on one place stays.
 *
 *     if (recent_add(r, hash_of_name_and_client, now_us))
 *             ...                              (not seen for `silence_us`) */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct recent;

struct recent *recent_new(int64_t silence_us);
void recent_free(struct recent **r);

/* True when `hash` was not added within the time of silence before `now_us`. */
bool recent_add(struct recent *r, uint64_t hash, int64_t now_us);
