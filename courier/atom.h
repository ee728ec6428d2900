/* The kind "atom": the newest alerts as an Atom feed (RFC 4287) at /feed/TOKEN, or at /feed for readers
 * that send their token. An alert is one entry, which is updated as the alert is. */
#pragma once

#include "courier/publish.h"

extern const struct target_kind atom_kind;

/* Text for XML 1.0: its five special characters escaped, and what XML cannot hold left out. */
void atom_add_text(struct buf *out, struct slice text);
