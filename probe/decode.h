/* From the bytes of a frame to addresses, ports and payload: Ethernet with VLAN tags (802.1Q,
 * 802.1ad), MPLS, PPPoE, Linux cooked (SLL, SLL2), raw IP and loopback; IPv4, IPv6 with extension
 * headers; TCP, UDP, ICMP, ICMPv6. A tunnel is looked into: what comes out is the innermost packet, as
 * if there were no tunnel; where its inside makes no sense, the outer packet stands.
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

enum {
	VLAN_DEPTH_MAX = 2,
	EXTENSIONS_MAX = 8,
	LINK_HEADERS_MAX = 6,
	MPLS_LABELS_MAX = 8,
	TUNNEL_DEPTH_MAX = 4,
	PSEUDOWIRES_MAX = 4,
};

enum tunnel {
	TUNNEL_NONE,
	TUNNEL_IP,     /* IPv4 or IPv6 in either: RFC 2003, RFC 2473, RFC 4213 (6in4) */
	TUNNEL_GRE,    /* RFC 2784, 2890; with PPP RFC 2637 */
	TUNNEL_ERSPAN, /* draft-foschiano-erspan: types I, II, III */
	TUNNEL_VXLAN,  /* RFC 7348 */
	TUNNEL_GENEVE, /* RFC 8926 */
	TUNNEL_GTP,    /* 3GPP TS 29.281, G-PDU */
	TUNNEL_TEREDO, /* RFC 4380 */
};

const char *tunnel_name(enum tunnel tunnel); /* "" for none */

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
	uint8_t proto;                /* IP protocol number */
	uint8_t tunnel, tunnel_depth; /* enum tunnel: the innermost it came through; how many */
	uint8_t pseudowires;          /* Ethernet below MPLS, one in the other */
	enum fragment fragment;
	bool fragment_more;     /* of a fragment: others follow it */
	uint8_t fragment_proto; /* what `body` of the first one begins with; the same in all */
	uint32_t fragment_id, fragment_offset; /* bytes */
	uint32_t fragments;                    /* it was put together from; 0: it was none */
	struct slice body;                     /* of a fragment: what follows the IP headers */
	const uint8_t *l3;                     /* the IP header and all after it */
	uint32_t l3_len;
	uint32_t seq; /* TCP */
	uint8_t tcp_flags;
	uint8_t icmp_type, icmp_code;
	struct slice payload; /* of TCP or UDP */
};

enum decode_result decode(enum link link, const struct frame *frame, struct packet *ret);
