#include "collector/listener.h"

#include "collector/endpoint.h"
#include "collector/limits.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { LABEL_MAX = 128, READ_LEN = 64 * 1024, READS_PER_TURN = 16, ENDPOINTS_MAX = 8 };

enum refusal {
	REFUSED_SENDER,
	REFUSED_LENGTH,
	REFUSED_CONNECTIONS,
	REFUSED_TLS,
	REFUSED_IDLE,
	REFUSED_COUNT
};

static const char *const refusal_names[] = {
	"sender_not_allowed", "too_long", "too_many_connections", "tls", "idle"};

struct connection {
	struct listener *owner;
	struct connection *next, *before;
	int fd;
	struct tls *tls; /* NULL: none */
	bool is_shaken;  /* its handshake is done */
	mono_t alive;    /* connected, shaken, or the last whole message */
	struct buf bytes;
};

struct socket {
	struct listener *owner;
	enum transport transport;
	int fd;
};

struct listener {
	struct listener_options options;
	struct publish *publish;
	struct networks *allowed;
	struct mapped *mapped;
	int64_t zone_s;
	struct socket sockets[ENDPOINTS_MAX];
	size_t socket_count;
	struct connection *connections;
	size_t connection_count;
	struct tls_credentials *credentials;
	struct buf event, room;
	struct metric *messages[MAP_OUTCOME_COUNT], *refused[REFUSED_COUNT];
	unsigned said[REFUSED_COUNT]; /* log lines since the last sweep */
};

/* Counts, and tells whether it is to be logged: who is refused must not fill the log. */
static bool refuse(struct listener *l, enum refusal why)
{
	metric_add(l->refused[why], 1);
	return l->said[why]++ < REFUSALS_SAID;
}

static void take_message(struct listener *l, struct slice line)
{
	int64_t now_us = clock_wall_us(l->options.clock);
	const struct syslog_now now = {now_us, l->zone_s};
	struct syslog_message message;
	enum map_outcome outcome = MAP_UNKNOWN;

	if (syslog_read(line, &now, &message))
		outcome = mapping_apply(l->options.mapping, &message, now_us, l->mapped);
	metric_add(l->messages[outcome], 1);
	if (outcome != MAP_DONE) {
		log_debug("a message was not mapped input=%s outcome=%s format=%s",
			l->options.config->name, map_outcome_names[outcome],
			mapped_format(l->mapped));
		return;
	}

	struct event_id id = publish_next_id(l->publish, now_us);
	buf_clear(&l->event);
	mapped_write(l->mapped, id, &l->event);
	publish_event(l->publish, id, buf_slice(&l->event));
}

static bool is_allowed(struct listener *l, const struct sockaddr_storage *from)
{
	struct address a;

	if (from->ss_family == AF_INET6)
		a = address_v6(((const struct sockaddr_in6 *)from)->sin6_addr.s6_addr);
	else
		a = address_v4((const uint8_t *)&((const struct sockaddr_in *)from)->sin_addr);
	if (networks_hold(l->allowed, a))
		return true;

	char text[ADDRESS_TEXT_MAX];

	(void)address_write(a, text);
	if (refuse(l, REFUSED_SENDER))
		log_warning("a sender is not allowed input=%s address=%s", l->options.config->name,
			text);
	return false;
}

static void on_datagrams(void *ctx, int fd, unsigned events)
{
	struct socket *s = ctx;
	struct listener *l = s->owner;

	(void)events;
	buf_clear(&l->room);
	char *room = buf_room(&l->room, SYSLOG_LEN_MAX + 1);

	for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
		struct sockaddr_storage from = {0};
		socklen_t from_len = sizeof from;
		ssize_t got = recvfrom(fd, room, SYSLOG_LEN_MAX + 1, MSG_DONTWAIT | MSG_TRUNC,
			(struct sockaddr *)&from, &from_len);

		if (got < 0)
			return;
		if (!is_allowed(l, &from))
			continue;
		if (got > SYSLOG_LEN_MAX)
			(void)refuse(l, REFUSED_LENGTH);
		else
			take_message(l, slice_over(room, (size_t)got));
	}
}

static void hang_up(struct connection *c)
{
	struct listener *l = c->owner;

	service_unwatch(l->options.service, c->fd);
	tls_free(&c->tls);
	(void)close(c->fd);
	*(c->before ? &c->before->next : &l->connections) = c->next;
	if (c->next)
		c->next->before = c->before;
	l->connection_count--;
	buf_release(&c->bytes);
	mem_free(c);
}

/* False when the stream cannot be read on. */
static bool take_frames(struct connection *c)
{
	struct slice rest = buf_slice(&c->bytes), message;
	struct listener *l = c->owner;
	enum syslog_frame frame;

	while ((frame = syslog_frame_cut(&rest, SYSLOG_LEN_MAX, &message)) == FRAME_WHOLE)
		if (message.len > 0)
			take_message(l, message);
	if (rest.len < c->bytes.len)
		c->alive = clock_mono(l->options.clock);
	if (rest.len > 0 && rest.at != c->bytes.at)
		memmove(c->bytes.at, rest.at, rest.len);
	c->bytes.len = rest.len;
	if (frame == FRAME_MORE)
		return true;
	if (refuse(l, REFUSED_LENGTH))
		log_warning("a sender is cut off: its message is longer than %d bytes input=%s",
			SYSLOG_LEN_MAX, l->options.config->name);
	return false;
}

/* A sender that ends in the middle of a line meant it as the last message. */
static void take_last(struct connection *c)
{
	struct slice rest = buf_slice(&c->bytes);

	if (rest.len > 0 && (rest.at[0] < '1' || rest.at[0] > '9'))
		take_message(c->owner, rest);
}

static void watch(struct connection *c, short wants);

/* True when the handshake is done; ends the connection when it fails. */
static bool shake(struct connection *c)
{
	enum tls_status said = tls_handshake(c->tls);

	if (said == TLS_DONE) {
		c->is_shaken = true;
		c->alive = clock_mono(c->owner->options.clock);
		watch(c, POLLIN);
		return true;
	}
	if (said == TLS_AGAIN) {
		watch(c, tls_wants(c->tls));
		return false;
	}
	if (refuse(c->owner, REFUSED_TLS))
		log_warning("a sender is refused input=%s reason=\"%s\"",
			c->owner->options.config->name, tls_said(c->tls));
	hang_up(c);
	return false;
}

/* What there is to read now; TLS_ENDED at the sender's end. */
static enum tls_status receive(struct connection *c, size_t *ret_len)
{
	char *room = buf_room(&c->bytes, READ_LEN);

	if (c->tls)
		return tls_read(c->tls, room, READ_LEN, ret_len);

	ssize_t got = recv(c->fd, room, READ_LEN, MSG_DONTWAIT);

	*ret_len = got > 0 ? (size_t)got : 0;
	if (got > 0)
		return TLS_DONE;
	if (got == 0)
		return TLS_ENDED;
	return errno == EAGAIN || errno == EINTR ? TLS_AGAIN : TLS_FAILED;
}

/* A turn is bounded, so that one sender cannot keep the others waiting; but what GnuTLS holds already
 * must be read, since no poll shows it. */
static void on_bytes(void *ctx, int fd, unsigned events)
{
	struct connection *c = ctx;
	enum tls_status said;
	size_t got;

	(void)fd;
	(void)events;
	if (c->tls && !c->is_shaken && !shake(c))
		return;
	for (int i = 0; (said = receive(c, &got)) == TLS_DONE; i++) {
		buf_grew(&c->bytes, got);
		if (!take_frames(c)) {
			said = TLS_FAILED;
			break;
		}
		if (i >= READS_PER_TURN && !(c->tls && tls_holds_more(c->tls)))
			return;
	}
	if (said == TLS_AGAIN)
		return;
	if (said == TLS_ENDED)
		take_last(c);
	hang_up(c);
}

static void watch(struct connection *c, short wants)
{
	service_watch(c->owner->options.service, c->fd, wants == POLLOUT ? EPOLLOUT : EPOLLIN,
		on_bytes, c);
}

static void on_connect(void *ctx, int fd, unsigned events)
{
	struct socket *s = ctx;
	struct listener *l = s->owner;
	struct sockaddr_storage from = {0};
	socklen_t from_len = sizeof from;
	int accepted =
		accept4(fd, (struct sockaddr *)&from, &from_len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (accepted < 0)
		return;
	if (l->connection_count >= CONNECTIONS_MAX) {
		if (refuse(l, REFUSED_CONNECTIONS))
			log_warning("too many connections input=%s", l->options.config->name);
	} else if (is_allowed(l, &from)) {
		struct connection *c = mem_alloc(sizeof *c);

		*c = (struct connection){.owner = l,
			.next = l->connections,
			.fd = accepted,
			.alive = clock_mono(l->options.clock)};
		if (s->transport == TRANSPORT_TLS)
			c->tls = tls_accept(l->credentials, accepted);
		if (c->next)
			c->next->before = c;
		l->connections = c;
		l->connection_count++;
		watch(c, POLLIN);
		return;
	}
	(void)close(accepted);
}

static bool open_socket(struct listener *l, const char *text, struct err *err)
{
	struct socket *s = &l->sockets[l->socket_count];
	struct endpoint at;

	if (!endpoint_read(slice_of(text), &at))
		return err_set(err, NULL, 0, "%s is no address to listen on", text);
	*s = (struct socket){l, at.transport, endpoint_open(&at)};
	if (s->fd < 0)
		return err_set(
			err, NULL, 0, "cannot listen on %s: %s", text, strerrordesc_np(-s->fd));
	l->socket_count++;
	service_watch(l->options.service, s->fd, EPOLLIN,
		at.transport == TRANSPORT_UDP ? on_datagrams : on_connect, s);

	log_notice("listening input=%s at=%s port=%u", l->options.config->name, text,
		endpoint_port(s->fd));
	return true;
}

static void register_metrics(struct listener *l)
{
	const char *name = l->options.config->name;
	char labels[LABEL_MAX];

	for (int i = 0; i < MAP_OUTCOME_COUNT; i++) {
		(void)snprintf(labels, sizeof labels, "input=\"%s\",outcome=\"%s\"", name,
			map_outcome_names[i]);
		l->messages[i] =
			metrics_counter(l->options.metrics, "haidang_collector_messages_total",
				labels, "Syslog messages, by what became of them.");
	}
	for (int i = 0; i < REFUSED_COUNT; i++) {
		(void)snprintf(labels, sizeof labels, "input=\"%s\",reason=\"%s\"", name,
			refusal_names[i]);
		l->refused[i] =
			metrics_counter(l->options.metrics, "haidang_collector_refused_total",
				labels, "Datagrams and connections refused.");
	}
}

struct listener *listener_new(const struct listener_options *options, struct err *err)
{
	const struct input_config *config = options->config;
	struct listener *l = mem_alloc(sizeof *l);

	l->options = *options;
	l->allowed = networks_new(config->allow.at, config->allow.count, err);
	(void)zone_read(slice_of(config->zone), &l->zone_s);
	l->mapped = mapped_new(config->name, options->home);
	register_metrics(l);
	if (*config->cert_file && l->allowed)
		l->credentials = tls_server_credentials_new(
			config->ca_file, config->cert_file, config->key_file, err);
	for (size_t i = 0; !err_is_set(err) && i < config->listen.count; i++)
		if (!open_socket(l, config->listen.at[i], err))
			break;
	if (!err_is_set(err)) {
		l->publish = publish_new(options->publish, options->clock, options->metrics);
		return l;
	}
	listener_free(&l);
	return NULL;
}

void listener_free(struct listener **l)
{
	struct listener *old = *l;

	if (!old)
		return;
	while (old->connections) {
		take_last(old->connections);
		hang_up(old->connections);
	}
	for (size_t i = 0; i < old->socket_count; i++) {
		service_unwatch(old->options.service, old->sockets[i].fd);
		(void)close(old->sockets[i].fd);
	}
	if (old->publish)
		publish_free(&old->publish);
	tls_credentials_free(&old->credentials);
	networks_free(&old->allowed);
	mapped_free(&old->mapped);
	buf_release(&old->event);
	buf_release(&old->room);
	mem_free(old);
	*l = NULL;
}

static bool is_idle(const struct connection *c, mono_t now)
{
	int64_t max_s = c->tls && !c->is_shaken ? HANDSHAKE_MAX_S : IDLE_MAX_S;

	return mono_left_ms(mono_after(c->alive, max_s * 1000), now) <= 0;
}

void listener_sweep(struct listener *l)
{
	mono_t now = clock_mono(l->options.clock);

	memset(l->said, 0, sizeof l->said);
	for (struct connection *c = l->connections, *next; c; c = next) {
		next = c->next;
		if (!is_idle(c, now))
			continue;
		if (refuse(l, REFUSED_IDLE))
			log_notice("a connection is ended: idle input=%s", l->options.config->name);
		take_last(c);
		hang_up(c);
	}
}

void listener_use(struct listener *l, const struct mapping *mapping)
{
	l->options.mapping = mapping;
}
