/* Which way a flow goes, as told by our own networks: the event field "direction". */
#pragma once

#include "lib/address.h"

/* What counts as ours unless configured otherwise: private, link-local, loopback, multicast. */
#define HOME_NETWORKS_FALLBACK                                                                     \
	"[10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, \"fc00::/7\", 169.254.0.0/16, "               \
	"\"fe80::/10\", 127.0.0.0/8, \"::1\", 224.0.0.0/4, \"ff00::/8\", 255.255.255.255]"

/* outbound, inbound, internal or external; `src` is the side that opened the flow. */
struct slice event_direction(const struct networks *home, struct address src, struct address dst);
