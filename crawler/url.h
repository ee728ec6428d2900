/* Web addresses as browsers read them (WHATWG URL, http and https only).
 *
 *     struct url url;
 *     if (url_parse(a, SLICE("../b?c"), &base, &url))
 *             fetch(url.href);
 *
 * Everything in a struct url lives in the arena. */
#pragma once

#include "lib/arena.h"

enum { URL_LEN_MAX = 4096 };

struct url {
	struct slice href;   /* the whole, in normal form, NUL-terminated */
	struct slice scheme; /* "http" or "https" */
	struct slice host;   /* lower case, ASCII; "[::1]" in brackets */
	struct slice target; /* path and query, as sent in a request */
	struct slice path;
	uint16_t port;
	bool has_userinfo;
	struct slice fragment; /* without '#' */
};

/* `base` may be NULL. False when the text is no http(s) address or longer than URL_LEN_MAX. */
bool url_parse(struct arena *a, struct slice text, const struct url *base, struct url *ret);

/* The address under which a page is known: no fragment, no tracking
 * (utm_…, fbclid) or session parameters. */
struct slice url_identity(struct arena *a, const struct url *url);

/* True when both have the same scheme, host and port. */
bool url_same_origin(const struct url *a, const struct url *b);
