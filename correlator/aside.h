/* Events that could not be used, set aside in the stream REFUSED_STREAM for an operator to look at
 * (`haidang refused`): the newest thousand, cut to what shows what is wrong with them. More than a few
 * in one round are only counted, in haidang_correlator_refused_total.
 *
 *     struct aside *a = aside_new(redis);
 *     aside_add(a, &entry, "json", line);
 *     aside_write(a);                       (before the round is acknowledged)
 *     aside_free(&a);
 *
 * One that is read again after a failure is set aside again. */
#pragma once

#include "correlator/intake.h"

struct aside;

struct aside *aside_new(struct redis *redis);
void aside_free(struct aside **a);

/* `event` is the line as it came; empty when there is none. */
void aside_add(
	struct aside *a, const struct intake_entry *entry, const char *reason, struct slice event);

/* 0 or -errno when Redis is away; that it refuses is no failure. */
int aside_write(struct aside *a) __attribute__((warn_unused_result));
