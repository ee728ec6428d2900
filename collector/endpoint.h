/* Where an input listens: "udp:127.0.0.1:514", "tcp:[2001:db8::1]:601", "tls:0.0.0.0:6514". */
#pragma once

#include "lib/slice.h"

#include <sys/socket.h>

enum transport { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };

struct endpoint {
	enum transport transport;
	struct sockaddr_storage address;
	socklen_t len;
};

/* The address is a number, never a name; port 0 lets the kernel choose. */
bool endpoint_read(struct slice text, struct endpoint *ret);

/* A bound, listening (TCP, TLS), non-blocking socket, or -errno. */
int endpoint_open(const struct endpoint *e);

unsigned endpoint_port(int fd); /* the one it is bound to */
