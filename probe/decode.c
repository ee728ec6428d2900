#include "probe/decode.h"

#include "probe/tunnel.h"

#include <endian.h>
#include <string.h>

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_MULTICAST = 0x8848,
	ETHERTYPE_PPPOE = 0x8864,
};

enum { NEXT_HOP = 0, NEXT_ROUTING = 43, NEXT_FRAGMENT = 44, NEXT_AUTH = 51, NEXT_DESTINATION = 60 };

static enum decode_result failed(const struct cursor *c)
{
	return cursor_ok(c) ? DECODE_BAD : DECODE_SHORT;
}

/* Below the last label there is IP, or a control word (RFC 4385) and Ethernet. */
static enum decode_result read_mpls(struct cursor *c, struct packet *p)
{
	uint32_t label = 0;

	for (int i = 0; !(label & 0x100); i++) {
		label = cursor_be32(c);
		if (!cursor_ok(c) || i == MPLS_LABELS_MAX)
			return failed(c);
	}
	if (cursor_left(c) == 0)
		return DECODE_SHORT;
	if (*c->at >> 4 != 0)
		return decode_ip(c, p);
	if (p->pseudowires++ == PSEUDOWIRES_MAX)
		return DECODE_BAD;
	(void)cursor_be32(c);
	return decode_ethernet(c, p);
}

/* RFC 1661 §2: the protocol in one byte or two, after the optional FF 03 of HDLC. */
enum decode_result decode_ppp(struct cursor *c, struct packet *p)
{
	unsigned protocol = cursor_u8(c);

	if (protocol == 0xff) {
		(void)cursor_u8(c);
		protocol = cursor_u8(c);
	}
	if (!(protocol & 1))
		protocol = protocol << 8 | cursor_u8(c);
	if (!cursor_ok(c))
		return DECODE_SHORT;
	return protocol == 0x21 || protocol == 0x57 ? decode_ip(c, p) : DECODE_OTHER;
}

/* RFC 2516 §5.3, session stage: version and type 1, code 0, session, length. */
static enum decode_result read_pppoe(struct cursor *c, struct packet *p)
{
	unsigned kind = cursor_be16(c);

	(void)cursor_be32(c);
	if (!cursor_ok(c) || kind != 0x1100)
		return failed(c);
	return decode_ppp(c, p);
}

enum decode_result decode_ethertype(struct cursor *c, unsigned type, struct packet *p)
{
	for (int depth = 0; depth < LINK_HEADERS_MAX; depth++) {
		if (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6)
			return decode_ip(c, p);
		if (type == ETHERTYPE_MPLS || type == ETHERTYPE_MPLS_MULTICAST)
			return read_mpls(c, p);
		if (type == ETHERTYPE_PPPOE)
			return read_pppoe(c, p);
		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_QINQ && type != ETHERTYPE_QINQ_OLD)
			return DECODE_OTHER;

		unsigned tag = cursor_be16(c);
		type = cursor_be16(c);
		if (!cursor_ok(c))
			return DECODE_SHORT;
		if (p->vlan_count < VLAN_DEPTH_MAX)
			p->vlan[p->vlan_count++] = tag & 0xfff;
	}
	return DECODE_BAD;
}

static enum decode_result read_ports(struct cursor *c, struct packet *p)
{
	p->src_port = cursor_be16(c);
	p->dst_port = cursor_be16(c);
	return cursor_ok(c) ? DECODE_OK : DECODE_SHORT;
}

static enum decode_result read_tcp(struct cursor *c, struct packet *p)
{
	if (read_ports(c, p) != DECODE_OK)
		return DECODE_SHORT;
	p->seq = cursor_be32(c);
	(void)cursor_be32(c);

	unsigned offset = cursor_u8(c) >> 4;
	p->tcp_flags = cursor_u8(c);
	(void)cursor_bytes(c, 6);
	if (!cursor_ok(c) || offset < 5)
		return failed(c);
	if (!cursor_bytes(c, 4 * offset - 20))
		return DECODE_SHORT;
	p->payload = slice_over(c->at, cursor_left(c));
	return DECODE_OK;
}

static enum decode_result read_udp(struct cursor *c, struct packet *p)
{
	if (read_ports(c, p) != DECODE_OK)
		return DECODE_SHORT;

	unsigned len = cursor_be16(c);
	(void)cursor_be16(c);
	if (!cursor_ok(c))
		return DECODE_SHORT;
	if (len < 8 && len != 0) /* 0: a jumbogram, RFC 2675 §4 */
		return DECODE_BAD;

	size_t left = cursor_left(c);
	size_t body = len == 0 ? left : len - 8;
	p->payload = slice_over(c->at, body < left ? body : left);
	tunnel_in_udp(p);
	return DECODE_OK;
}

static enum decode_result read_whole_transport(struct cursor *c, struct packet *p)
{
	switch (p->proto) {
	case PROTO_TCP: return read_tcp(c, p);
	case PROTO_UDP: return read_udp(c, p);
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		p->icmp_type = cursor_u8(c);
		p->icmp_code = cursor_u8(c);
		return cursor_ok(c) ? DECODE_OK : DECODE_SHORT;
	default: tunnel_in_ip(c, p); return DECODE_OK;
	}
}

/* A first fragment may end inside the header, as those of nmap -f do: it is a fragment all the same,
 * and what it is the first part of is known once it is whole. */
static enum decode_result read_transport(struct cursor *c, struct packet *p)
{
	if (p->fragment == FRAGMENT_LATER)
		return DECODE_OK;

	enum decode_result result = read_whole_transport(c, p);

	return p->fragment == FRAGMENT_FIRST ? DECODE_OK : result;
}

/* Padding that Ethernet adds to small frames is no part of the packet. */
static void cut_to(struct cursor *c, const uint8_t *l3, size_t len)
{
	if (len < (size_t)(c->end - l3))
		c->end = l3 + len;
}

/* The cursor stands behind the headers that every fragment has. */
static void note_fragment(const struct cursor *c, struct packet *p, unsigned offset, bool more)
{
	if (offset == 0 && !more)
		return;
	p->fragment = offset > 0 ? FRAGMENT_LATER : FRAGMENT_FIRST;
	p->fragment_offset = offset;
	p->fragment_more = more;
	p->body = slice_over(c->at, cursor_left(c));
}

static enum decode_result read_ipv4(struct cursor *c, struct packet *p)
{
	const uint8_t *l3 = c->at;
	const uint8_t *h = cursor_bytes(c, 20);
	if (!h)
		return DECODE_SHORT;

	unsigned header = 4U * (h[0] & 0xf), total = (unsigned)h[2] << 8 | h[3];
	if (total == 0) /* segmentation offload: the kernel left it to the card */
		total = (unsigned)(c->end - l3);
	if (header < 20 || total < header)
		return DECODE_BAD;
	cut_to(c, l3, total);
	if (!cursor_bytes(c, header - 20))
		return DECODE_SHORT;

	unsigned fragment = (unsigned)h[6] << 8 | h[7];
	p->fragment_id = (uint32_t)h[4] << 8 | h[5];
	p->fragment_proto = h[9];
	note_fragment(c, p, (fragment & 0x1fff) * 8, fragment & 0x2000);
	p->proto = h[9];
	p->src = address_v4(h + 12);
	p->dst = address_v4(h + 16);
	return read_transport(c, p);
}

static bool is_extension(unsigned next)
{
	return next == NEXT_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT ||
		next == NEXT_AUTH || next == NEXT_DESTINATION;
}

static enum decode_result read_ipv6(struct cursor *c, struct packet *p)
{
	const uint8_t *l3 = c->at;
	const uint8_t *h = cursor_bytes(c, 40);
	if (!h)
		return DECODE_SHORT;

	size_t len = (size_t)h[4] << 8 | h[5];
	unsigned next = h[6];
	if (len > 0)
		cut_to(c, l3, 40 + len);
	p->src = address_v6(h + 8);
	p->dst = address_v6(h + 24);

	for (int i = 0; is_extension(next); i++) {
		if (i == EXTENSIONS_MAX)
			return DECODE_BAD;

		const uint8_t *e = cursor_bytes(c, 8);
		if (!e)
			return DECODE_SHORT;
		unsigned more = next == NEXT_FRAGMENT ? 0
			: next == NEXT_AUTH           ? (e[1] + 2U) * 4U
						      : e[1] * 8U + 8U;
		if (next == NEXT_FRAGMENT) {
			p->fragment_id = (uint32_t)e[4] << 24 | (uint32_t)e[5] << 16 |
				(uint32_t)e[6] << 8 | e[7];
			p->fragment_proto = e[0];
			note_fragment(c, p, ((unsigned)e[2] << 8 | e[3]) & ~7U, e[3] & 1);
		}
		next = e[0];
		if (more > 8 && !cursor_bytes(c, more - 8))
			return DECODE_SHORT;
		if (p->fragment == FRAGMENT_LATER)
			break;
	}
	p->proto = (uint8_t)next;
	return read_transport(c, p);
}

enum decode_result decode_ip(struct cursor *c, struct packet *p)
{
	const uint8_t *l3 = c->at;

	if (cursor_left(c) == 0)
		return DECODE_SHORT;

	unsigned version = *c->at >> 4;
	if (version != 4 && version != 6)
		return DECODE_BAD;
	p->l3 = l3;

	enum decode_result result = version == 4 ? read_ipv4(c, p) : read_ipv6(c, p);
	if (p->l3 == l3) /* else it is that of a packet inside */
		p->l3_len = (uint32_t)(c->end - l3);
	return result;
}

/* The address family stands in the byte order of the machine that captured; its values differ
 * between systems, but the version in the IP header tells enough. */
static enum decode_result read_null(struct cursor *c, struct packet *p)
{
	uint32_t family = cursor_be32(c);
	if (!cursor_ok(c))
		return DECODE_SHORT;

	uint32_t value = family > 0xffff ? __builtin_bswap32(family) : family;
	bool ip = value == 2 || value == 10 || value == 24 || value == 28 || value == 30;

	return ip ? decode_ip(c, p) : DECODE_OTHER;
}

enum decode_result decode_ethernet(struct cursor *c, struct packet *p)
{
	(void)cursor_bytes(c, 12);

	unsigned type = cursor_be16(c);

	return cursor_ok(c) ? decode_ethertype(c, type, p) : DECODE_SHORT;
}

static enum decode_result read_link(enum link link, struct cursor *c, struct packet *p)
{
	switch (link) {
	case LINK_ETHERNET: return decode_ethernet(c, p);
	case LINK_SLL: (void)cursor_bytes(c, 14); break;
	case LINK_SLL2: {
		unsigned type = cursor_be16(c);
		(void)cursor_bytes(c, 18);
		return cursor_ok(c) ? decode_ethertype(c, type, p) : DECODE_SHORT;
	}
	case LINK_RAW: return decode_ip(c, p);
	case LINK_NULL: return read_null(c, p);
	case LINK_UNKNOWN: return DECODE_OTHER;
	}

	unsigned type = cursor_be16(c);

	return cursor_ok(c) ? decode_ethertype(c, type, p) : DECODE_SHORT;
}

enum decode_result decode(enum link link, const struct frame *frame, struct packet *ret)
{
	struct cursor c = cursor_over(frame->bytes, frame->captured);

	*ret = (struct packet){.time_us = frame->time_us, .wire = frame->wire};
	return read_link(link, &c, ret);
}
