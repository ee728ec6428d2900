/* Frames made by hand. Header-only. */
#pragma once

#include "lib/buf.h"
#include "probe/decode.h"

static inline void frame_16(struct buf *b, unsigned value)
{
	buf_add_byte(b, (char)(value >> 8));
	buf_add_byte(b, (char)value);
}

static inline void frame_32(struct buf *b, uint32_t value)
{
	frame_16(b, value >> 16);
	frame_16(b, value & 0xffff);
}

static inline void frame_ethernet(struct buf *b, unsigned type)
{
	buf_add(b, "\x02\0\0\0\0\1\x02\0\0\0\0\2", 12);
	frame_16(b, type);
}

struct frame_ip {
	uint8_t src[4], dst[4];
	uint8_t proto;
	unsigned fragment; /* flags and offset as on the wire */
};

static inline void frame_ipv4(struct buf *b, const struct frame_ip *ip, size_t body_len)
{
	frame_16(b, 0x4500);
	frame_16(b, (unsigned)(20 + body_len));
	frame_16(b, 1);
	frame_16(b, ip->fragment);
	buf_add_byte(b, 64);
	buf_add_byte(b, (char)ip->proto);
	frame_16(b, 0);
	buf_add(b, ip->src, 4);
	buf_add(b, ip->dst, 4);
}

struct frame_ports {
	uint16_t src, dst;
};

static inline void frame_udp(struct buf *b, struct frame_ports ports, struct slice payload)
{
	frame_16(b, ports.src);
	frame_16(b, ports.dst);
	frame_16(b, (unsigned)(8 + payload.len));
	frame_16(b, 0);
	buf_add_slice(b, payload);
}

struct frame_tcp {
	struct frame_ports ports;
	uint32_t seq, ack;
	uint8_t flags;
};

static inline void frame_tcp(struct buf *b, const struct frame_tcp *tcp, struct slice payload)
{
	frame_16(b, tcp->ports.src);
	frame_16(b, tcp->ports.dst);
	frame_32(b, tcp->seq);
	frame_32(b, tcp->ack);
	buf_add_byte(b, 0x50);
	buf_add_byte(b, (char)tcp->flags);
	frame_16(b, 64240);
	frame_32(b, 0);
	buf_add_slice(b, payload);
}

static inline struct frame frame_over(const struct buf *b, int64_t time_us)
{
	return (struct frame){
		.time_us = time_us,
		.bytes = (const uint8_t *)b->at,
		.captured = (uint32_t)b->len,
		.wire = (uint32_t)b->len,
	};
}
