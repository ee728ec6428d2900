/* Which story an article belongs to: the story of a near-duplicate (MinHash of 128 values over
 * three-syllable shingles, found by 32 bands of 4, verified), else the one about the same topic
 * and place, else a new one. A denial meets the rumour by topic and place.
 *
 *     char id[STORY_ID_LEN + 1];
 *     story_of(memory, a, &(struct story_item){url, folded, matter, ttl_ms}, id); */
#pragma once

#include "crawler/remember.h"

enum { STORY_ID_LEN = 15, STORY_HASHES = 128 };

struct story_item {
	struct slice url;
	struct slice folded; /* title and text, folded */
	struct slice matter; /* topic and place, or empty */
	int64_t ttl_ms;
};

void story_of(struct remember *m, struct arena *a, const struct story_item *item,
	char ret[STORY_ID_LEN + 1]);

/* The publisher took the page back: its signature goes. */
void story_forget(struct remember *m, struct arena *a, struct slice url);

struct story_signature {
	uint32_t hash[STORY_HASHES];
};

/* False when the text is too short to be compared. */
bool story_sign(struct slice folded, struct story_signature *ret);
double story_likeness(const struct story_signature *a, const struct story_signature *b);
