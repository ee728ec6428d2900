/* Where a Redis listens: "unix:/path" or "host:port" ("[::1]:6379" too, and "::1:6379" as a node of
 * a cluster says it). */
#pragma once

#include "lib/err.h"
#include "lib/slice.h"

#include <sys/un.h>

enum { REDIS_HOST_MAX = 256, REDIS_PORT_MAX = 8 };

struct redis_address {
	bool is_unix;
	char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
	char host[REDIS_HOST_MAX];
	char port[REDIS_PORT_MAX];
};

bool redis_address_read(const char *text, struct redis_address *ret, struct err *err);

/* From a host and a port as a node tells them; false when they cannot be an address. */
bool redis_address_make(struct slice host, struct slice port, struct redis_address *ret);
bool redis_address_equal(const struct redis_address *a, const struct redis_address *b);

/* Connects without blocking for longer than the timeout (looking up a host name excepted). The
 * descriptor, which does not block, or -errno. */
int redis_address_connect(const struct redis_address *to, int64_t timeout_ms)
	__attribute__((warn_unused_result));

/* 0 when `fd` is ready for one of `events`, which `ret_ready` tells; -ETIMEDOUT or -errno. */
int redis_address_wait(int fd, short events, int64_t timeout_ms, short *ret_ready)
	__attribute__((warn_unused_result));
