#include "lib/packed.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { IN_LEN = 128 * 1024, MAGIC_LEN = 4, GZIP_WINDOW = 15 + 16 };

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct packed {
	int fd;
	enum packing packing;
	z_stream gzip;
	ZSTD_DStream *zstd;
	bool is_inside; /* of a gzip member or a Zstandard frame */
	size_t in_len, in_used;
	unsigned char in[IN_LEN];
};

/* False at the end or on an error, which errno tells; a fresh end leaves errno 0. */
static bool refill(struct packed *p)
{
	ssize_t got;

	if (p->in_used > 0) {
		p->in_len -= p->in_used;
		memmove(p->in, p->in + p->in_used, p->in_len);
		p->in_used = 0;
	}
	errno = 0;
	do
		got = read(p->fd, p->in + p->in_len, sizeof p->in - p->in_len);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	p->in_len += (size_t)got;
	return true;
}

static ssize_t broken(void)
{
	errno = EIO;
	return -1;
}

static ssize_t read_plain(struct packed *p, char *out, size_t room)
{
	size_t left = p->in_len - p->in_used;

	memcpy(out, p->in + p->in_used, left < room ? left : room);
	left = left < room ? left : room;
	p->in_used += left;
	return (ssize_t)left;
}

static ssize_t read_gzip(struct packed *p, char *out, size_t room)
{
	p->gzip.next_in = p->in + p->in_used;
	p->gzip.avail_in = (unsigned)(p->in_len - p->in_used);
	p->gzip.next_out = (unsigned char *)out;
	p->gzip.avail_out = (unsigned)room;

	int said = inflate(&p->gzip, Z_NO_FLUSH);

	p->in_used = p->in_len - p->gzip.avail_in;
	if (said != Z_OK && said != Z_STREAM_END && said != Z_BUF_ERROR)
		return broken();
	p->is_inside = said != Z_STREAM_END;
	if (said == Z_STREAM_END) /* another member may follow */
		must(inflateReset(&p->gzip) == Z_OK);
	return (ssize_t)(room - p->gzip.avail_out);
}

static ssize_t read_zstd(struct packed *p, void *out, size_t room)
{
	ZSTD_inBuffer from = {p->in, p->in_len, p->in_used};
	ZSTD_outBuffer to = {out, room, 0};
	size_t said = ZSTD_decompressStream(p->zstd, &to, &from);

	p->in_used = from.pos;
	if (ZSTD_isError(said))
		return broken();
	p->is_inside = said != 0;
	return (ssize_t)to.pos;
}

static ssize_t read_packed(void *cookie, char *out, size_t room)
{
	struct packed *p = cookie;

	for (;;) {
		bool is_dry = p->in_used == p->in_len;

		if (is_dry && !refill(p)) {
			if (errno != 0)
				return -1;
			return p->is_inside ? broken() : 0;
		}

		ssize_t got = p->packing == PACKING_GZIP ? read_gzip(p, out, room)
			: p->packing == PACKING_ZSTD     ? read_zstd(p, out, room)
							 : read_plain(p, out, room);
		if (got != 0)
			return got;
	}
}

static int close_packed(void *cookie)
{
	struct packed *p = cookie;

	if (p->packing == PACKING_GZIP)
		(void)inflateEnd(&p->gzip);
	(void)ZSTD_freeDStream(p->zstd);
	(void)close(p->fd);
	mem_free(p);
	return 0;
}

static enum packing packing_of(const struct packed *p)
{
	static const unsigned char gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};

	if (p->in_len >= sizeof zstd && memcmp(p->in, zstd, sizeof zstd) == 0)
		return PACKING_ZSTD;
	if (p->in_len >= sizeof gzip && memcmp(p->in, gzip, sizeof gzip) == 0)
		return PACKING_GZIP;
	return PACKING_NONE;
}

static FILE *wrap(int fd)
{
	static const cookie_io_functions_t functions = {.read = read_packed, .close = close_packed};
	struct packed *p = mem_alloc(sizeof *p);

	p->fd = fd;
	while (p->in_len < MAGIC_LEN && refill(p))
		continue;
	p->packing = packing_of(p);
	if (p->packing == PACKING_NONE &&
		lseek(fd, 0, SEEK_SET) == 0) { /* a plain file can do more */
		mem_free(p);
		return fdopen(fd, "rb");
	}
	if (p->packing == PACKING_GZIP)
		must(inflateInit2(&p->gzip, GZIP_WINDOW) == Z_OK);
	if (p->packing == PACKING_ZSTD) {
		p->zstd = ZSTD_createDStream();
		must(p->zstd != NULL);
	}

	FILE *file = fopencookie(p, "rb", functions);
	if (!file)
		(void)close_packed(p);
	return file;
}

FILE *packed_open(const char *path, struct err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : wrap(fd);

	if (!file)
		(void)err_set(err, is_stdin ? "stdin" : path, 0, "%s", strerrordesc_np(errno));
	return file;
}
