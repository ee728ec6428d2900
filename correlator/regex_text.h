/* A text that every match of a regular expression holds, if one is easily seen: the longest run of
 * plain characters outside of groups. Letters may be in either case in the match.
 *
 *     regex_text(SLICE("^/cgi-bin/[a-z]+\\.php$"), &out);      "/cgi-bin/" */
#pragma once

#include "lib/buf.h"

/* Empty when none is seen. */
void regex_text(struct slice expression, struct buf *out);
