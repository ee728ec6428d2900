#include "collector/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 64, RECEIVE_BUFFER = 8 * 1024 * 1024 };

static bool transport_cut(struct slice *text, enum transport *ret)
{
	static const char *const names[] = {"udp", "tcp", "tls"};
	size_t colon = slice_find_byte(*text, ':');
	struct slice name = {text->at, colon};

	if (colon == text->len)
		return false;
	*text = slice_from(*text, colon + 1);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		*ret = (enum transport)i;
		if (slice_is(name, names[i]))
			return true;
	}
	return false;
}

static bool port_cut(struct slice *text, uint16_t *ret)
{
	const char *colon = text->len ? memrchr(text->at, ':', text->len) : NULL;
	uint64_t port;

	if (!colon)
		return false;

	size_t at = (size_t)(colon - text->at);
	if (!slice_to_u64(slice_from(*text, at + 1), &port) || port > UINT16_MAX)
		return false;
	text->len = at;
	*ret = (uint16_t)port;
	return true;
}

static bool host_read(struct slice host, uint16_t port, struct endpoint *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ret->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ret->address;
	char text[INET6_ADDRSTRLEN];

	if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = (struct slice){host.at + 1, host.len - 2};
	if (host.len >= sizeof text)
		return false;
	memcpy(text, host.at, host.len);
	text[host.len] = '\0';
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		ret->len = sizeof *v4;
		return true;
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		return false;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	ret->len = sizeof *v6;
	return true;
}

bool endpoint_read(struct slice text, struct endpoint *ret)
{
	uint16_t port;

	*ret = (struct endpoint){0};
	return transport_cut(&text, &ret->transport) && port_cut(&text, &port) &&
		host_read(text, port, ret);
}

static int prepare(int fd, const struct endpoint *e)
{
	int on = 1, len = RECEIVE_BUFFER;

	if (e->transport == TRANSPORT_UDP) /* more than net.core.rmem_max is cut to that */
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof len);
	else
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)&e->address, e->len) != 0)
		return -errno;
	if (e->transport != TRANSPORT_UDP && listen(fd, BACKLOG) != 0)
		return -errno;
	return 0;
}

int endpoint_open(const struct endpoint *e)
{
	int type = e->transport == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(e->address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;

	int failed = prepare(fd, e);
	if (failed == 0)
		return fd;
	(void)close(fd);
	return failed;
}

unsigned endpoint_port(int fd)
{
	struct sockaddr_in6 bound = {0}; /* the port stands at the same place for IPv4 */
	socklen_t len = sizeof bound;

	(void)getsockname(fd, (struct sockaddr *)&bound, &len);
	return ntohs(bound.sin6_port);
}
