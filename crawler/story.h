/* Which story an article belongs to: the story of a near-duplicate (MinHash over three-syllable
 * shingles, found by 42 bands of 3 values, verified), else the one about the same topic and place,
 * else a new one. A denial meets the rumour by topic and place. What is known of a story (when it
 * was first seen, how many publishers told it, whether it was corrected) is kept as long as it.
 *
 *     struct story story;
 *     story_of(memory, a, &(struct story_item){.url = url, .folded = folded, …}, &story); */
#pragma once

#include "crawler/remember.h"

enum { STORY_ID_LEN = 15, STORY_HASHES = 126, STORY_PUBLISHERS_MAX = 32 };

struct story_item {
	struct slice url;
	struct slice folded;    /* title and text, folded */
	struct slice matter;    /* topic and place, or empty */
	struct slice publisher; /* registrable domain, or empty */
	int64_t now_us;
	int64_t published_us; /* 0: unknown */
	int64_t ttl_ms;
	bool is_denial;
};

struct story {
	char id[STORY_ID_LEN + 1];
	int64_t first_us;    /* when its first article was seen */
	unsigned publishers; /* different ones, this one's included; no more than the maximum */
	bool corrected;      /* a denial or correction belongs to it */
	bool stale;          /* published long before it was seen, or told again long after */
};

void story_of(
	struct remember *m, struct arena *a, const struct story_item *item, struct story *ret);

/* The publisher took the page back: its signature goes. */
void story_forget(struct remember *m, struct arena *a, struct slice url);

struct story_signature {
	uint32_t hash[STORY_HASHES];
};

/* False when the text is too short to be compared. */
bool story_sign(struct slice folded, struct story_signature *ret);
double story_likeness(const struct story_signature *a, const struct story_signature *b);
