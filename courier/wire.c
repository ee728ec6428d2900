#include "courier/wire.h"

#include "lib/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEARD_MAX = 64 * 1024 }; /* bytes a receiver may say, which are thrown away */

struct wire {
	const struct wire_address *address;
	const struct tls_credentials *credentials;
	struct addrinfo *found, *next; /* the receiver's addresses; those not tried yet */
	int fd;
	bool connected;
	bool told_end; /* to the receiver */
	bool held;     /* there is no room for more bytes to it */
	struct tls *tls;
	enum wire_state state;
	size_t heard;
	char said[REASON_MAX];
};

static bool is_loopback(const char *host)
{
	struct in_addr address;

	if (inet_pton(AF_INET, host, &address) == 1)
		return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}

/* HOST[:PORT] or [HOST][:PORT]. */
static bool place_read(struct slice place, struct wire_address *ret)
{
	bool bracketed = place.len > 0 && place.at[0] == '[';
	size_t end = slice_find_byte(place, bracketed ? ']' : ':');
	struct slice host = {place.at + bracketed, end - bracketed};
	struct slice rest = slice_from(place, end + bracketed);
	uint64_t port;

	if (bracketed && end == place.len)
		return false;
	if (host.len == 0 || host.len >= sizeof(ret->host) ||
		slice_find_byte(host, '/') < host.len || slice_find_byte(host, '@') < host.len)
		return false;
	memcpy(ret->host, host.at, host.len);
	ret->host[host.len] = '\0';
	if (rest.len == 0)
		return true;
	if (rest.at[0] != ':' || !slice_to_u64(slice_from(rest, 1), &port) || port == 0 ||
		port > UINT16_MAX)
		return false;
	(void)snprintf(ret->port, sizeof(ret->port), "%u", (unsigned)port);
	return true;
}

bool wire_address_read(const char *url, bool allow_plain, struct wire_address *ret, struct err *err)
{
	struct slice text = slice_of(url);

	*ret = (struct wire_address){.tls = slice_starts(text, SLICE("tls://"))};
	memcpy(ret->port, ret->tls ? "6514" : "601", ret->tls ? 5 : 4); /* RFC 5425, RFC 3195 */
	if ((!ret->tls && !slice_starts(text, SLICE("tcp://"))) ||
		!place_read(slice_from(text, strlen("tls://")), ret))
		return err_set(err, NULL, 0, "'%s' is no tls://HOST:PORT or tcp://HOST:PORT", url);
	if (!ret->tls && !allow_plain && !is_loopback(ret->host))
		return err_set(err, NULL, 0,
			"'%s': tcp:// to another machine is readable on the way; use tls:// or allow_plain",
			url);
	return true;
}

static void say(struct wire *w, const char *why)
{
	(void)snprintf(w->said, sizeof(w->said), "%s", why);
}

static void break_off(struct wire *w, const char *why)
{
	say(w, why);
	w->state = WIRE_BROKEN;
}

static void leave(struct wire *w)
{
	tls_free(&w->tls);
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
}

/* At the next of its addresses that can be tried. */
static void try_next(struct wire *w)
{
	int on = 1;

	leave(w);
	for (; w->next; w->next = w->next->ai_next) {
		w->fd = socket(w->next->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (w->fd >= 0 &&
			(connect(w->fd, w->next->ai_addr, w->next->ai_addrlen) == 0 ||
				errno == EINPROGRESS))
			break;
		say(w, strerrordesc_np(errno));
		leave(w);
	}
	if (!w->next) {
		w->state = WIRE_BROKEN;
		return;
	}
	(void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	w->next = w->next->ai_next;
}

struct wire *wire_new(const struct wire_address *address, const struct tls_credentials *credentials)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct wire *w = mem_alloc(sizeof(*w));

	w->address = address;
	w->credentials = credentials;
	w->fd = -1;
	int failed = getaddrinfo(address->host, address->port, &hints, &w->found);

	if (failed) {
		break_off(w, gai_strerror(failed));
		return w;
	}
	w->next = w->found;
	try_next(w);
	return w;
}

void wire_free(struct wire **w)
{
	if (!*w)
		return;
	leave(*w);
	if ((*w)->found)
		freeaddrinfo((*w)->found);
	mem_free(*w);
	*w = NULL;
}

static void open_further(struct wire *w)
{
	int why = 0;
	socklen_t len = sizeof(why);

	if (!w->connected) {
		if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0 || why) {
			say(w, strerrordesc_np(why ? why : errno));
			try_next(w);
			return;
		}
		w->connected = true;
		if (w->address->tls)
			w->tls = tls_new(w->credentials, w->fd, w->address->host);
	}
	enum tls_status status = w->tls ? tls_handshake(w->tls) : TLS_DONE;

	if (status == TLS_FAILED)
		break_off(w, tls_said(w->tls));
	else if (status == TLS_DONE)
		w->state = WIRE_OPEN;
}

/* A reset is reported by the socket once, and then looks like an end: it is looked for before
 * anybody else, who might not tell the two apart, reads. */
static enum tls_status hear(struct wire *w)
{
	char thrown_away[4096];
	ssize_t len = recv(w->fd, thrown_away, 1, MSG_PEEK);

	if (len < 0 && errno != EAGAIN && errno != EINTR) {
		say(w, strerrordesc_np(errno));
		return TLS_FAILED;
	}
	bool ended = len == 0;

	if (w->tls) {
		size_t heard;
		enum tls_status status = tls_read(w->tls, thrown_away, sizeof(thrown_away), &heard);

		w->heard += heard;
		if (status == TLS_FAILED)
			say(w, tls_said(w->tls));
		/* Without close_notify, after ours: many do not send one. */
		return status == TLS_FAILED && ended && w->told_end ? TLS_ENDED : status;
	}
	if (len <= 0)
		return ended ? TLS_ENDED : TLS_AGAIN;
	len = recv(w->fd, thrown_away, sizeof(thrown_away), 0);
	w->heard += len > 0 ? (size_t)len : 0;
	return TLS_DONE;
}

static void listen_to(struct wire *w)
{
	enum tls_status status = TLS_DONE;

	while (status == TLS_DONE && w->heard <= HEARD_MAX)
		status = hear(w);
	if (w->heard > HEARD_MAX)
		break_off(w, "the receiver talks instead of listening");
	else if (status == TLS_ENDED && w->told_end)
		w->state = WIRE_FINISHED;
	else if (status == TLS_ENDED)
		break_off(w, "the receiver closed the connection");
	else if (status == TLS_FAILED)
		w->state = WIRE_BROKEN; /* hear() said why */
}

static void tell_end(struct wire *w)
{
	enum tls_status status = w->tls ? tls_finish(w->tls) : TLS_DONE;

	if (status == TLS_FAILED) {
		break_off(w, tls_said(w->tls));
	} else if (status == TLS_DONE) {
		(void)shutdown(w->fd, SHUT_WR); /* a connection that broke shows when reading */
		w->told_end = true;
	}
}

static short wanted(const struct wire *w)
{
	if (w->state == WIRE_OPENING && w->tls)
		return tls_wants(w->tls);
	if (w->state == WIRE_OPENING)
		return POLLOUT;
	if (w->state == WIRE_FINISHING && !w->told_end)
		return POLLIN | POLLOUT;
	return w->held ? POLLIN | POLLOUT : POLLIN;
}

enum wire_state wire_run(struct wire *w, int64_t timeout_ms)
{
	struct pollfd at = {.fd = w->fd, .events = wanted(w)};

	if (w->state == WIRE_BROKEN || w->state == WIRE_FINISHED)
		return w->state;
	if (poll(&at, 1, (int)timeout_ms) <= 0)
		return w->state;
	if (at.revents & POLLOUT)
		w->held = false;
	if (w->state == WIRE_OPENING) {
		open_further(w);
		return w->state;
	}
	if (w->state == WIRE_FINISHING && !w->told_end)
		tell_end(w);
	if (w->state != WIRE_BROKEN && at.revents & (POLLIN | POLLHUP | POLLERR))
		listen_to(w);
	return w->state;
}

enum wire_state wire_state(const struct wire *w)
{
	return w->state;
}

size_t wire_write(struct wire *w, struct slice bytes)
{
	size_t written = 0;

	if (w->tls) {
		enum tls_status status = tls_write(w->tls, bytes, &written);

		w->held = status == TLS_AGAIN;
		if (status == TLS_FAILED)
			break_off(w, tls_said(w->tls));
		return written;
	}
	ssize_t len = send(w->fd, bytes.at, bytes.len, MSG_NOSIGNAL);

	w->held = len < 0 && (errno == EAGAIN || errno == EINTR);
	if (len < 0 && !w->held)
		break_off(w, strerrordesc_np(errno));
	return len > 0 ? (size_t)len : 0;
}

void wire_finish(struct wire *w)
{
	w->state = WIRE_FINISHING;
	tell_end(w);
}

bool wire_is_acknowledged(const struct wire *w)
{
	int unacknowledged = 0;

	return w->fd >= 0 && ioctl(w->fd, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged == 0;
}

const char *wire_said(const struct wire *w)
{
	return w->said;
}
