/* Texts of which every match of a regular expression holds one, if they are easily seen: the longest
 * run of plain characters, or the alternatives of a group. Letters may be in either case in the match.
 *
 *     count = regex_texts(arena, SLICE("^/cgi-bin/[a-z]+\\.php$"), texts);     "/cgi-bin/"
 *     count = regex_texts(arena, SLICE("/(c99|r57)\\.php"), texts);            "c99" and "r57"
 *
 * Of a run and a group the one with the longer texts is taken. */
#pragma once

#include "lib/arena.h"

enum { REGEX_TEXTS_MAX = 64 };

/* 0 when none are seen. */
size_t regex_texts(struct arena *a, struct slice expression, struct slice ret[REGEX_TEXTS_MAX]);
