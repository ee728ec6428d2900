#include "crawler/classify.h"

#include "lib/mem.h"

struct classifier {
	struct topics *topics;
	struct places *places;
};

struct classifier *classifier_read(const struct classifier_paths *paths, struct err *err)
{
	struct classifier *c = mem_alloc(sizeof *c);

	c->topics = topics_read(paths->topics, paths->assets, err);
	if (c->topics != NULL)
		c->places = places_read(paths->places, err);
	if (c->topics == NULL || c->places == NULL)
		classifier_free(&c);
	return c;
}

void classifier_free(struct classifier **c)
{
	if (*c == NULL)
		return;
	topics_free(&(*c)->topics);
	places_free(&(*c)->places);
	mem_free(*c);
	*c = NULL;
}

/* Topics that say how something is told, not what it is about. */
static bool says_how(struct slice id)
{
	return slice_is(id, "official.correction") || slice_starts(id, SLICE("harm.hoax")) ||
		slice_is(id, "harm.fake_document");
}

static const struct topic_found *primary_topic(const struct topics_found *found)
{
	for (size_t i = 0; i < found->topic_count; i++)
		if (!says_how(found->topics[i].id))
			return &found->topics[i];
	return found->topic_count > 0 ? &found->topics[0] : NULL;
}

void classify(const struct classifier *c, struct arena *a, struct slice title, struct slice text,
	struct classified *ret)
{
	*ret = (struct classified){.text = phrase_text_read(a, title, text)};
	topics_find(c->topics, a, ret->text, &ret->topics);
	places_find(c->places, a, ret->text, &ret->places);
	ret->is_denial = topics_have(&ret->topics, "official.correction") ||
		topics_marked(&ret->topics, "denial");

	const struct topic_found *topic = primary_topic(&ret->topics);
	const struct place_found *place = places_primary(&ret->places);
	if (topic == NULL)
		return;
	const char *middle = place == NULL ? "" : " · ";
	struct slice name = place == NULL ? SLICE("") : place->name;
	ret->subject = slice_of(
		arena_printf(a, "%.*s%s%.*s", SLICE_ARG(topic->name_vi), middle, SLICE_ARG(name)));
	if (place != NULL)
		ret->matter = slice_of(
			arena_printf(a, "%.*s|%.*s", SLICE_ARG(topic->id), SLICE_ARG(place->id)));
}

const struct topics *classifier_topics(const struct classifier *c)
{
	return c->topics;
}
