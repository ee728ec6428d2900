/* A stream of bytes to a receiver that answers nothing, over TCP or TLS, without blocking but for
 * the look-up of its name.
 *
 *     struct wire *w = wire_new(&address, credentials);
 *     while (wire_run(w, 100) == WIRE_OPENING)
 *             continue;
 *     written = wire_write(w, bytes);
 *     wire_finish(w);                    (nothing more follows)
 *     wire_run(w, 100);                  (WIRE_FINISHED: the receiver read everything)
 *
 * What such a receiver got can be known in one way only: it is told the end (close_notify of TLS, FIN
 * of TCP), and ends its side too. It sees our end after it read all that came before. A receiver
 * that breaks the connection with bytes unread causes a reset instead. */
#pragma once

#include "courier/limits.h"
#include "lib/tls.h"

enum { WIRE_HOST_MAX = 256, WIRE_PORT_MAX = 6 };

struct wire_address {
	bool tls;
	char host[WIRE_HOST_MAX], port[WIRE_PORT_MAX];
};

/* "tls://HOST[:6514]" or "tcp://HOST[:601]", an IPv6 address in brackets. tcp:// to another machine
 * is refused unless `allow_plain` is set. */
bool wire_address_read(
	const char *url, bool allow_plain, struct wire_address *ret, struct err *err);

enum wire_state { WIRE_OPENING, WIRE_OPEN, WIRE_FINISHING, WIRE_FINISHED, WIRE_BROKEN };

struct wire;

/* `credentials` for TLS, else NULL; both are used until wire_free(). */
struct wire *wire_new(
	const struct wire_address *address, const struct tls_credentials *credentials);
void wire_free(struct wire **w); /* cuts it off when it is not finished */

/* Waits at most `timeout_ms` for progress. In WIRE_OPEN it also notices that the receiver left. */
enum wire_state wire_run(struct wire *w, int64_t timeout_ms);
enum wire_state wire_state(const struct wire *w);

/* In WIRE_OPEN: how many bytes were taken. When that is not all, the rest is to be given again. */
size_t wire_write(struct wire *w, struct slice bytes);
void wire_finish(struct wire *w);

/* Whether the receiver's machine, if not its program, has all bytes written. */
bool wire_is_acknowledged(const struct wire *w);
const char *wire_said(const struct wire *w); /* why it is broken */
