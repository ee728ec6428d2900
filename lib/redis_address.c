#include "lib/redis_address.h"

#include "lib/clock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool read_unix(const char *path, struct redis_address *ret, struct err *err)
{
	size_t len = strlen(path);

	if (*path != '/')
		return err_set(
			err, NULL, 0, "Redis address unix:%s: the path must begin with /", path);
	if (len >= sizeof ret->path)
		return err_set(err, NULL, 0, "Redis address unix:%s: the path is over %zu bytes",
			path, sizeof ret->path - 1);
	ret->is_unix = true;
	memcpy(ret->path, path, len + 1);
	return true;
}

bool redis_address_read(const char *text, struct redis_address *ret, struct err *err)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	*ret = (struct redis_address){0};
	if (strncmp(text, "unix:", 5) == 0)
		return read_unix(text + 5, ret, err);
	if (!colon || colon == text)
		return err_set(err, NULL, 0,
			"Redis address '%s' is neither unix:/path nor host:port", text);
	if (!slice_to_u64(slice_of(colon + 1), &port) || !port || port > UINT16_MAX)
		return err_set(
			err, NULL, 0, "Redis address '%s': the port must be 1 to 65535", text);

	struct slice host = {text, (size_t)(colon - text)};

	if (host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = (struct slice){host.at + 1, host.len - 2};
	if (!redis_address_make(host, slice_of(colon + 1), ret))
		return err_set(err, NULL, 0, "Redis address '%s': no usable host name", text);
	return true;
}

bool redis_address_make(struct slice host, struct slice port, struct redis_address *ret)
{
	uint64_t number;

	*ret = (struct redis_address){0};
	if (!host.len || host.len >= sizeof ret->host || !slice_to_u64(port, &number) || !number ||
		number > UINT16_MAX)
		return false;
	memcpy(ret->host, host.at, host.len);
	(void)snprintf(ret->port, sizeof ret->port, "%u", (unsigned)number);
	return true;
}

bool redis_address_equal(const struct redis_address *a, const struct redis_address *b)
{
	return a->is_unix == b->is_unix && strcmp(a->path, b->path) == 0 &&
		strcmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

int redis_address_wait(int fd, short events, int64_t timeout_ms, short *ret_ready)
{
	struct pollfd p = {.fd = fd, .events = events};
	mono_t until = mono_after(clock_mono(clock_system()), timeout_ms);
	int n;

	do {
		int64_t left_ms = mono_left_ms(until, clock_mono(clock_system()));

		n = poll(&p, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*ret_ready = p.revents;
	return n ? 0 : -ETIMEDOUT;
}

static int finish_connect(int fd, int64_t timeout_ms)
{
	int error = 0;
	socklen_t error_len = sizeof error;
	short ready = 0;
	int waited = redis_address_wait(fd, POLLOUT, timeout_ms, &ready);

	if (waited)
		return waited;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		return -errno;
	return -error;
}

static int connect_to(const struct sockaddr *to, socklen_t len, int64_t timeout_ms)
{
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, to, len) < 0)
		error = errno == EINPROGRESS ? finish_connect(fd, timeout_ms) : -errno;
	if (!error)
		return fd;
	(void)close(fd);
	return error;
}

static int connect_unix(const struct redis_address *address, int64_t timeout_ms)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	memcpy(to.sun_path, address->path, sizeof to.sun_path);
	int fd = connect_to((const struct sockaddr *)&to, sizeof to, timeout_ms);

	/* No socket there means: no Redis. -ENOENT says something else in redis_stream.h. */
	return fd == -ENOENT ? -ECONNREFUSED : fd;
}

static int connect_tcp(const struct redis_address *address, int64_t timeout_ms)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	const int on = 1;
	int fd = -EHOSTUNREACH;

	if (getaddrinfo(address->host, address->port, &hints, &found) != 0)
		return -EHOSTUNREACH;
	for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
		fd = connect_to(a->ai_addr, a->ai_addrlen, timeout_ms);
	freeaddrinfo(found);
	if (fd >= 0) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	}
	return fd;
}

int redis_address_connect(const struct redis_address *to, int64_t timeout_ms)
{
	return to->is_unix ? connect_unix(to, timeout_ms) : connect_tcp(to, timeout_ms);
}
