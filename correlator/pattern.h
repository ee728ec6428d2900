/* A Sigma value as a pattern: the wildcards * and ? with their escapes, read once and matched in
 * time linear in the text for all but patterns with several stars, where it is bounded by their
 * product; nothing backtracks further than to the last star.
 *
 *     struct pattern p = pattern_read(arena, SLICE("*\\evil?.exe"));
 *     p = pattern_lower(arena, p);
 *     pattern_matches(&p, lowered_text)
 *
 * Escapes as in Sigma: \* and \? are the characters, \\ is one backslash, any other backslash
 * stands for itself. ? is one code point. */
#pragma once

#include "lib/arena.h"

enum pattern_kind { PATTERN_EQUAL, PATTERN_STARTS, PATTERN_ENDS, PATTERN_CONTAINS, PATTERN_GLOB };

/* Inside a pattern the wildcards are bytes that UTF-8 never holds. */
enum { PATTERN_STAR = 0xff, PATTERN_ANY = 0xfe, PATTERN_DASH = 0xfd };

struct pattern {
	struct slice text;      /* with wildcard bytes, unless literal */
	bool literal;           /* bytes of an encoding: no wildcards in them */
	enum pattern_kind kind; /* set by pattern_classify() */
	struct slice core;      /* text without the stars that the kind stands for */
};

struct pattern pattern_read(struct arena *a, struct slice value);
struct pattern pattern_literal(struct slice bytes);
bool pattern_has_wildcards(const struct pattern *p);

/* Every dash or slash that opens a word (not one inside it) stands for each of the five characters
 * that Windows takes for one: - / – — ― */
struct pattern pattern_windash(struct arena *a, struct pattern p);

/* Length of the one of the five that stands at `at`, or 0. */
size_t pattern_dash_len(struct slice text, size_t at);

/* Adds a star before and/or after, unless one is there. */
struct pattern pattern_open_start(struct arena *a, struct pattern p);
struct pattern pattern_open_end(struct arena *a, struct pattern p);

/* In lower case, as values are compared unless they are cased. May be `text` itself. */
struct slice pattern_fold(struct arena *a, struct slice text);

struct pattern pattern_lower(struct arena *a, struct pattern p);

void pattern_classify(struct pattern *p);
bool pattern_matches(const struct pattern *p, struct slice text);
