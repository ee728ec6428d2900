#include "lib/community_id.h"

#include "lib/digest.h"

#include <netinet/in.h>
#include <string.h>

enum { SEED = 0, HASHED_MAX = 2 + 2 * 16 + 2 + 2 * 2 };

struct counterpart {
	uint8_t type, answer;
};

static const struct counterpart icmp_counterparts[] = {
	{0, 8},
	{8, 0},
	{9, 10},
	{10, 9},
	{13, 14},
	{14, 13},
	{15, 16},
	{16, 15},
	{17, 18},
	{18, 17},
};

static const struct counterpart icmpv6_counterparts[] = {
	{128, 129},
	{129, 128},
	{130, 131},
	{131, 130},
	{133, 134},
	{134, 133},
	{135, 136},
	{136, 135},
	{139, 140},
	{140, 139},
	{144, 145},
	{145, 144},
};

/* Types that have an answer become a pair of ports; the others are one way: their code stands
 * instead and the order of the addresses is kept. */
static bool pair_types(const struct counterpart *table, size_t count, struct community_flow *flow)
{
	for (size_t i = 0; i < count; i++) {
		if (table[i].type != flow->src_port)
			continue;
		flow->dst_port = table[i].answer;
		return true;
	}
	return false;
}

static bool has_two_ways(struct community_flow *flow)
{
	if (flow->proto == IPPROTO_ICMP)
		return pair_types(icmp_counterparts,
			sizeof icmp_counterparts / sizeof icmp_counterparts[0], flow);
	if (flow->proto == IPPROTO_ICMPV6)
		return pair_types(icmpv6_counterparts,
			sizeof icmpv6_counterparts / sizeof icmpv6_counterparts[0], flow);
	return true;
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
		proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static void order(struct community_flow *flow)
{
	int order = memcmp(&flow->src, &flow->dst, sizeof flow->src);

	if (order < 0 || (order == 0 && flow->src_port <= flow->dst_port))
		return;
	*flow = (struct community_flow){
		.src = flow->dst,
		.dst = flow->src,
		.src_port = flow->dst_port,
		.dst_port = flow->src_port,
		.proto = flow->proto,
	};
}

static size_t put(uint8_t *to, size_t at, struct slice bytes)
{
	memcpy(to + at, bytes.at, bytes.len);
	return at + bytes.len;
}

static size_t put16(uint8_t *to, size_t at, uint16_t value)
{
	to[at] = (uint8_t)(value >> 8);
	to[at + 1] = (uint8_t)value;
	return at + 2;
}

void community_id_make(const struct community_flow *flow, char ret_text[COMMUNITY_ID_LEN + 1])
{
	struct community_flow f = *flow;
	uint8_t hashed[HASHED_MAX], hash[SHA1_LEN];
	size_t len;

	if (has_two_ways(&f))
		order(&f);
	len = put16(hashed, 0, SEED);
	len = put(hashed, len, address_bytes(&f.src));
	len = put(hashed, len, address_bytes(&f.dst));
	hashed[len++] = f.proto;
	hashed[len++] = 0;
	if (has_ports(f.proto)) {
		len = put16(hashed, len, f.src_port);
		len = put16(hashed, len, f.dst_port);
	}
	digest_sha1(slice_over(hashed, len), hash);
	ret_text[0] = '1';
	ret_text[1] = ':';
	digest_base64(hash, sizeof hash, ret_text + 2);
}
