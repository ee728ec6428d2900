/* Numbers and names that point at a person are masked before a text is kept anywhere: telephone
 * numbers, 12-digit identity numbers, account numbers, e-mail addresses, @handles.
 *
 *     struct slice safe = mask_personal(a, text);     ("gọi 0905…" becomes "gọi [số điện thoại]") */
#pragma once

#include "lib/arena.h"

struct slice mask_personal(struct arena *a, struct slice utf8);
