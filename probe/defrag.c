#include "probe/defrag.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

enum {
	UNIT = 8, /* bytes; fragments lie on such borders */
	UNITS = (DATAGRAM_LEN_MAX + UNIT) / UNIT,
	WORDS = (UNITS + 63) / 64,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	FRAGMENT_HEADER = 8,
	NEXT_FRAGMENT = 44,
};

/* One datagram on its way. Those in use form a list by age; the others are free. */
struct datagram {
	struct datagram *next; /* in its chain, or of the free ones */
	struct datagram *older, *newer;
	struct address src, dst;
	uint32_t id, vlans;
	uint8_t proto, vlan_count, tunnel;
	bool is_ended, overlap; /* the last fragment was seen */
	uint16_t vlan[VLAN_DEPTH_MAX];
	int64_t since_us;
	uint32_t wire, fragments, total, units; /* of the payload, once ended; units there */
	struct buf bytes;
	uint64_t have[WORDS];
};

struct defrag {
	size_t chains, memory_max, memory;
	uint64_t seed[4];
	struct datagram *all, *unused, *oldest, *newest;
	struct datagram **chain;
	struct defrag_counts counts;
	struct buf out;
};

struct defrag *defrag_new(size_t count, size_t memory_len, const uint64_t seed[4])
{
	struct defrag *d = mem_alloc(sizeof *d);

	must(count > 0);
	d->chains = count;
	d->memory_max = memory_len;
	memcpy(d->seed, seed, sizeof d->seed);
	d->all = mem_array(count, sizeof *d->all);
	d->chain = mem_array(count, sizeof(struct datagram *));
	for (size_t i = 0; i < count; i++) {
		d->all[i].next = d->unused;
		d->unused = &d->all[i];
	}
	return d;
}

void defrag_free(struct defrag **d)
{
	if (!*d)
		return;
	for (size_t i = 0; i < (*d)->chains; i++)
		buf_release(&(*d)->all[i].bytes);
	buf_release(&(*d)->out);
	mem_free((*d)->all);
	mem_free((*d)->chain);
	mem_free(*d);
	*d = NULL;
}

struct defrag_counts defrag_counts(const struct defrag *d)
{
	return d->counts;
}

static uint32_t vlans_of(const struct packet *p)
{
	return (uint32_t)p->vlan[0] << 16 | p->vlan[1];
}

/* As the flow table's: who does not know the seed cannot aim at one chain. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static struct datagram **chain_of(
	const struct defrag *d, struct address src, struct address dst, uint32_t id)
{
	uint64_t from = fold(src.words[0] ^ d->seed[0], src.words[1] ^ d->seed[1]);
	uint64_t to = fold(dst.words[0] ^ d->seed[2], dst.words[1] ^ d->seed[3]);
	uint64_t h = fold(from ^ d->seed[0] ^ id, to ^ d->seed[2]);

	return &d->chain[h % d->chains];
}

static bool is_of(const struct datagram *g, const struct packet *p)
{
	return g->id == p->fragment_id && g->proto == p->fragment_proto &&
		g->vlans == vlans_of(p) && memcmp(&g->src, &p->src, sizeof g->src) == 0 &&
		memcmp(&g->dst, &p->dst, sizeof g->dst) == 0;
}

static void drop(struct defrag *d, struct datagram *g)
{
	struct datagram **link = chain_of(d, g->src, g->dst, g->id);
	struct buf bytes = g->bytes;

	while (*link != g)
		link = &(*link)->next;
	*link = g->next;
	*(g->older ? &g->older->newer : &d->oldest) = g->newer;
	*(g->newer ? &g->newer->older : &d->newest) = g->older;
	d->memory -= bytes.room;
	buf_release(&bytes);
	*g = (struct datagram){.next = d->unused};
	d->unused = g;
}

static struct datagram *start(struct defrag *d, const struct packet *p)
{
	struct datagram **chain = chain_of(d, p->src, p->dst, p->fragment_id);
	struct datagram *g = d->unused;

	if (!g)
		return NULL;
	d->unused = g->next;
	*g = (struct datagram){
		.next = *chain,
		.older = d->newest,
		.src = p->src,
		.dst = p->dst,
		.id = p->fragment_id,
		.vlans = vlans_of(p),
		.proto = p->fragment_proto,
		.vlan_count = p->vlan_count,
		.tunnel = p->tunnel,
		.since_us = p->time_us,
	};
	memcpy(g->vlan, p->vlan, sizeof g->vlan);
	*chain = g;
	*(d->newest ? &d->newest->newer : &d->oldest) = g;
	d->newest = g;
	return g;
}

static bool has_unit(const struct datagram *g, size_t unit)
{
	return g->have[unit / 64] >> unit % 64 & 1;
}

/* Puts what is new where it belongs; what is there already stays. */
static void fill(struct datagram *g, size_t offset, struct slice bytes)
{
	if (g->bytes.len < offset + bytes.len) {
		size_t more = offset + bytes.len - g->bytes.len;

		memset(buf_room(&g->bytes, more), 0, more);
		buf_grew(&g->bytes, more);
	}
	for (size_t at = 0; at < bytes.len; at += UNIT) {
		size_t unit = (offset + at) / UNIT;
		size_t len = bytes.len - at < UNIT ? bytes.len - at : UNIT;
		char *place = g->bytes.at + offset + at;

		if (has_unit(g, unit)) {
			g->overlap |= memcmp(place, bytes.at + at, len) != 0;
			continue;
		}
		memcpy(place, bytes.at + at, len);
		g->have[unit / 64] |= UINT64_C(1) << unit % 64;
		g->units++;
	}
}

/* An end that contradicts what came before: an earlier end stays. */
static void note_end(struct datagram *g, uint32_t end, bool is_last)
{
	if (g->is_ended)
		g->overlap |= is_last ? end != g->total : end > g->total;
	else if (is_last) {
		g->is_ended = true;
		g->total = end;
		g->overlap |= g->bytes.len > end;
	}
}

static void put_header(
	struct buf *out, const struct datagram *g, size_t len, size_t first, bool more)
{
	bool part = more || first > 0;

	if (address_is_v4(g->src)) {
		size_t total = IPV4_HEADER + len;
		uint8_t h[IPV4_HEADER] = {0x45, 0, (uint8_t)(total >> 8), (uint8_t)total,
			(uint8_t)(g->id >> 8), (uint8_t)g->id,
			(uint8_t)((more ? 0x20 : 0) | first >> 11), (uint8_t)(first >> 3), 64,
			g->proto};

		memcpy(h + 12, address_bytes(&g->src).at, 4);
		memcpy(h + 16, address_bytes(&g->dst).at, 4);
		buf_add(out, h, sizeof h);
		return;
	}

	size_t body = len + (part ? FRAGMENT_HEADER : 0);
	uint8_t h[IPV6_HEADER] = {0x60, [4] = (uint8_t)(body >> 8), [5] = (uint8_t)body,
		[6] = part ? NEXT_FRAGMENT : g->proto, [7] = 64};
	uint8_t f[FRAGMENT_HEADER] = {
		g->proto, 0, (uint8_t)(first >> 8), (uint8_t)((first & 0xf8) | more)};

	memcpy(h + 8, address_bytes(&g->src).at, 16);
	memcpy(h + 24, address_bytes(&g->dst).at, 16);
	buf_add(out, h, sizeof h);
	if (part)
		buf_add(out, f, sizeof f);
}

/* The bytes from `first` on, `len` of them, as one packet; ends the datagram. */
static void hand_out(
	struct defrag *d, struct datagram *g, size_t first, size_t len, struct defragmented *ret)
{
	bool more = !g->is_ended || first + len < g->total;
	size_t room = DATAGRAM_LEN_MAX - IPV6_HEADER;

	if (len > room) { /* a datagram of the greatest length does not fit its own header again */
		len = room;
		more = true;
	}
	buf_clear(&d->out);
	put_header(&d->out, g, len, first, more);
	buf_add(&d->out, g->bytes.at + first, len);
	*ret = (struct defragmented){
		.frame = {.time_us = g->since_us,
			.bytes = (const uint8_t *)d->out.at,
			.captured = (uint32_t)d->out.len,
			.wire = g->wire},
		.vlan_count = g->vlan_count,
		.tunnel = g->tunnel,
		.fragments = g->fragments,
		.overlap = g->overlap,
	};
	memcpy(ret->vlan, g->vlan, sizeof ret->vlan);
	d->counts.overlaps += g->overlap;
	drop(d, g);
}

static bool is_whole(const struct datagram *g)
{
	size_t units = (g->total + UNIT - 1) / UNIT;
	uint64_t rest = (UINT64_C(1) << units % 64) - 1;

	if (!g->is_ended || g->units < units)
		return false;
	for (size_t word = 0; word < units / 64; word++)
		if (g->have[word] != UINT64_MAX)
			return false;
	return rest == 0 || (g->have[units / 64] & rest) == rest;
}

enum defrag_result defrag_add(struct defrag *d, const struct packet *p, struct defragmented *ret)
{
	struct datagram *g = *chain_of(d, p->src, p->dst, p->fragment_id);
	size_t end = p->fragment_offset + p->body.len;

	if (end > DATAGRAM_LEN_MAX || (p->fragment_more && p->body.len % UNIT != 0) ||
		p->body.len == 0) {
		d->counts.refused++;
		return DEFRAG_REFUSED;
	}
	while (g && !is_of(g, p))
		g = g->next;
	if (!g && d->memory + end <= d->memory_max)
		g = start(d, p);
	if (!g) {
		d->counts.refused++;
		return DEFRAG_REFUSED;
	}
	d->memory -= g->bytes.room;
	fill(g, p->fragment_offset, p->body);
	d->memory += g->bytes.room;
	note_end(g, (uint32_t)end, !p->fragment_more);
	g->wire += p->wire;
	g->fragments++;
	if (!is_whole(g))
		return DEFRAG_HELD;
	d->counts.whole++;
	hand_out(d, g, 0, g->total, ret);
	ret->frame.time_us = p->time_us;
	return DEFRAG_WHOLE;
}

bool defrag_expired(struct defrag *d, int64_t now_us, struct defragmented *ret)
{
	struct datagram *g = d->oldest;
	size_t first = 0, len = 0;

	if (!g)
		return false;
	if (g->since_us > now_us - DEFRAG_TIMEOUT_US && d->unused && d->memory < d->memory_max)
		return false;
	while (!has_unit(g, first / UNIT))
		first += UNIT;
	while (first + len < g->bytes.len && has_unit(g, (first + len) / UNIT))
		len += UNIT;
	if (first + len > g->bytes.len)
		len = g->bytes.len - first;
	d->counts.expired++;
	hand_out(d, g, first, len, ret);
	return true;
}
