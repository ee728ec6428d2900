/* What a mail says to people: an alert, what an analyst made of it, or several of them as a digest;
 * in Vietnamese, as plain text and as HTML of the same words. */
#pragma once

#include "courier/target.h"

struct letter {
	struct buf subject, text, html; /* UTF-8 */
};

void letter_release(struct letter *l);

/* `console` is the address of the console, "" for no links. */
void letter_write(const struct parcel *parcel, const char *console, struct letter *ret);

/* A digest: letter_digest_begin(), letter_digest_add() per parcel, letter_digest_end(). */
void letter_digest_begin(int64_t until_us, size_t count, struct letter *ret);
void letter_digest_add(struct letter *l, const struct parcel *parcel, const char *console);
void letter_digest_line(struct letter *l, const struct parcel *parcel); /* in short */
void letter_digest_end(struct letter *l);
