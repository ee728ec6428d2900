#include "probe/tunnel.h"

#include <string.h>

enum { PROTO_IPV4 = 4, PROTO_IPV6 = 41, PROTO_GRE = 47 };

enum {
	PORT_GTP = 2152,
	PORT_TEREDO = 3544,
	PORT_VXLAN = 4789,
	PORT_VXLAN_OLD = 8472, /* Linux' default, still that of many overlay networks */
	PORT_GENEVE = 6081,
};

enum {
	TYPE_ETHERNET = 0x6558, /* transparent bridging */
	TYPE_PPP = 0x880b,
	TYPE_ERSPAN = 0x88be,
	TYPE_ERSPAN_3 = 0x22eb,
};

const char *tunnel_name(enum tunnel tunnel)
{
	static const char *const names[] = {
		"", "ip", "gre", "erspan", "vxlan", "geneve", "gtp", "teredo"};

	return names[tunnel];
}

typedef enum decode_result reader(struct cursor *c, struct packet *p);

/* The packet inside replaces `p` when it can be read; its VLAN tags, if any, those outside. */
static void enter(const struct cursor *c, struct packet *p, enum tunnel kind, reader *read)
{
	struct cursor inside = *c;
	struct packet inner = {
		.time_us = p->time_us,
		.wire = p->wire,
		.tunnel = (uint8_t)kind,
		.tunnel_depth = p->tunnel_depth + 1,
	};

	if (p->tunnel_depth == TUNNEL_DEPTH_MAX || p->fragment != FRAGMENT_NONE ||
		read(&inside, &inner) != DECODE_OK)
		return;
	if (inner.vlan_count == 0) {
		memcpy(inner.vlan, p->vlan, sizeof inner.vlan);
		inner.vlan_count = p->vlan_count;
	}
	*p = inner;
}

/* ERSPAN type I has no header of its own, II one of 8 bytes, III one of 12 and perhaps 8 more. */
static void enter_erspan(struct cursor *c, struct packet *p, unsigned type, bool is_numbered)
{
	if (type == TYPE_ERSPAN && is_numbered)
		(void)cursor_bytes(c, 8);
	if (type == TYPE_ERSPAN_3) {
		const uint8_t *h = cursor_bytes(c, 12);

		if (h && h[11] & 1)
			(void)cursor_bytes(c, 8);
	}
	if (cursor_ok(c))
		enter(c, p, TUNNEL_ERSPAN, decode_ethernet);
}

/* Flags, protocol, and what the flags announce: checksum, key, sequence, acknowledgement. */
static void enter_gre(const struct cursor *after_ip, struct packet *p)
{
	struct cursor c = *after_ip;
	unsigned flags = cursor_be16(&c), type = cursor_be16(&c);
	bool has_checksum = flags & 0xc000, has_key = flags & 0x2000, is_numbered = flags & 0x1000;
	bool has_acknowledgement = (flags & 7) == 1 && flags & 0x0080;

	size_t words = (size_t)has_checksum + has_key + is_numbered + has_acknowledgement;

	(void)cursor_bytes(&c, 4 * words);
	if (!cursor_ok(&c) || (flags & 7) > 1)
		return;
	switch (type) {
	case TYPE_ETHERNET: enter(&c, p, TUNNEL_GRE, decode_ethernet); break;
	case TYPE_PPP: enter(&c, p, TUNNEL_GRE, decode_ppp); break;
	case TYPE_ERSPAN:
	case TYPE_ERSPAN_3: enter_erspan(&c, p, type, is_numbered); break;
	case 0x0800:
	case 0x86dd: enter(&c, p, TUNNEL_GRE, decode_ip); break;
	default: break;
	}
}

void tunnel_in_ip(const struct cursor *c, struct packet *p)
{
	if (p->proto == PROTO_IPV4 || p->proto == PROTO_IPV6)
		enter(c, p, TUNNEL_IP, decode_ip);
	else if (p->proto == PROTO_GRE)
		enter_gre(c, p);
}

static void enter_vxlan(struct cursor *c, struct packet *p)
{
	unsigned flags = cursor_u8(c);

	(void)cursor_bytes(c, 7);
	if (cursor_ok(c) && flags & 0x08)
		enter(c, p, TUNNEL_VXLAN, decode_ethernet);
}

static void enter_geneve(struct cursor *c, struct packet *p)
{
	unsigned first = cursor_u8(c);

	(void)cursor_u8(c);
	unsigned type = cursor_be16(c);

	(void)cursor_be32(c);
	(void)cursor_bytes(c, (size_t)(first & 0x3f) * 4);
	if (!cursor_ok(c) || first >> 6 != 0)
		return;
	if (type == TYPE_ETHERNET)
		enter(c, p, TUNNEL_GENEVE, decode_ethernet);
	else if (type == 0x0800 || type == 0x86dd)
		enter(c, p, TUNNEL_GENEVE, decode_ip);
}

/* Version 1, G-PDU; then optional fields and extension headers, each in units of four bytes. */
static void enter_gtp(struct cursor *c, struct packet *p)
{
	unsigned flags = cursor_u8(c), type = cursor_u8(c), next = 0;

	(void)cursor_bytes(c, 6);
	if (!cursor_ok(c) || flags >> 4 != 3 || type != 255)
		return;
	if (flags & 7) {
		(void)cursor_bytes(c, 3);
		next = cursor_u8(c);
	}
	for (int i = 0; flags & 4 && next != 0 && i < EXTENSIONS_MAX; i++) {
		unsigned len = 4U * cursor_u8(c);
		const uint8_t *rest = len >= 4 ? cursor_bytes(c, len - 1) : NULL;

		if (!rest)
			return;
		next = rest[len - 2];
	}
	if (cursor_ok(c))
		enter(c, p, TUNNEL_GTP, decode_ip);
}

static enum decode_result read_ipv6_alone(struct cursor *c, struct packet *p)
{
	bool is_whole = cursor_left(c) >= 40 && *c->at >> 4 == 6 &&
		cursor_left(c) - 40 == ((size_t)c->at[4] << 8 | c->at[5]);

	return is_whole ? decode_ip(c, p) : DECODE_OTHER;
}

/* Optional authentication (0x0001) and origin (0x0000), then an IPv6 packet that fills the rest. */
static void enter_teredo(struct cursor *c, struct packet *p)
{
	struct cursor ahead = *c;

	if (cursor_be16(&ahead) == 1 && cursor_ok(&ahead)) {
		unsigned client = cursor_u8(&ahead), value = cursor_u8(&ahead);

		(void)cursor_bytes(&ahead, client + value + 9);
		*c = ahead;
	}
	ahead = *c;
	if (cursor_be16(&ahead) == 0 && cursor_ok(&ahead)) {
		(void)cursor_bytes(&ahead, 6);
		*c = ahead;
	}
	if (cursor_ok(c))
		enter(c, p, TUNNEL_TEREDO, read_ipv6_alone);
}

void tunnel_in_udp(struct packet *p)
{
	struct cursor c = cursor_over(p->payload.at, p->payload.len);

	switch (p->dst_port) {
	case PORT_VXLAN:
	case PORT_VXLAN_OLD: enter_vxlan(&c, p); return;
	case PORT_GENEVE: enter_geneve(&c, p); return;
	case PORT_GTP: enter_gtp(&c, p); return;
	default: break;
	}
	if (p->dst_port == PORT_TEREDO || p->src_port == PORT_TEREDO)
		enter_teredo(&c, p);
}
