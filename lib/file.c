#include "lib/file.h"

#include "lib/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { READ_STEP = 65536 };

static void fd_close(const int *fd)
{
	if (*fd > STDIN_FILENO)
		(void)close(*fd);
}

/* Never NULL and safe in threads, unlike strerror(). */
static const char *reason(int error)
{
	const char *text = strerrordesc_np(error);

	return text ? text : "unknown error";
}

bool file_read(const char *path, size_t len_max, struct buf *out, struct err *err)
{
	CLEANUP(fd_close) int fd = -1;
	size_t start = out->len;
	ssize_t got;

	fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, path, 0, "cannot be opened: %s", reason(errno));
	do {
		got = read(fd, buf_room(out, READ_STEP), READ_STEP);
		if (got < 0 && errno != EINTR)
			return err_set(err, path, 0, "cannot be read: %s", reason(errno));
		buf_grew(out, got > 0 ? (size_t)got : 0);
		if (out->len - start > len_max)
			return err_set(err, path, 0, "is longer than %zu bytes", len_max);
	} while (got != 0);
	return true;
}

static int write_whole(int fd, struct slice bytes)
{
	while (bytes.len) {
		ssize_t wrote = write(fd, bytes.at, bytes.len);

		if (wrote < 0 && errno != EINTR)
			return -errno;
		bytes = slice_from(bytes, wrote > 0 ? (size_t)wrote : 0);
	}
	return 0;
}

int file_write(const char *path, struct slice bytes)
{
	CLEANUP(mem_cleanup) char *beside = mem_printf("%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	int status = write_whole(fd, bytes);

	if (close(fd) < 0 && !status)
		status = -errno;
	if (!status && rename(beside, path) < 0)
		status = -errno;
	if (status)
		(void)unlink(beside);
	return status;
}
