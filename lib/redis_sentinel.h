/* Which Redis is master, as sentinels tell (Redis Sentinel, "Guidelines for clients"): asks one
 * after the other until one knows, and listens to it for a change. */
#pragma once

#include "lib/redis_link.h"

struct redis_sentinel;

/* options->nodes are the sentinels' addresses; user and password of the data nodes are not sent to
 * them. The time-out and clock of `login` count. */
struct redis_sentinel *redis_sentinel_new(
	const struct redis_options *options, const struct redis_login *login);
void redis_sentinel_free(struct redis_sentinel **s);

int redis_sentinel_master(struct redis_sentinel *s, struct redis_address *ret)
	__attribute__((warn_unused_result));

/* Whether another master was announced since redis_sentinel_master(); does not block. */
bool redis_sentinel_moved(struct redis_sentinel *s);

const char *redis_sentinel_said(const struct redis_sentinel *s);
