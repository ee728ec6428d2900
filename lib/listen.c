#include "lib/listen.h"

#include "lib/mem.h"
#include "lib/must.h"
#include "lib/slice.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 512 };

static bool split(struct slice address, struct slice *ret_host, struct slice *ret_port)
{
	size_t colon = address.len;

	while (colon > 0 && address.at[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return false;
	*ret_host = (struct slice){address.at, colon - 1};
	*ret_port = slice_from(address, colon);
	if (ret_host->len >= 2 && ret_host->at[0] == '[' &&
		ret_host->at[ret_host->len - 1] == ']') {
		ret_host->at++;
		ret_host->len -= 2;
	}
	return ret_host->len > 0 && ret_port->len > 0;
}

static int listen_at(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
		int why = -errno;

		(void)close(fd);
		return why;
	}
	return fd;
}

static bool is_unix(const char *address)
{
	return slice_starts(slice_of(address), SLICE("unix:/"));
}

/* 0, or -errno when somebody listens there. */
static int remove_stale(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int failed = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 || errno == EAGAIN)
		failed = -EADDRINUSE;
	else if (errno == ECONNREFUSED && unlink(at->sun_path) < 0)
		failed = -errno;
	(void)close(fd);
	return failed;
}

static int listen_unix(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof at.sun_path)
		return -ENAMETOOLONG;
	memcpy(at.sun_path, path, strlen(path));
	int failed = remove_stale(&at);
	if (failed < 0)
		return failed;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mode_t before = umask(0117);
	failed = bind(fd, (const struct sockaddr *)&at, sizeof at) < 0 || listen(fd, BACKLOG) < 0
		? -errno
		: 0;
	(void)umask(before);
	if (failed == 0)
		return fd;
	(void)close(fd);
	return failed;
}

/* NULL with an error. */
static struct addrinfo *resolve(const char *setting, const char *address, struct err *err)
{
	struct slice host, port;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *found = NULL;

	if (split(slice_of(address), &host, &port)) {
		CLEANUP(mem_cleanup) char *host_text = mem_printf("%.*s", SLICE_ARG(host));
		CLEANUP(mem_cleanup) char *port_text = mem_printf("%.*s", SLICE_ARG(port));

		(void)getaddrinfo(host_text, port_text, &hints, &found);
	}
	if (!found)
		err_set(err, NULL, 0, "%s: \"%s\" is no ADDRESS:PORT in numbers", setting, address);
	return found;
}

bool listen_check(const char *setting, const char *address, struct err *err)
{
	struct addrinfo *found;

	if (is_unix(address))
		return true;
	found = resolve(setting, address, err);
	if (found)
		freeaddrinfo(found);
	return found != NULL;
}

int listen_open(const char *setting, const char *address, struct err *err)
{
	struct addrinfo *found = NULL;
	char why[128];
	int fd;

	if (is_unix(address)) {
		fd = listen_unix(address + strlen("unix:"));
	} else {
		found = resolve(setting, address, err);
		if (!found)
			return -1;
		fd = listen_at(found);
		freeaddrinfo(found);
	}
	if (fd < 0) {
		err_set(err, NULL, 0, "%s: cannot listen at %s: %s", setting, address,
			strerror_r(-fd, why, sizeof why));
		return -1;
	}
	return fd;
}

void listen_url(int fd, char ret_url[LISTEN_URL_MAX])
{
	struct sockaddr_storage at = {0};
	socklen_t len = sizeof at;
	char host[64], port[8];

	must(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	must(getnameinfo((struct sockaddr *)&at, len, host, sizeof host, port, sizeof port,
		     NI_NUMERICHOST | NI_NUMERICSERV) == 0);
	(void)snprintf(ret_url, LISTEN_URL_MAX,
		at.ss_family == AF_INET6 ? "http://[%s]:%s/" : "http://%s:%s/", host, port);
}
