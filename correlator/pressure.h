/* How full Redis is, so that the correlator can make less of what anybody can make it keep. */
#pragma once

#include "lib/redis.h"

/* Share of maxmemory in use, in percent; 0 when Redis has no bound or does not say. */
unsigned pressure_of(struct slice info);

/* Asks Redis (INFO memory): of a cluster's nodes the fullest counts. 0 or -errno. */
int pressure_read(struct redis *r, unsigned *ret_percent) __attribute__((warn_unused_result));
