/* The value of a cookie in a Cookie header (RFC 6265 §4.2.1); "" when there is none of the name
 * or, so that nobody can slip a second one in, more than one. Borrowed from the header. */
#pragma once

#include "lib/slice.h"

struct slice cookie_find(struct slice header, struct slice name);
