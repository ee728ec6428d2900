/* Vietnamese (and any other Unicode) text: validity, normal form, folding. UTF-8 in and out. The
 * only module that knows ICU.
 *
 *     struct slice nfc = text_nfc(a, page);
 *     if (text_diacritic_share(nfc) < 0.02)
 *             match(text_fold(a, nfc));
 *
 * Folding serves matching, never display: lower case, and for text_fold() without diacritics
 * (đ becomes d), so that "Quảng Nam" and "quang nam" meet. All functions are pure; any thread may
 * call them. */
#pragma once

#include "lib/arena.h"

bool text_is_utf8(struct slice s);

/* NFC; bytes that are not UTF-8 become U+FFFD. Results live in the arena. */
struct slice text_nfc(struct arena *a, struct slice s);
struct slice text_lower(struct arena *a, struct slice nfc);
struct slice text_fold(struct arena *a, struct slice nfc);

/* Share of Vietnamese vowel letters that carry a diacritic, 0 to 1; 0 for no vowels at all. */
double text_diacritic_share(struct slice nfc);

/* Runs of white space become one space, those at the ends go; what is not to be
 * seen goes: controls, zero widths, marks of direction. */
struct slice text_squeeze(struct arena *a, struct slice utf8);

/* The next code point at `*at` (moved past it), or U+FFFD for a bad byte; -1 at the end. */
int32_t text_next(struct slice s, size_t *at);
bool text_is_word_char(int32_t code_point); /* letters, digits, combining marks */

/* A code point in lower case and without diacritics: 'Ộ' gives 'o', 'Đ' gives 'd'. */
int32_t text_fold_char(int32_t code_point);

int32_t text_lower_char(int32_t code_point);
int32_t text_upper_char(int32_t code_point);

/* Writes a code point as UTF-8; gives the length, 1 to 4. */
size_t text_put(int32_t code_point, char ret[4]);

/* The longest start of at most `len_max` bytes that ends with a whole character. */
struct slice text_cut(struct slice utf8, size_t len_max);

/* Host names by UTS 46, not transitional. To ASCII: lower case, "xn--" where needed; false when
 * it is no valid name. To Unicode: labels that cannot be decoded stay as they are. */
enum { TEXT_HOST_MAX = 1024 };
bool text_host_to_ascii(struct slice host, char ret[TEXT_HOST_MAX], size_t *ret_len);
size_t text_host_to_unicode(struct slice host, char ret[TEXT_HOST_MAX]);
