/* Addresses of requests, and paths of files, without what belongs to a person: browsers and proxies send names,
 * passwords and tokens in them.
 *
 *     http://an:secret@host/a?page=2&token=abc    becomes    http://host/a?page=2&token=*
 */
#pragma once

#include "lib/slice.h"

/* Writes `url` to `to`, `room` bytes at most, without the user before its host, and with '*' for
 * the values of parameters whose names say that they are secrets or persons. Returns the length. */
size_t url_mask(struct slice url, char *to, size_t room);

/* "host:port" of "user:password@host:port". */
struct slice url_without_user(struct slice authority);

/* Writes `path` to `to`, `room` bytes at most, with '*' for the folder below users, home, profiles or
 * "documents and settings", which bears the name of an account. Returns the length. */
size_t path_mask(struct slice path, char *to, size_t room);
