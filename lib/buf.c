#include "lib/buf.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

void buf_release(struct buf *b)
{
	mem_free(b->at);
	*b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->at)
		*b->at = '\0';
}

char *buf_room(struct buf *b, size_t len)
{
	size_t need;

	must(!__builtin_add_overflow(b->len, len, &need) && need < SIZE_MAX / 2);
	if (need + 1 > b->room) {
		size_t room = b->room ? b->room : FIRST_ROOM;

		while (room < need + 1)
			room *= 2;
		b->at = mem_resize(b->at, room, 1);
		b->room = room;
		b->at[b->len] = '\0';
	}
	return b->at + b->len;
}

void buf_grew(struct buf *b, size_t len)
{
	must(b->len + len < b->room || !len);
	if (!len)
		return;
	b->len += len;
	b->at[b->len] = '\0';
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!len)
		return;
	memcpy(buf_room(b, len), bytes, len);
	buf_grew(b, len);
}

void buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.at, s.len);
}

void buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_add_byte(struct buf *b, char byte)
{
	buf_add(b, &byte, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);

	must(len >= 0);
	(void)vsnprintf(buf_room(b, (size_t)len), (size_t)len + 1, format, again);
	buf_grew(b, (size_t)len);
	va_end(again);
	va_end(args);
}

struct slice buf_slice(const struct buf *b)
{
	return (struct slice){buf_text(b), b->len};
}

const char *buf_text(const struct buf *b)
{
	return b->at ? b->at : "";
}
