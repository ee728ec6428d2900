/* A block of IPv4 or IPv6 addresses: "10.0.0.0/8", "2001:db8::/32", or a single address. */
#pragma once

#include "lib/slice.h"

struct cidr {
	uint8_t address[16];
	unsigned family; /* AF_INET or AF_INET6 */
	unsigned prefix; /* bits */
};

bool cidr_read(struct slice text, struct cidr *ret);
bool cidr_holds(const struct cidr *c, struct slice address);
