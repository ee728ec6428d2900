#include "correlator/cidr.h"

#include <arpa/inet.h>
#include <string.h>

static bool address_read(struct slice text, uint8_t ret[16], unsigned *ret_family)
{
	char address[INET6_ADDRSTRLEN + 1];

	if (text.len == 0 || text.len >= sizeof address)
		return false;
	memcpy(address, text.at, text.len);
	address[text.len] = '\0';
	*ret_family = slice_find_byte(text, ':') < text.len ? AF_INET6 : AF_INET;
	return inet_pton((int)*ret_family, address, ret) == 1;
}

bool cidr_read(struct slice text, struct cidr *ret)
{
	size_t slash = slice_find_byte(text, '/');
	uint64_t prefix;

	*ret = (struct cidr){0};
	if (!address_read(slice_over(text.at, slash), ret->address, &ret->family))
		return false;
	ret->prefix = ret->family == AF_INET ? 32 : 128;
	if (slash == text.len)
		return true;
	if (!slice_to_u64(slice_from(text, slash + 1), &prefix) || prefix > ret->prefix)
		return false;
	ret->prefix = (unsigned)prefix;
	return true;
}

bool cidr_holds(const struct cidr *c, struct slice address)
{
	uint8_t bytes[16] = {0};
	unsigned family, whole = c->prefix / 8, rest = c->prefix % 8;

	if (!address_read(address, bytes, &family) || family != c->family)
		return false;
	if (memcmp(bytes, c->address, whole) != 0)
		return false;
	return rest == 0 || (bytes[whole] ^ c->address[whole]) >> (8 - rest) == 0;
}
