/* Regular expressions of rules, through PCRE2 with limits: a match that takes too many steps is
 * given up, counts as none and is counted.
 *
 *     struct regex *re = regex_add(set, SLICE("^a+$"), REGEX_NOCASE);
 *     if (regex_finds(re, text)) …
 *
 * Expressions live as long as their set. A set belongs to one thread. */
#pragma once

#include "lib/slice.h"

struct regex;
struct regex_set;

enum regex_flags { REGEX_NOCASE = 1, REGEX_MULTILINE = 2, REGEX_DOTALL = 4 };

struct regex_set *regex_set_new(void);
void regex_set_free(struct regex_set **set);

/* NULL with `said` (borrowed until the next call) when the expression is wrong. */
struct regex *regex_add(struct regex_set *set, struct slice expression, unsigned flags);
const char *regex_said(const struct regex_set *set);

/* `text` is UTF-8; only its first REGEX_TEXT_MAX bytes are searched. */
bool regex_finds(const struct regex *re, struct slice text);

uint64_t regex_set_given_up(const struct regex_set *set);
