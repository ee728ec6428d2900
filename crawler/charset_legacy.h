/* Vietnamese text in the encodings from before Unicode, found by what it spells: the table under
 * which nearly every word is a Vietnamese syllable is the right one. Pages name these encodings
 * wrongly or not at all, and often hold their bytes as if they were Latin letters ("TiÕng ViÖt",
 * "Tieáng Vieät", "Tiáº¿ng Viá»‡t").
 *
 *     struct legacy *l = legacy_new(iconv_tables);
 *     if (!text_is_utf8(bytes) && (found = legacy_detect(l, bytes)) != LEGACY_NONE)
 *             text = legacy_decode(l, a, found, bytes);
 *     else
 *             text = legacy_repair(l, a, utf8);
 *     legacy_free(&l); */
#pragma once

#include "lib/arena.h"

enum legacy_kind {
	LEGACY_TCVN, /* ABC fonts (.VnTime), TCVN 5712 */
	LEGACY_VISCII,
	LEGACY_1258,
	LEGACY_VNI,   /* VNI-Times and the like: a letter, then its mark */
	LEGACY_TWICE, /* UTF-8 read as windows-1252 and written as UTF-8 again */
	LEGACY_KINDS,
	LEGACY_NONE = LEGACY_KINDS
};

enum { LEGACY_TABLES = 3, LEGACY_BYTES = 256 };

struct legacy;

/* `tables`: the code point of each byte under TCVN, VISCII and windows-1258, 0 for none. */
struct legacy *legacy_new(uint32_t (*tables)[LEGACY_BYTES]);
void legacy_free(struct legacy **l);

/* For bytes that are no UTF-8. */
enum legacy_kind legacy_detect(const struct legacy *l, struct slice bytes);
struct slice legacy_decode(
	const struct legacy *l, struct arena *a, enum legacy_kind kind, struct slice bytes);

/* UTF-8 whose letters are such bytes, throughout or within elements of a font ".Vn…" or "VNI-…",
 * put right; any other text as it is. Capital fonts (".VnTimeH") give capitals. */
struct slice legacy_repair(const struct legacy *l, struct arena *a, struct slice utf8);
