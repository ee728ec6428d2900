/* Everything the rules say about one text: topics, places, markers, and the words for it.
 *
 *     struct classifier *c = classifier_read(&paths, &err);
 *     struct classified found;
 *     classify(c, a, title, text, &found); */
#pragma once

#include "crawler/places.h"
#include "crawler/topics.h"

struct classifier;

struct classifier_paths {
	const char *topics, *places, *assets;
};

struct classified {
	struct topics_found topics;
	struct places_found places;
	struct phrase_text *text;
	struct slice subject; /* "Hồ đập, xả lũ · Thủy điện Sông Tranh 2", or empty */
	struct slice matter;  /* key of what it is about, the same for a rumour and its denial */
	bool is_denial;
};

struct classifier *classifier_read(const struct classifier_paths *paths, struct err *err);
void classifier_free(struct classifier **c);

void classify(const struct classifier *c, struct arena *a, struct slice title, struct slice text,
	struct classified *ret);

const struct topics *classifier_topics(const struct classifier *c);
