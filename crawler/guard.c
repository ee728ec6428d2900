#include "crawler/guard.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* IANA special-purpose registries: not global unicast. */
static const struct {
	uint32_t network;
	unsigned bits;
} blocked4[] = {
	{0x00000000, 8},
	{0x0A000000, 8},
	{0x64400000, 10},
	{0x7F000000, 8},
	{0xA9FE0000, 16},
	{0xAC100000, 12},
	{0xC0000000, 24},
	{0xC0000200, 24},
	{0xC0586300, 24},
	{0xC0A80000, 16},
	{0xC6120000, 15},
	{0xC6336400, 24},
	{0xCB007100, 24},
	{0xE0000000, 4},
	{0xF0000000, 4},
};

static bool public4(uint32_t address)
{
	for (size_t i = 0; i < sizeof blocked4 / sizeof blocked4[0]; i++)
		if ((address ^ blocked4[i].network) >> (32 - blocked4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* 2000::/3 is the global unicast space; what in it carries an IPv4 address is judged by that. */
static bool public6(const uint8_t a[16])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
	static const uint8_t nat64[12] = {0, 0x64, 0xFF, 0x9B};

	if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
		return public4(be32(a + 12));
	if ((a[0] & 0xE0) != 0x20)
		return false;
	if (a[0] == 0x20 && a[1] == 0x02)
		return public4(be32(a + 2));
	bool documentation = be32(a) == 0x20010DB8, teredo = be32(a) == 0x20010000;
	return !documentation && !teredo && be32(a) >> 4 != 0x2001001 && be32(a) >> 4 != 0x2001002;
}

bool guard_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof in);
		return public4(ntohl(in.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof in6);
		return public6(in6.sin6_addr.s6_addr);
	}
	return false;
}
