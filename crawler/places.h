/* Places of the province in a text: administrative units, old and new, and landmarks, by the
 * names in rules/places.yaml. A name that is ambiguous counts only beside a sign of the province.
 *
 *     struct places *places = places_read("rules/places.yaml", &err);
 *     struct places_found found;
 *     places_find(places, a, text, &found);
 *     places_free(&places);
 *
 * One thread. Names in results are borrowed from the places. */
#pragma once

#include "crawler/phrases.h"

enum { PLACES_FOUND_MAX = 64 };

struct places;

struct place_found {
	struct slice id, name;
	bool is_landmark;
	bool in_title;
	unsigned mentions;
};

struct places_found {
	struct place_found at[PLACES_FOUND_MAX]; /* in order of first mention */
	size_t count;
};

struct places *places_read(const char *path, struct err *err);
void places_free(struct places **p);

void places_find(const struct places *p, struct arena *a, const struct phrase_text *text,
	struct places_found *ret);

/* What the text is about: a landmark if any, else a place in the title, else the one named most;
 * NULL when there is none. */
const struct place_found *places_primary(const struct places_found *found);
