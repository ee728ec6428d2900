/* The flows under watch: a table of fixed size with a hash that an outsider cannot aim at (its
 * seed is random and secret) and a timer wheel driven by the time of the packets.
 *
 *     struct flow *f = flow_find(t, &key);
 *     if (!f)
 *             f = flow_add(t, &key, flow_id, now_us);    (NULL: full, remove flow_victim() first)
 *     flow_arm(t, f, now_us + idle_us);
 *     while ((f = flow_due(t, now_us)))
 *             ... either flow_arm() it again or flow_remove() it ...
 *
 * Both directions of a conversation share one key: its lower endpoint stands first. TCP and UDP
 * never share one. One thread; a flow belongs to its table. */
#pragma once

#include "probe/decode.h"
#include "probe/ndpi_engine.h"
#include "probe/proto/proto.h"

struct session;

struct flow_key {
	struct address address[2];
	uint16_t port[2];
	uint32_t tags; /* two VLAN ids and the protocol */
};

enum flow_state { FLOW_NEW, FLOW_ESTABLISHED, FLOW_CLOSED };

struct flow {
	struct flow_key key;
	uint32_t next;                   /* in its hash chain */
	uint32_t wheel_next, wheel_prev; /* in its slot of the wheel */
	uint16_t slot;
	uint8_t opener; /* which endpoint of the key is the client */
	enum flow_state state : 8;
	enum app app : 8;
	enum app credential : 8;      /* the service of a clear-text login, or APP_UNKNOWN */
	uint8_t tcp_flags[2];         /* per side, all that were seen */
	uint8_t icmp_type, icmp_code; /* of the first packet */
	uint8_t ndpi_packets;
	enum tunnel tunnel : 8; /* of the first packet */
	bool ndpi_done : 1;
	bool session_done : 1;
	bool seq_known[2];
	uint32_t seq[2]; /* TCP: first byte after the SYN, per side */
	uint64_t id;
	int64_t first_us, last_us;
	uint64_t packets[2], bytes[2]; /* per side since the last flow event */
	struct ndpi_verdict verdict;
	struct ndpi_state *ndpi; /* while nDPI still classifies */
	struct session *session; /* while a parser still reads */
};

struct flow_table;

/* `memory_len` bytes decide how many flows there can be. */
struct flow_table *flow_table_new(size_t memory_len, const uint64_t seed[6]);
void flow_table_free(struct flow_table **t);
size_t flow_table_count(const struct flow_table *t);
size_t flow_table_room(const struct flow_table *t); /* flows it can hold in all */

/* The key of a packet; `ret_source` is the index of its source in the key. */
struct flow_key flow_key_of(const struct packet *p, unsigned *ret_source);
uint8_t flow_key_proto(const struct flow_key *key);

/* The same conversation at the same time has the same id, on every machine; below 2^51 as in
 * Suricata, so that readers that know numbers as doubles keep it exact. */
uint64_t flow_id_of(const struct flow_key *key, int64_t first_us);

struct flow *flow_find(const struct flow_table *t, const struct flow_key *key);
struct flow *flow_add(struct flow_table *t, const struct flow_key *key, int64_t now_us);
void flow_remove(struct flow_table *t, struct flow *f);

void flow_arm(struct flow_table *t, struct flow *f, int64_t due_us);
/* The next flow whose time came, taken off the wheel; NULL when there is none up to `now_us`. */
struct flow *flow_due(struct flow_table *t, int64_t now_us);
/* The wheel starts anew at `now_us`, for a clock that stepped back; no flow may be in it. */
void flow_table_restart(struct flow_table *t, int64_t now_us);

/* The flow that can be missed most easily, NULL when there is none. */
struct flow *flow_victim(struct flow_table *t);
