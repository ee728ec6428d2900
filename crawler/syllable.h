/* Whether a word can be a Vietnamese syllable: an onset, a rime and a tone that go together. Tells
 * text decoded rightly from text decoded by a wrong table, without any word list.
 *
 *     struct syllables *s = syllables_new();
 *     syllables_have(s, SLICE("Nghiêng"));     (true; "Nghieâng" is none)
 *     syllables_free(&s);
 *
 * Reads NFC and combining marks. Capitals may be all letters or the first one only. */
#pragma once

#include "lib/slice.h"

struct syllables;

struct syllables *syllables_new(void);
void syllables_free(struct syllables **s);

bool syllables_have(const struct syllables *s, struct slice word);
