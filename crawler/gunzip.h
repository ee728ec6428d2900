/* gzip files (through zlib), as sitemaps are often sent, bounded before they grow. */
#pragma once

#include "lib/arena.h"

bool gunzip_is(struct slice bytes);

/* False when the bytes are no gzip or unpack to more than `len_max`; what came before a fault in
 * the middle is given all the same. */
bool gunzip(struct arena *a, struct slice bytes, size_t len_max, struct slice *ret);
