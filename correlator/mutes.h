/* The mutes as a worker knows them: looked at each second, and what they muted told to Redis.
 *
 *     struct mutes *m = mutes_new(redis, clock);
 *     if (mutes_refresh(m) < 0) …                           (each second)
 *     if (mutes_find(m, &alert, &id)) mutes_count(m, id);   (per alert) */
#pragma once

#include "event/mute.h"
#include "lib/redis.h"

struct mutes;

struct mutes *mutes_new(struct redis *redis, const struct clock *clock);
void mutes_free(struct mutes **m);

/* 0 or -errno. What was counted is told at most once: a worker that is killed may have muted up to
 * a second of alerts that the counter does not show. A list that cannot be read changes nothing. */
int mutes_refresh(struct mutes *m) __attribute__((warn_unused_result));

/* False when no mute fits. The id is borrowed until the next refresh. */
bool mutes_find(struct mutes *m, const struct alert *alert, struct slice *ret_id);
void mutes_count(struct mutes *m, struct slice id);
size_t mutes_known(const struct mutes *m);
