#include "crawler/gunzip.h"

#include "lib/buf.h"
#include "lib/mem.h"

#define ZLIB_CONST /* what it reads it does not change */
#include <zlib.h>

enum { PIECE_LEN = 64 * 1024, GZIP_WINDOW = 15 + 16 };

bool gunzip_is(struct slice bytes)
{
	return slice_starts(bytes, SLICE("\x1F\x8B\x08"));
}

static void stream_end(z_stream *z)
{
	inflateEnd(z);
}

bool gunzip(struct arena *a, struct slice bytes, size_t len_max, struct slice *ret)
{
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(stream_end) z_stream z = {0};
	int status = Z_OK;

	if (!gunzip_is(bytes) || inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return false;
	z.next_in = (const Bytef *)bytes.at;
	z.avail_in = (uInt)bytes.len;
	while (status == Z_OK && out.len <= len_max) {
		z.next_out = (Bytef *)buf_room(&out, PIECE_LEN);
		z.avail_out = PIECE_LEN;
		status = inflate(&z, Z_NO_FLUSH);
		buf_grew(&out, PIECE_LEN - z.avail_out);
	}
	if (out.len > len_max || out.len == 0)
		return false;
	*ret = arena_slice(a, buf_slice(&out));
	return true;
}
