/* A growable byte buffer. `struct buf b = {0};` is an empty one; buf_release() gives its memory
 * back and leaves it empty. Not for unbounded input: the caller checks lengths first. */
#pragma once

#include "lib/slice.h"

struct buf {
	char *at; /* bytes[len] is always NUL once anything was added */
	size_t len;
	size_t room;
};

void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_slice(struct buf *b, struct slice s);
void buf_add_text(struct buf *b, const char *text);
void buf_add_byte(struct buf *b, char byte);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for `len` more bytes and returns where to write them; then buf_grew(). */
char *buf_room(struct buf *b, size_t len);
void buf_grew(struct buf *b, size_t len);

struct slice buf_slice(const struct buf *b); /* borrowed, until the next change */
const char *buf_text(const struct buf *b);   /* NUL-terminated, "" when empty */
