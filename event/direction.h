/* Which way a flow goes, as told by our own networks: the event field "direction". */
#pragma once

#include "lib/address.h"

/* outbound, inbound, internal or external; `src` is the side that opened the flow. */
struct slice event_direction(const struct networks *home, struct address src, struct address dst);
