/* Packets inside packets. Each function looks whether `p`, as far as it is decoded, carries another
 * packet; if that decodes, `p` becomes it, else `p` stays. And what tunnels need of probe/decode.c. */
#pragma once

#include "lib/cursor.h"
#include "probe/decode.h"

/* The cursor stands behind the IP header of `p`, whose protocol is not TCP, UDP or ICMP. */
void tunnel_in_ip(const struct cursor *c, struct packet *p);

/* `p` is a UDP packet with its payload. */
void tunnel_in_udp(struct packet *p);

enum decode_result decode_ip(struct cursor *c, struct packet *p);
enum decode_result decode_ppp(struct cursor *c, struct packet *p);
enum decode_result decode_ethernet(struct cursor *c, struct packet *p);
enum decode_result decode_ethertype(struct cursor *c, unsigned type, struct packet *p);
