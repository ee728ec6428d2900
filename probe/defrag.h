/* IPv4 and IPv6 datagrams out of their fragments (RFC 791 §3.2, RFC 8200 §4.5), in bounded memory.
 *
 *     switch (defrag_add(d, &packet, &whole)) {
 *     case DEFRAG_HELD: return;                    (waits for the rest)
 *     case DEFRAG_WHOLE: decode(LINK_RAW, &whole.frame, …)
 *     case DEFRAG_REFUSED: break;                  (take the fragment as it is)
 *     }
 *     while (defrag_expired(d, now_us, &part)) …   (what came of datagrams never completed)
 *
 * Where fragments overlap, the bytes that came first stay; if the others differ, `overlap` tells, since
 * no honest sender does that and hosts disagree about what they read. */
#pragma once

#include "probe/decode.h"

enum { DEFRAG_TIMEOUT_US = 30 * 1000 * 1000, DATAGRAM_LEN_MAX = 65535 };

struct defrag;

struct defragmented {
	struct frame
		frame; /* raw IP; `wire` is the sum of the fragments'. Borrowed until the next call */
	uint16_t vlan[VLAN_DEPTH_MAX];
	uint8_t vlan_count, tunnel;
	uint32_t fragments;
	bool overlap;
};

enum defrag_result { DEFRAG_HELD, DEFRAG_WHOLE, DEFRAG_REFUSED };

struct defrag_counts {
	uint64_t whole, expired, refused, overlaps; /* datagrams, datagrams, fragments, datagrams */
};

/* At most `count` datagrams at once and `memory_len` bytes of them; the oldest goes first. */
struct defrag *defrag_new(size_t count, size_t memory_len, const uint64_t seed[4]);
void defrag_free(struct defrag **d);

enum defrag_result defrag_add(struct defrag *d, const struct packet *p, struct defragmented *ret);

/* A datagram that is too old, or had to make room: its first bytes without a gap, marked as the
 * fragment that they are. `now_us` INT64_MAX: all that is left. */
bool defrag_expired(struct defrag *d, int64_t now_us, struct defragmented *ret);

struct defrag_counts defrag_counts(const struct defrag *d);
