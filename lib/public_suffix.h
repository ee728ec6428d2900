/* The registrable domain of a host name by the public suffix list (through libpsl).
 *
 *     struct slice domain = public_suffix_domain(SLICE("a.b.danang.gov.vn"));    "danang.gov.vn"
 *
 * Any thread may call; nothing is allocated. */
#pragma once

#include "lib/slice.h"

/* The end of `host` that can be registered; empty for an address, a bare suffix ("gov.vn"), a
 * single label or a name longer than 253 bytes. Upper case and one final dot are accepted. */
struct slice public_suffix_domain(struct slice host);

/* True for "1.2.3.4", "::1", "[::1]". */
bool public_suffix_is_address(struct slice host);
