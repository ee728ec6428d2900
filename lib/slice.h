/* A borrowed run of bytes: text that need not end in NUL.
 *
 *     struct slice rest = SLICE("a,b"), word;
 *     while (slice_cut(&rest, ',', &word))
 *             ...
 *
 * A slice owns nothing; who makes one says what it is borrowed from. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
	const char *at;
	size_t len; /* bytes */
};

#define SLICE(literal) ((struct slice)SLICE_INIT(literal))

/* The same for the initializer of a static table. */
#define SLICE_INIT(literal)                                                                        \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}

/* For printf("%.*s", SLICE_ARG(s)). */
#define SLICE_ARG(s) (int)(s).len, (s).at

struct slice slice_of(const char *text); /* NULL gives an empty slice */
struct slice slice_over(const void *bytes, size_t len);

bool slice_equal(struct slice a, struct slice b);
bool slice_equal_nocase(struct slice a, struct slice b); /* ASCII letters only */
bool slice_contains_nocase(struct slice s, struct slice word);
bool slice_is(struct slice s, const char *text);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
int slice_compare(struct slice a, struct slice b); /* by bytes, as memcmp */

/* Offset of the first `needle`, or s.len when there is none. */
size_t slice_find(struct slice s, struct slice needle);
size_t slice_find_byte(struct slice s, char byte);

struct slice slice_from(struct slice s, size_t offset); /* empty when past the end */
struct slice slice_trim(struct slice s);                /* ASCII white space at both ends */

/* Takes the part before the next `separator` off `rest`; false when nothing is left. A
 * separator at the very end closes the last part: "a," is one part, "a,,b" are three. */
bool slice_cut(struct slice *rest, char separator, struct slice *ret_part);

/* The whole slice as a decimal number; false on anything else or on overflow. */
bool slice_to_u64(struct slice s, uint64_t *ret);
bool slice_to_i64(struct slice s, int64_t *ret);
bool slice_to_real(struct slice s, double *ret);
