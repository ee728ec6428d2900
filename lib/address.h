/* Internet addresses as 16 bytes: IPv6 as it is, IPv4 as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), so
 * that one comparison, one table and one list of networks serve both.
 *
 *     struct networks *home = networks_new(texts, count, &err);
 *     if (networks_hold(home, packet.src)) ...
 *     networks_free(&home);
 *
 * A list of networks never changes and may be read by any thread. */
#pragma once

#include "lib/err.h"
#include "lib/slice.h"

struct address {
	uint64_t words[2]; /* the 16 bytes in network order */
};

enum { ADDRESS_TEXT_MAX = 46 };

struct address address_v4(const uint8_t bytes[4]);
struct address address_v6(const uint8_t bytes[16]);
bool address_is_v4(struct address a);

/* Dotted or RFC 4291 text, without a prefix length or zone. */
bool address_read(struct slice text, struct address *ret);

/* The bytes of the address alone: 4 or 16 of them. */
struct slice address_bytes(const struct address *a);

/* Dotted or RFC 5952 text; returns its length. */
size_t address_write(struct address a, char ret_text[ADDRESS_TEXT_MAX]);

struct networks;

/* `texts` are CIDR blocks or single addresses: 10.0.0.0/8, fd00::/8, 192.0.2.1. NULL with an
 * error on anything else. */
struct networks *networks_new(char *const *texts, size_t count, struct err *err);
void networks_free(struct networks **n);
bool networks_hold(const struct networks *n, struct address a);
