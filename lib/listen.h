/* The socket a server listens on, from a setting. */
#pragma once

#include "lib/err.h"

enum { LISTEN_URL_MAX = 80 };

/* Listens at "127.0.0.1:8480" or "[::1]:0" (addresses in numbers; port 0: any free one), or at
 * "unix:PATH", for owner and group, in place of a socket nobody listens at any more. The descriptor,
 * or -1 with an error, which names the setting. */
int listen_open(const char *setting, const char *address, struct err *err);

/* Whether listen_open() would understand the address. */
bool listen_check(const char *setting, const char *address, struct err *err);

/* Where it really listens, when that is no Unix socket: "http://127.0.0.1:41234/". */
void listen_url(int fd, char ret_url[LISTEN_URL_MAX]);
