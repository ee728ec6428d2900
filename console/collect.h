/* Brings alerts from the alert streams into the record: read, store, commit, and only then
 * acknowledge. What was stored but not acknowledged comes again and changes nothing, so that
 * SIGKILL at any time neither loses nor doubles an alert. */
#pragma once

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/metrics.h"
#include "lib/redis.h"

struct collect;

struct collect *collect_new(
	struct db *db, struct redis *r, const struct clock *clock, struct metrics *metrics);
void collect_free(struct collect **c);

/* One round; waits at most `block_ms` for a first alert. Gives the number of alerts that are new
 * or changed, or -errno when Redis or the record failed: all not acknowledged will come again. */
int collect_step(struct collect *c, int64_t block_ms) __attribute__((warn_unused_result));
const char *collect_said(const struct collect *c); /* why the last step failed, in words */
