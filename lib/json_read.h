/* Reads JSON (RFC 8259, UTF-8) through simdjson; the only C++ in the project stands behind it.
 *
 *     struct json_reader *r = json_reader_new(1 << 20);
 *     struct json_value root, port;
 *     if (json_read(r, line, &root, &err) && json_get(root, "src_port", &port))
 *             ...
 *     json_reader_free(&r);
 *
 * Values and the slices taken from them are borrowed from the reader and end with the next
 * json_read() on it. A reader belongs to one thread. */
#pragma once

#include "lib/err.h"
#include "lib/slice.h"

struct json_reader;

struct json_value {
	const void *document;
	size_t index;
};

enum json_kind { JSON_NULL, JSON_BOOL, JSON_INT, JSON_REAL, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

/* Texts longer than `len_max` bytes are refused. */
struct json_reader *json_reader_new(size_t len_max);
void json_reader_free(struct json_reader **r);

/* False with an error that names the byte-level reason; trailing text after the value is one. */
bool json_read(struct json_reader *r, struct slice text, struct json_value *ret, struct err *err);

/* All keys and texts of a value that json_read() gave, decoded, in one run of bytes for a first look:
 * each stands between the four bytes of its length (little-endian) and a NUL. */
struct slice json_strings(struct json_value root);

enum json_kind json_kind(struct json_value v);
bool json_to_text(struct json_value v, struct slice *ret);
bool json_to_i64(struct json_value v, int64_t *ret); /* also from an integer above 2^63: false */
bool json_to_u64(struct json_value v, uint64_t *ret);
bool json_to_real(struct json_value v, double *ret); /* from any number */
bool json_to_bool(struct json_value v, bool *ret);

/* A member of an object, by its exact key; false when there is none. */
bool json_get(struct json_value object, const char *key, struct json_value *ret);
bool json_get_slice(struct json_value object, struct slice key, struct json_value *ret);
bool json_get_text(struct json_value object, const char *key, struct slice *ret);

/* A member by path: "dns.rrname". A key that holds the whole dotted name comes first. */
bool json_at(struct json_value object, const char *path, struct json_value *ret);

/* Calls `each` per member (key empty for arrays) until it returns false. */
typedef bool json_each_fn(void *ctx, struct slice key, struct json_value value);
void json_each(struct json_value container, json_each_fn *each, void *ctx);
size_t json_count(struct json_value container);

/* The value as JSON text again: the next value of `w`, or appended to `out`. */
struct buf;
struct json_writer;
void json_write(struct json_writer *w, struct json_value v);
void json_copy(struct json_value v, struct buf *out);
