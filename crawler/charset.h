/* From the bytes of a page or feed to UTF-8 in NFC: byte order mark, then what the server says,
 * then what the document says, then UTF-8 if it is that, then windows-1252.
 *
 *     struct charset_set *set = charset_set_new();
 *     struct charset_text t = charset_decode(set, a, bytes, SLICE("text/html; charset=x"));
 *     charset_set_free(&set);
 *
 * All converters are opened at first, so that decoding touches no file afterwards (the page
 * worker may not). A set belongs to one thread. */
#pragma once

#include "lib/arena.h"

struct charset_set;

struct charset_text {
	const char *charset; /* its name in the Encoding standard, "" when unknown */
	struct slice text;   /* UTF-8, NFC */
};

struct charset_set *charset_set_new(void);
void charset_set_free(struct charset_set **set);

/* `content_type` as in the HTTP header, or a bare charset name, or empty. */
struct charset_text charset_decode(const struct charset_set *set, struct arena *a,
	struct slice bytes, struct slice content_type);
