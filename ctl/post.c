#include "ctl/post.h"

#include "lib/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static void fd_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static bool connect_to(int fd, const char *path, struct err *err)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = POST_TIMEOUT_S};

	if (strlen(path) >= sizeof to.sun_path)
		return err_set(err, path, 0, "the path of the socket is too long");
	memcpy(to.sun_path, path, strlen(path));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	return connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 ||
		err_set(err, path, 0, "no crawler listens here: %s", strerrordesc_np(errno));
}

static bool send_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t put = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes = slice_from(bytes, (size_t)put);
	}
	return true;
}

static bool receive_all(int fd, struct buf *out)
{
	while (out->len < POST_ANSWER_MAX) {
		char piece[16 * 1024];
		ssize_t got = recv(fd, piece, sizeof piece, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		buf_add(out, piece, (size_t)got);
	}
	return false;
}

/* "HTTP/1.1 200 OK", headers, an empty line, the body up to the end. */
static bool split(struct post_answer *answer)
{
	struct slice raw = buf_slice(&answer->raw);
	size_t end = slice_find(raw, SLICE("\r\n\r\n"));

	if (end == raw.len || !slice_starts(raw, SLICE("HTTP/1.1 ")))
		return false;
	struct slice status = slice_over(raw.at + 9, raw.len > 12 ? 3 : 0);
	answer->body = slice_from(raw, end + 4);
	return slice_to_i64(status, &answer->status);
}

bool post_unix(const struct post_request *request, struct post_answer *ret, struct err *err)
{
	CLEANUP(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CLEANUP(buf_release) struct buf head = {0};

	if (fd < 0)
		return err_set(err, NULL, 0, "no socket: %s", strerrordesc_np(errno));
	if (!connect_to(fd, request->socket_path, err))
		return false;
	buf_printf(&head,
		"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n",
		request->target, request->type, request->body.len);
	bool sent = send_all(fd, buf_slice(&head)) && send_all(fd, request->body);
	if (!receive_all(fd, &ret->raw) || !split(ret))
		return err_set(
			err, request->socket_path, 0, sent ? "no answer" : "the connection broke");
	return true;
}
