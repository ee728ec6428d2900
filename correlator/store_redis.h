/* Windows in Redis, with the latest ones kept here as well, so that a busy window costs one command
 * per batch. A write names the version it follows and is refused when another worker wrote since;
 * the alerts that come of it are published by the same script. */
#pragma once

#include "correlator/store.h"
#include "lib/metrics.h"
#include "lib/redis.h"

struct store_redis_options {
	struct redis *redis;
	size_t cache_len_max;  /* bytes of windows kept here */
	int64_t alert_len_max; /* alerts kept in each of the alert streams, about */
};

struct store *store_redis_new(const struct store_redis_options *options);
void store_redis_free(struct store **s);

/* After any failure: what is kept here may be newer than what Redis still has. */
void store_redis_forget(struct store *s);

const char *store_redis_said(const struct store *s); /* why the last call failed */
