/* Many literals, or one regular expression, looked for in one pass over a text. The only module that
 * knows Hyperscan.
 *
 *     struct scan *s = scan_new();
 *     scan_add(s, SLICE(".tunnel."), SCAN_NOCASE, 7);
 *     if (!scan_ready(s, &err)) …
 *     scan_find(s, text, on_hit, ctx);
 *
 * Time is linear in the text, whatever it holds. A set belongs to one thread once it is ready. */
#pragma once

#include "lib/err.h"
#include "lib/slice.h"

enum scan_flags {
	SCAN_NOCASE = 1, /* ASCII letters only */
	SCAN_ONCE = 2,   /* told of at its first place alone */
};

struct scan;

struct scan *scan_new(void);
void scan_free(struct scan **s);

/* `literal` is copied and not empty. Several may bear one id. */
void scan_add(struct scan *s, struct slice literal, unsigned flags, unsigned id);
size_t scan_count(const struct scan *s);

/* After the last scan_add(). Without any literal it succeeds, and nothing is ever found. */
bool scan_ready(struct scan *s, struct err *err);

/* Told of every place where one ends, in order; ends the search by giving true. */
typedef bool scan_hit_fn(void *ctx, unsigned id, size_t end);
void scan_find(const struct scan *s, struct slice text, scan_hit_fn *hit, void *ctx);

/* A regular expression over UTF-8, in which a letter is any letter, in the syntax of PCRE without what
 * needs backtracking (back references, looking around, atomic groups): NULL for those, and for what
 * would be too large. */
enum scan_regex_flags { SCAN_REGEX_NOCASE = 1, SCAN_REGEX_MULTILINE = 2, SCAN_REGEX_DOTALL = 4 };

struct scan_regex;

struct scan_regex *scan_regex_new(const char *expression, unsigned flags);
void scan_regex_free(struct scan_regex **re);
bool scan_regex_finds(const struct scan_regex *re, struct slice utf8);
