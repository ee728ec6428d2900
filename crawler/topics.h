/* Topics of a text by the phrases of rules/topics.yaml, and its markers (unverified, denial …).
 *
 *     struct topics *topics = topics_read("rules/topics.yaml", assets, &err);
 *     struct topics_found found;
 *     topics_find(topics, a, text, &found);
 *     topics_free(&topics);
 *
 * One thread. Names in results are borrowed from the topics. */
#pragma once

#include "crawler/phrases.h"

enum { TOPICS_MAX = 128, MARKERS_MAX = 32, TOPIC_PHRASES_FOUND_MAX = 16 };

struct topics;

struct topic_found {
	struct slice id, name_vi;
	unsigned score; /* weight of distinct phrases, twice for those in the title */
	bool in_title;
	unsigned severity;
};

struct topics_found {
	struct topic_found topics[TOPICS_MAX]; /* the best first */
	size_t topic_count;
	struct slice markers[MARKERS_MAX];
	bool marker_is_strong[MARKERS_MAX]; /* in the title, or met twice */
	size_t marker_count;
};

/* `assets` gives the names of our systems (for needs: assets.names). */
struct topics *topics_read(const char *path, const char *assets, struct err *err);
void topics_free(struct topics **t);

void topics_find(const struct topics *t, struct arena *a, const struct phrase_text *text,
	struct topics_found *ret);

bool topics_have(const struct topics_found *found, const char *id);
bool topics_marked(const struct topics_found *found, const char *marker);

/* Distinct phrases of one topic in a text, whatever else the topic needs. */
struct topic_phrases {
	struct slice at[TOPIC_PHRASES_FOUND_MAX];
	size_t count; /* may be larger than the room */
	bool in_title;
};
void topics_phrases(const struct topics *t, const char *id, struct arena *a,
	const struct phrase_text *text, struct topic_phrases *ret);
