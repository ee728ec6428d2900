/* Alerts that wait for the next digest, in a journal beside the courier's other files:
 *
 *     STATE/courier-NAME.digest      those of the running period
 *     STATE/courier-NAME.digest.1    those of a period that ended, not mailed yet
 *     STATE/courier-NAME.digest.2    those mailed last
 *
 *     digest_add(d, &parcel);  digest_sync(d);
 *     if (digest_is_due(d)) {
 *             digest_compose(d, console, &letter, id);
 *             ... mail it ...
 *             digest_sent(d);
 *     }
 *
 * A digest keeps its id until it was sent, so that one mailed again after a crash is known. */
#pragma once

#include "courier/letter.h"
#include "courier/target.h"

struct digest;

enum { DIGEST_ID_MAX = 64, DIGEST_TIMES_MAX = 24 };

/* "06:00" in Viet Nam. */
bool digest_times_check(const struct config_texts *times, struct err *err);

struct digest *digest_open(const struct target_place *place, struct err *err);
void digest_close(struct digest **d);

int digest_add(struct digest *d, const struct parcel *parcel) __attribute__((warn_unused_result));
int digest_sync(struct digest *d) __attribute__((warn_unused_result));

/* Whether a period ended in which there was something. */
bool digest_is_due(struct digest *d);
bool digest_compose(struct digest *d, const char *console, struct letter *ret_letter,
	char ret_id[DIGEST_ID_MAX]);
void digest_sent(struct digest *d);

/* When the period ends in which `wall_us` lies: the next multiple of `every_ms`, or the next of the
 * times of day. */
int64_t digest_period_end(int64_t wall_us, int64_t every_ms, const struct config_texts *times);
