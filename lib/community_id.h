/* Community ID flow hash, version 1, seed 0 (github.com/corelight/community-id-spec): the same
 * short text for a flow in the records of different tools. */
#pragma once

#include "lib/address.h"

enum { COMMUNITY_ID_LEN = 30 }; /* "1:" and 28 characters of base64 */

/* Of a flow seen from either side; for ICMP and ICMPv6 the ports are type and code of a packet. */
struct community_flow {
	struct address src, dst;
	uint16_t src_port, dst_port;
	uint8_t proto;
};

void community_id_make(const struct community_flow *flow, char ret_text[COMMUNITY_ID_LEN + 1]);
