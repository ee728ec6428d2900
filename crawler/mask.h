/* Numbers and names that point at a person are masked before a text is kept anywhere: telephone
 * numbers, 12-digit identity numbers, account numbers, e-mail addresses, @handles.
 *
 *     struct slice safe = mask_personal(a, text);     ("gọi 0905…" becomes "gọi [số điện thoại]") */
#pragma once

#include "lib/arena.h"

struct slice mask_personal(struct arena *a, struct slice utf8);

/* Length of a mask such as "[số điện thoại]" at the start of a text; 0 when there is none. */
size_t mask_len(struct slice utf8);

/* The same for an address: "https://x.vn/@ten/1" becomes "https://x.vn/-/1". The host stays. */
struct slice mask_address(struct arena *a, struct slice href);
