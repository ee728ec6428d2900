#include "crawler/topics.h"

#include "lib/mem.h"
#include "lib/yaml.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { NEEDS_MAX = 4, NEED_NAMES_MAX = 16, NEARS_MAX = 4, NEGATIVE_REACH = 6, USES_MAX = 20000 };

enum use_kind {
	USE_PHRASE,
	USE_NEGATIVE,
	USE_NEAR_A,
	USE_NEAR_B,
	USE_MARKER,
	USE_NAME,
	USE_UNSAID /* "nguy cơ", "đề phòng": what follows is not said to have happened */
};

/* What a phrase weighs: a strict one of one word has many meanings. Twice in the title. */
enum { WEIGHT_STRICT = 1, WEIGHT_PHRASE = 2, UNSAID_REACH = 4 };

/* What a phrase stands for; its index is the id of the phrase. */
struct use {
	enum use_kind kind;
	size_t owner; /* topic or marker */
	size_t near;  /* which near rule of the topic */
	unsigned weight;
	struct slice phrase;
};

enum need_kind { NEED_TOPIC, NEED_MARKER, NEED_NAMES };

struct need {
	enum need_kind kind;
	struct slice name;
};

struct need_set {
	struct need any[NEED_NAMES_MAX];
	size_t count;
};

struct topic {
	struct slice id, name_vi;
	unsigned severity, wanted; /* weight */
	struct need_set needs[NEEDS_MAX];
	size_t need_count;
	struct need_set unless; /* one of them present takes the topic away */
	uint32_t near_window[NEARS_MAX];
	size_t near_count;
};

struct marker {
	struct slice id;
	bool account_number;
};

struct topics {
	struct arena *arena;
	struct phrases *phrases;
	struct topic topics[TOPICS_MAX];
	size_t topic_count;
	struct marker markers[MARKERS_MAX];
	size_t marker_count;
	struct use *uses;
	size_t use_count;
};

struct loader {
	struct topics *t;
	const char *path;
	struct err *err;
};

static bool add_use(const struct loader *in, struct use use, unsigned forms)
{
	struct topics *t = in->t;

	if (t->use_count == USES_MAX)
		return err_set(in->err, in->path, 0, "more than %d phrases", USES_MAX);
	phrases_add(t->phrases, use.phrase, forms, t->use_count);
	t->uses[t->use_count++] = use;
	return true;
}

static bool is_one_word(struct slice phrase)
{
	return slice_find_byte(phrase, ' ') == phrase.len;
}

/* Adds every text of a list; a missing list is fine. */
static bool add_list(
	const struct loader *in, const struct yaml_node *list, struct use use, unsigned forms)
{
	if (list == NULL)
		return true;
	if (list->kind != YAML_LIST)
		return err_set(in->err, in->path, list->line, "a list of phrases was expected");
	unsigned most = use.weight;
	for (size_t i = 0; i < list->count; i++) {
		const struct yaml_node *item = list->values[i];

		if (item->kind != YAML_SCALAR || item->text.len == 0 ||
			item->text.len > PHRASE_LEN_MAX)
			return err_set(in->err, in->path, item->line,
				"a phrase is a text of at most %d bytes", PHRASE_LEN_MAX);
		use.phrase = item->text;
		if ((forms & PHRASE_FOLDED) == 0)
			use.weight = is_one_word(use.phrase) ? WEIGHT_STRICT : most;
		if (!add_use(in, use, forms))
			return false;
	}
	return true;
}

static bool load_near(const struct loader *in, const struct yaml_node *list, size_t owner)
{
	struct topic *topic = &in->t->topics[owner];

	for (size_t i = 0; list != NULL && i < list->count; i++) {
		const struct yaml_node *rule = list->values[i];
		int64_t window;

		if (i == NEARS_MAX)
			return err_set(in->err, in->path, rule->line, "more than %d near rules",
				NEARS_MAX);
		const struct yaml_node *node = yaml_get(rule, "window");
		if (node == NULL || !yaml_to_i64(node, &window) || window < 1 || window > 100)
			return err_set(
				in->err, in->path, rule->line, "window must be 1 to 100 words");
		topic->near_window[i] = (uint32_t)window;
		struct use a = {.kind = USE_NEAR_A, .owner = owner, .near = i};
		struct use b = {.kind = USE_NEAR_B, .owner = owner, .near = i};
		if (!add_list(in, yaml_get(rule, "a"), a, PHRASE_EXACT | PHRASE_FOLDED) ||
			!add_list(in, yaml_get(rule, "b"), b, PHRASE_EXACT | PHRASE_FOLDED))
			return false;
		topic->near_count++;
	}
	return true;
}

static bool load_need_set(
	const struct loader *in, const struct yaml_node *any, struct need_set *set)
{
	if (any->kind != YAML_LIST || any->count > NEED_NAMES_MAX)
		return err_set(in->err, in->path, any->line,
			"a list of at most %d names was expected", NEED_NAMES_MAX);
	for (size_t i = 0; i < any->count; i++) {
		struct slice name = any->values[i]->text;
		bool marker = slice_starts(name, SLICE("markers."));
		enum need_kind kind = marker             ? NEED_MARKER
			: slice_is(name, "assets.names") ? NEED_NAMES
							 : NEED_TOPIC;

		set->any[set->count++] =
			(struct need){kind, marker ? slice_from(name, strlen("markers.")) : name};
	}
	return true;
}

static bool load_needs(const struct loader *in, const struct yaml_node *node, struct topic *topic)
{
	const struct yaml_node *list = yaml_get(node, "needs"), *unless = yaml_get(node, "unless");

	for (size_t i = 0; list != NULL && i < list->count; i++) {
		if (i == NEEDS_MAX)
			return err_set(
				in->err, in->path, list->line, "more than %d needs", NEEDS_MAX);
		if (!load_need_set(in, list->values[i], &topic->needs[topic->need_count++]))
			return false;
	}
	return unless == NULL || load_need_set(in, unless, &topic->unless);
}

static bool load_topic(const struct loader *in, const struct yaml_node *node)
{
	struct topics *t = in->t;
	const struct yaml_node *id = yaml_get(node, "id"), *name = yaml_get(node, "vi");
	const struct yaml_node *alert = yaml_get(node, "alert");
	int64_t severity = 0, hits = alert != NULL && slice_is(alert->text, "each") ? 1 : 2;

	if (id == NULL || id->text.len == 0)
		return err_set(in->err, in->path, node->line, "a topic needs an id");
	if (t->topic_count == TOPICS_MAX)
		return err_set(in->err, in->path, node->line, "more than %d topics", TOPICS_MAX);
	if (yaml_get(node, "severity") != NULL &&
		(!yaml_to_i64(yaml_get(node, "severity"), &severity) || severity < 0 ||
			severity > 4))
		return err_set(in->err, in->path, node->line, "severity must be 0 to 4");
	if (yaml_get(node, "hits") != NULL &&
		(!yaml_to_i64(yaml_get(node, "hits"), &hits) || hits < 1 || hits > 10))
		return err_set(in->err, in->path, node->line, "hits must be 1 to 10");
	size_t owner = t->topic_count++;
	struct topic *topic = &t->topics[owner];
	topic->id = id->text;
	topic->name_vi = name == NULL ? id->text : name->text;
	topic->severity = (unsigned)severity;
	topic->wanted = (unsigned)hits * WEIGHT_PHRASE;
	struct use use = {.kind = USE_PHRASE, .owner = owner, .weight = WEIGHT_PHRASE};
	struct use negative = {.kind = USE_NEGATIVE, .owner = owner};
	return add_list(in, yaml_get(node, "phrases"), use, PHRASE_EXACT | PHRASE_FOLDED) &&
		add_list(in, yaml_get(node, "strict"), use, PHRASE_EXACT) &&
		add_list(in, yaml_get(node, "informal"), use, PHRASE_EXACT | PHRASE_FOLDED) &&
		add_list(in, yaml_get(node, "negative"), negative, PHRASE_EXACT | PHRASE_FOLDED) &&
		load_near(in, yaml_get(node, "near"), owner) && load_needs(in, node, topic);
}

static bool load_markers(const struct loader *in, const struct yaml_node *map)
{
	struct topics *t = in->t;

	for (size_t i = 0; map != NULL && i < map->count; i++) {
		const struct yaml_node *node = map->values[i], *detect = yaml_get(node, "detect");

		if (t->marker_count == MARKERS_MAX)
			return err_set(
				in->err, in->path, node->line, "more than %d markers", MARKERS_MAX);
		size_t owner = t->marker_count++;
		t->markers[owner].id = map->keys[i]->text;
		t->markers[owner].account_number =
			detect != NULL && slice_is(detect->text, "account_number");
		struct use use = {.kind = USE_MARKER, .owner = owner};
		if (!add_list(in, yaml_get(node, "phrases"), use, PHRASE_EXACT | PHRASE_FOLDED) ||
			!add_list(
				in, yaml_get(node, "informal"), use, PHRASE_EXACT | PHRASE_FOLDED))
			return false;
	}
	return true;
}

static bool load_cues(const struct loader *in, const struct yaml_node *cues)
{
	return add_list(in, yaml_get(cues, "unsaid"), (struct use){.kind = USE_UNSAID},
		PHRASE_EXACT | PHRASE_FOLDED);
}

static bool load_names(const struct loader *in, const char *assets)
{
	struct yaml_documents docs;

	if (assets == NULL)
		return true;
	if (!yaml_read_file(in->t->arena, assets, &docs, in->err))
		return false;
	return docs.count == 0 ||
		add_list(in, yaml_get(docs.at[0], "names"), (struct use){.kind = USE_NAME},
			PHRASE_EXACT | PHRASE_FOLDED);
}

static bool load(const struct loader *in, const char *assets)
{
	struct topics *t = in->t;
	struct yaml_documents docs;

	if (!yaml_read_file(t->arena, in->path, &docs, in->err))
		return false;
	const struct yaml_node *list = docs.count == 1 ? yaml_get(docs.at[0], "topics") : NULL;
	if (list == NULL || list->kind != YAML_LIST)
		return err_set(in->err, in->path, 0, "a list `topics` was expected");
	t->uses = arena_array(t->arena, USES_MAX, sizeof *t->uses);
	for (size_t i = 0; i < list->count; i++)
		if (!load_topic(in, list->values[i]))
			return false;
	return load_markers(in, yaml_get(docs.at[0], "markers")) &&
		load_cues(in, yaml_get(docs.at[0], "cues")) && load_names(in, assets) &&
		phrases_ready(t->phrases, in->err);
}

struct topics *topics_read(const char *path, const char *assets, struct err *err)
{
	struct topics *t = mem_alloc(sizeof *t);

	t->arena = arena_new();
	t->phrases = phrases_new();
	if (!load(&(struct loader){t, path, err}, assets))
		topics_free(&t);
	return t;
}

void topics_free(struct topics **t)
{
	if (*t == NULL)
		return;
	phrases_free(&(*t)->phrases);
	arena_free(&(*t)->arena);
	mem_free(*t);
	*t = NULL;
}

/* What was found for one topic, before `needs`. */
struct tally {
	unsigned score;
	bool in_title;
};

static uint32_t words_between(const struct phrase_hit *a, const struct phrase_hit *b)
{
	if (a->from < b->to && b->from < a->to)
		return 0;
	return a->word < b->word ? b->word - a->last_word : a->word - b->last_word;
}

static bool is_cancelled(
	const struct topics *t, const struct phrase_hits *hits, const struct phrase_hit *hit)
{
	size_t owner = t->uses[hit->id].owner;

	for (size_t i = 0; i < hits->count; i++) {
		const struct use *use = &t->uses[hits->at[i].id];

		if (use->kind == USE_NEGATIVE && use->owner == owner &&
			words_between(&hits->at[i], hit) <= NEGATIVE_REACH)
			return true;
	}
	return false;
}

static bool covers(const struct phrase_hit *a, const struct phrase_hit *b)
{
	return a->from <= b->from && a->to >= b->to && a->to - a->from > b->to - b->from;
}

/* Inside a longer phrase, or the same phrase met earlier. */
static bool is_repeat(const struct topics *t, const struct phrase_hits *hits, size_t index)
{
	const struct phrase_hit *hit = &hits->at[index];
	const struct use *use = &t->uses[hit->id];

	for (size_t i = 0; i < hits->count; i++) {
		const struct use *other = &t->uses[hits->at[i].id];

		if (other->kind != USE_PHRASE || i == index)
			continue;
		if (covers(&hits->at[i], hit) ||
			(i < index && other->owner == use->owner &&
				slice_equal(other->phrase, use->phrase)))
			return true;
	}
	return false;
}

/* Only a danger, a plan or advice: "đề phòng sạt lở". */
static bool is_unsaid(
	const struct topics *t, const struct phrase_hits *hits, const struct phrase_hit *hit)
{
	for (size_t i = 0; i < hits->count && hits->at[i].from <= hit->from; i++)
		if (t->uses[hits->at[i].id].kind == USE_UNSAID &&
			hits->at[i].in_title == hit->in_title &&
			hit->word - hits->at[i].last_word <= UNSAID_REACH)
			return true;
	return false;
}

static void tally_phrases(
	const struct topics *t, const struct phrase_hits *hits, struct tally *tallies)
{
	for (size_t i = 0; i < hits->count; i++) {
		const struct phrase_hit *hit = &hits->at[i];
		const struct use *use = &t->uses[hit->id];

		if (use->kind != USE_PHRASE || is_repeat(t, hits, i) || is_cancelled(t, hits, hit))
			continue;
		unsigned weight = is_unsaid(t, hits, hit) ? WEIGHT_STRICT : use->weight;
		tallies[use->owner].score += hit->in_title ? 2 * weight : weight;
		tallies[use->owner].in_title |= hit->in_title;
	}
}

static bool near_found(const struct topics *t, const struct phrase_hits *hits,
	const struct phrase_hit *a, bool *ret_title)
{
	const struct use *use = &t->uses[a->id];
	uint32_t window = t->topics[use->owner].near_window[use->near];

	for (size_t i = 0; i < hits->count; i++) {
		const struct phrase_hit *b = &hits->at[i];
		const struct use *other = &t->uses[b->id];

		if (other->kind == USE_NEAR_B && other->owner == use->owner &&
			other->near == use->near && a->in_title == b->in_title &&
			words_between(a, b) <= window && !is_cancelled(t, hits, a)) {
			*ret_title = a->in_title;
			return true;
		}
	}
	return false;
}

/* A near rule counts once for a text, as two phrases. */
static void tally_near(
	const struct topics *t, const struct phrase_hits *hits, struct tally *tallies)
{
	bool counted[TOPICS_MAX][NEARS_MAX] = {0};

	for (size_t i = 0; i < hits->count; i++) {
		const struct use *use = &t->uses[hits->at[i].id];
		bool in_title = false;

		if (use->kind != USE_NEAR_A || counted[use->owner][use->near] ||
			!near_found(t, hits, &hits->at[i], &in_title))
			continue;
		counted[use->owner][use->near] = true;
		tallies[use->owner].score += 2 * WEIGHT_PHRASE;
		tallies[use->owner].in_title |= in_title;
	}
}

/* "stk: 0123456789": four kinds of words for an account, then 6 to 16 digits, or the mask that
 * stands for most of them. */
static bool has_account_number(const struct phrase_text *text)
{
	static const char *const words[] = {"stk", "số tài khoản", "so tai khoan", "tk"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		struct slice rest = text->matched, word = slice_of(words[i]);
		size_t at;

		while ((at = slice_find(rest, word)) < rest.len) {
			size_t digits = 0;

			rest = slice_from(rest, at + word.len);
			while (rest.len > 0 && strchr(" :.", rest.at[0]) != NULL)
				rest = slice_from(rest, 1);
			while (digits < rest.len && isdigit((unsigned char)rest.at[digits]))
				digits++;
			bool masked = slice_starts(rest, SLICE("[số")) ||
				slice_starts(rest, SLICE("[so"));
			if (masked || (digits >= 6 && digits <= 16))
				return true;
		}
	}
	return false;
}

static void find_markers(const struct topics *t, const struct phrase_hits *hits,
	const struct phrase_text *text, struct topics_found *ret)
{
	unsigned seen[MARKERS_MAX] = {0};

	for (size_t i = 0; i < hits->count; i++)
		if (t->uses[hits->at[i].id].kind == USE_MARKER)
			seen[t->uses[hits->at[i].id].owner] += hits->at[i].in_title ? 2 : 1;
	for (size_t i = 0; i < t->marker_count; i++) {
		if (seen[i] == 0 && !(t->markers[i].account_number && has_account_number(text)))
			continue;
		ret->marker_is_strong[ret->marker_count] = seen[i] > 1;
		ret->markers[ret->marker_count++] = t->markers[i].id;
	}
}

static bool has_name(const struct topics *t, const struct phrase_hits *hits)
{
	for (size_t i = 0; i < hits->count; i++)
		if (t->uses[hits->at[i].id].kind == USE_NAME)
			return true;
	return false;
}

static bool need_met(const struct topics *t, const struct phrase_hits *hits,
	const struct need *need, const struct topics_found *found)
{
	switch (need->kind) {
	case NEED_NAMES: return has_name(t, hits);
	case NEED_MARKER: return topics_marked(found, need->name.at);
	case NEED_TOPIC: return topics_have(found, need->name.at);
	}
	return false;
}

static bool any_met(const struct topics *t, const struct phrase_hits *hits,
	const struct need_set *set, const struct topics_found *found)
{
	for (size_t i = 0; i < set->count; i++)
		if (need_met(t, hits, &set->any[i], found))
			return true;
	return false;
}

static bool needs_met(const struct topics *t, const struct phrase_hits *hits,
	const struct topic *topic, const struct topics_found *found)
{
	for (size_t i = 0; i < topic->need_count; i++)
		if (!any_met(t, hits, &topic->needs[i], found))
			return false;
	return true;
}

/* A marker takes a topic away when the title or the text twice says so. */
static bool is_taken_away(const struct topics *t, const struct phrase_hits *hits,
	const struct topic *topic, const struct topics_found *found)
{
	for (size_t i = 0; i < topic->unless.count; i++) {
		const struct need *need = &topic->unless.any[i];

		if (need->kind != NEED_MARKER && need_met(t, hits, need, found))
			return true;
		for (size_t k = 0; need->kind == NEED_MARKER && k < found->marker_count; k++)
			if (slice_equal(found->markers[k], need->name) &&
				found->marker_is_strong[k])
				return true;
	}
	return false;
}

static struct slice family(struct slice id)
{
	return slice_over(id.at, slice_find_byte(id, '.'));
}

/* What a text says besides: the services that a disaster, an incident or a fraud touches, and a
 * second kind of the same that only the text names, once. */
static bool is_aside(const struct topics_found *found, const struct topic_found *f)
{
	bool service = slice_is(family(f->id), "ioc");

	for (size_t i = 0; i < found->topic_count; i++) {
		const struct topic_found *other = &found->topics[i];
		bool related = slice_equal(family(other->id), family(f->id));

		if (other == f || slice_is(family(other->id), "official"))
			continue;
		if (service && !related &&
			(slice_is(family(other->id), "harm") || other->score > f->score ||
				(other->score == f->score && !f->in_title)))
			return true;
		if (!service && related && !f->in_title && f->score <= WEIGHT_PHRASE &&
			other->in_title && !slice_starts(f->id, SLICE("harm.")))
			return true;
	}
	return false;
}

static void drop_asides(struct topics_found *found)
{
	struct topics_found all = *found;

	found->topic_count = 0;
	for (size_t i = 0; i < all.topic_count; i++)
		if (!is_aside(&all, &all.topics[i]))
			found->topics[found->topic_count++] = all.topics[i];
}

static int topic_order(const void *a, const void *b)
{
	const struct topic_found *x = a, *y = b;

	if (x->in_title != y->in_title)
		return x->in_title ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return slice_compare(x->id, y->id);
}

/* Topics without needs come first, so that those with needs can ask for them. */
static void collect(const struct topics *t, const struct phrase_hits *hits,
	const struct tally *tallies, struct topics_found *ret)
{
	for (int pass = 0; pass < 2; pass++) {
		struct topics_found known = *ret;

		for (size_t i = 0; i < t->topic_count; i++) {
			const struct topic *topic = &t->topics[i];

			if ((topic->need_count > 0) != (pass == 1) ||
				tallies[i].score < topic->wanted)
				continue;
			if ((pass == 1 && !needs_met(t, hits, topic, &known)) ||
				is_taken_away(t, hits, topic, &known))
				continue;
			ret->topics[ret->topic_count++] =
				(struct topic_found){topic->id, topic->name_vi, tallies[i].score,
					tallies[i].in_title, topic->severity};
		}
	}
	qsort(ret->topics, ret->topic_count, sizeof *ret->topics, topic_order);
}

void topics_find(const struct topics *t, struct arena *a, const struct phrase_text *text,
	struct topics_found *ret)
{
	struct phrase_hits hits = phrases_find(t->phrases, a, text);
	struct tally tallies[TOPICS_MAX] = {0};

	*ret = (struct topics_found){0};
	tally_phrases(t, &hits, tallies);
	tally_near(t, &hits, tallies);
	find_markers(t, &hits, text, ret);
	collect(t, &hits, tallies, ret);
	drop_asides(ret);
}

bool topics_have(const struct topics_found *found, const char *id)
{
	for (size_t i = 0; i < found->topic_count; i++)
		if (slice_is(found->topics[i].id, id))
			return true;
	return false;
}

bool topics_marked(const struct topics_found *found, const char *marker)
{
	for (size_t i = 0; i < found->marker_count; i++)
		if (slice_is(found->markers[i], marker))
			return true;
	return false;
}

void topics_phrases(const struct topics *t, const char *id, struct arena *a,
	const struct phrase_text *text, struct topic_phrases *ret)
{
	struct phrase_hits hits = phrases_find(t->phrases, a, text);

	*ret = (struct topic_phrases){0};
	for (size_t i = 0; i < hits.count; i++) {
		const struct use *use = &t->uses[hits.at[i].id];

		if (use->kind != USE_PHRASE || !slice_is(t->topics[use->owner].id, id) ||
			is_repeat(t, &hits, i) || is_cancelled(t, &hits, &hits.at[i]))
			continue;
		if (ret->count < TOPIC_PHRASES_FOUND_MAX)
			ret->at[ret->count] = use->phrase;
		ret->count++;
		ret->in_title |= hits.at[i].in_title;
	}
}
