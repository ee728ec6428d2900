/* Many phrases looked for in one text at once (lib/scan.h), as whole words.
 *
 * A text is read into its key forms first: lower case in NFC with one style of tone marks (hoà and
 * hòa meet), and folded. A text that carries diacritics is matched with them, one that carries
 * none by its folded form.
 *
 *     struct phrase_text *t = phrase_text_read(a, title, body);
 *     struct phrase_hits hits = phrases_find(set, a, t);
 *
 * Building a set: phrases_new(), phrases_add() …, phrases_ready(). Then it belongs to one thread. */
#pragma once

#include "lib/arena.h"
#include "lib/err.h"

enum { PHRASE_LEN_MAX = 200, PHRASE_HITS_MAX = 5000 };

struct phrase_text {
	struct slice key;      /* lower case, with diacritics */
	struct slice folded;   /* without */
	const bool *capital;   /* per byte of `key`: the letter there was a capital */
	const uint32_t *words; /* offsets where words start, in `matched` */
	size_t word_count;
	size_t title_len;     /* in `matched` */
	bool plain;           /* carries no diacritics */
	bool shouts;          /* has no small or no capital letters: case says nothing */
	struct slice matched; /* key or folded */
};

struct phrase_hit {
	size_t id;         /* as given to phrases_add() */
	uint32_t from, to; /* bytes in `matched` */
	uint32_t word;     /* index of its first word */
	uint32_t last_word;
	bool in_title;
};

struct phrase_hits {
	struct phrase_hit *at; /* by place, longer ones first */
	size_t count;
};

struct phrases;

struct phrases *phrases_new(void);
void phrases_free(struct phrases **p);

/* How a phrase may appear: with its diacritics; folded, in texts without any; or both. */
enum phrase_form { PHRASE_EXACT = 1, PHRASE_FOLDED = 2 };

void phrases_add(struct phrases *p, struct slice phrase, unsigned forms, size_t id);
bool phrases_ready(struct phrases *p, struct err *err);

struct phrase_text *phrase_text_read(struct arena *a, struct slice title, struct slice body);
struct phrase_hits phrases_find(
	const struct phrases *p, struct arena *a, const struct phrase_text *t);

/* The exact key form of a phrase: NFC, lower case, one style of tone marks. */
struct slice phrase_key(struct arena *a, struct slice phrase);
