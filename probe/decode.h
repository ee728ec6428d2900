/* From the bytes of a frame to addresses, ports and payload: Ethernet with VLAN tags (802.1Q,
 * 802.1ad), Linux cooked (SLL, SLL2), raw IP and loopback; IPv4, IPv6 with extension headers; TCP,
 * UDP, ICMP, ICMPv6.
 *
 *     struct packet p;
 *     if (decode(LINK_ETHERNET, &frame, &p) == DECODE_OK)
 *             ...
 *
 * Pointers in the result are borrowed from the frame. Nothing is read past its captured bytes,
 * and lengths that the headers claim are cut down to what was captured. */
#pragma once

#include "lib/address.h"

enum link { LINK_ETHERNET, LINK_RAW, LINK_NULL, LINK_SLL, LINK_SLL2, LINK_UNKNOWN };

struct frame {
	int64_t time_us; /* since 1970 */
	const uint8_t *bytes;
	uint32_t captured, wire; /* bytes here, bytes that were on the wire */
};

enum decode_result {
	DECODE_OK,
	DECODE_OTHER, /* no IP inside: ARP, STP … */
	DECODE_SHORT, /* ends inside a header */
	DECODE_BAD,   /* a header contradicts itself */
};

enum { VLAN_DEPTH_MAX = 2, EXTENSIONS_MAX = 8, LINK_HEADERS_MAX = 6 };

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMPV6 = 58 };

enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

enum fragment { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };

struct packet {
	int64_t time_us;
	uint32_t wire; /* bytes on the wire, link layer included */
	struct address src, dst;
	uint16_t src_port, dst_port;   /* 0 where there are none */
	uint16_t vlan[VLAN_DEPTH_MAX]; /* outermost first */
	uint8_t vlan_count;
	uint8_t proto; /* IP protocol number */
	enum fragment fragment;
	const uint8_t *l3; /* the IP header and all after it */
	uint32_t l3_len;
	uint32_t seq; /* TCP */
	uint8_t tcp_flags;
	uint8_t icmp_type, icmp_code;
	struct slice payload; /* of TCP or UDP */
};

enum decode_result decode(enum link link, const struct frame *frame, struct packet *ret);
