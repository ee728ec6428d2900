/* Writes JSON (RFC 8259) at the end of a buffer; commas and nesting are kept right.
 *
 *     struct json_writer w = json_writer_on(&buf);
 *     json_begin_object(&w);
 *     json_key(&w, "proto");
 *     json_text(&w, SLICE("TCP"));
 *     json_end_object(&w);
 *
 * Text that is not UTF-8 is written with U+FFFD for each bad byte. A NaN or infinite number is
 * written as null. Unbalanced calls are a wrong program (must). Values at the top level are not
 * separated: the caller puts a line feed between the lines of NDJSON. Line feeds in texts are
 * escaped, so a value without json_raw() is always one line. */
#pragma once

#include "lib/buf.h"

enum { JSON_DEPTH_MAX = 62 };

struct json_writer {
	struct buf *out;
	uint64_t has_items; /* a bit per level: something stands before */
	uint64_t is_object; /* a bit per level: object, not array */
	unsigned depth;
	bool after_key;
};

struct json_writer json_writer_on(struct buf *out);

void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);

void json_key(struct json_writer *w, const char *key);         /* plain ASCII, written as it is */
void json_key_slice(struct json_writer *w, struct slice key);  /* any text, escaped */
void json_key_quoted(struct json_writer *w, struct slice key); /* "key": finished, with its colon */

void json_text(struct json_writer *w, struct slice text);
void json_uint(struct json_writer *w, uint64_t value);
void json_int(struct json_writer *w, int64_t value);
void json_real(struct json_writer *w, double value);
void json_bool(struct json_writer *w, bool value);
void json_null(struct json_writer *w);
void json_raw(struct json_writer *w, struct slice json); /* one finished JSON value */
