/* Regular expressions of rules, in bounded time: through PCRE2 with a limit of steps, and for what
 * exceeds it through an automaton (lib/scan.h), which is linear. An expression that exceeds it and
 * that no automaton can decide (looking around, back references) is given up, does not match and is
 * counted.
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

struct slice regex_expression(const struct regex *re);

/* `text` is UTF-8; only its first REGEX_TEXT_MAX bytes are searched. */
bool regex_finds(struct regex *re, struct slice text);

uint64_t regex_set_given_up(const struct regex_set *set);
