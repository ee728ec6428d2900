#include "crawler/places.h"

#include "lib/mem.h"
#include "lib/text.h"
#include "lib/yaml.h"

#include <stdlib.h>
#include <string.h>

enum {
	ONE_SYLLABLE_MAX = 6,
	PLACES_MAX = 4000,
	SPELLINGS_MAX = 20000,
	SAME_NAME_MAX = 8,
	CONTEXT_REACH = 200,
	LEVEL_REACH = 24
};

enum ambiguity { AMBIGUITY_LOW, AMBIGUITY_MEDIUM, AMBIGUITY_HIGH };

enum rank { RANK_PROVINCE, RANK_DISTRICT, RANK_OLD_UNIT, RANK_NEW_UNIT, RANK_LANDMARK };

struct place {
	struct slice id, name, parent;
	enum rank rank;
	enum ambiguity exact, folded;
	bool collides; /* the name is met in other provinces */
	bool is_word;  /* or is an ordinary word, at least without diacritics */
};

enum spelling_kind { SPELLING_PLACE, SPELLING_POSITIVE, SPELLING_NEGATIVE };

/* One way of writing; several places may share it. Its index is the id of the phrase. */
struct spelling {
	enum spelling_kind kind;
	struct slice text;
	size_t places[SAME_NAME_MAX];
	size_t count;
	bool needs_context;
};

struct places {
	struct arena *arena;
	struct phrases *phrases;
	struct place *places;
	size_t place_count;
	struct spelling *spellings;
	size_t spelling_count;
};

struct loader {
	struct places *p;
	const char *path;
	struct err *err;
};

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
	return true;
}

static bool is_small(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] >= 'A' && s.at[i] <= 'Z')
			return false;
	return true;
}

static struct spelling *spelling_find(struct places *p, struct slice text)
{
	for (size_t i = 0; i < p->spelling_count; i++)
		if (slice_equal(p->spellings[i].text, text))
			return &p->spellings[i];
	return NULL;
}

static bool add_spelling(
	const struct loader *in, struct slice text, enum spelling_kind kind, size_t place)
{
	struct places *p = in->p;
	/* "tam ky" beside "Tam Kỳ" says only how the name looks without diacritics. */
	bool undiacritised = kind == SPELLING_PLACE && is_ascii(text) && is_small(text) &&
		slice_find_byte(text, ' ') < text.len;

	if (text.len > 0 && text.at[0] == '#')
		text = slice_from(text, 1);
	if (text.len < 2 || text.len > PHRASE_LEN_MAX)
		return true;
	struct spelling *s = spelling_find(p, text);
	if (s == NULL) {
		if (p->spelling_count == SPELLINGS_MAX)
			return err_set(in->err, in->path, 0, "more than %d names", SPELLINGS_MAX);
		s = &p->spellings[p->spelling_count];
		*s = (struct spelling){.kind = kind, .text = text, .needs_context = text.len <= 3};
		phrases_add(p->phrases, text,
			undiacritised ? PHRASE_FOLDED : PHRASE_EXACT | PHRASE_FOLDED,
			p->spelling_count++);
	}
	if (kind == SPELLING_PLACE && s->kind == SPELLING_PLACE && s->count < SAME_NAME_MAX &&
		(s->count == 0 || s->places[s->count - 1] != place))
		s->places[s->count++] = place;
	return true;
}

static enum ambiguity ambiguity_of(const struct yaml_node *node, enum ambiguity fallback)
{
	if (node == NULL)
		return fallback;
	return slice_is(node->text, "low")     ? AMBIGUITY_LOW
		: slice_is(node->text, "high") ? AMBIGUITY_HIGH
					       : AMBIGUITY_MEDIUM;
}

static enum rank rank_of(const struct yaml_node *node, bool landmark)
{
	const struct yaml_node *level = yaml_get(node, "level"), *era = yaml_get(node, "era");
	struct slice name = level == NULL ? (struct slice){0} : level->text;

	if (landmark)
		return RANK_LANDMARK;
	if (slice_is(name, "province") || slice_is(name, "municipality"))
		return RANK_PROVINCE;
	if (slice_starts(yaml_get(node, "id")->text, SLICE("dist:")))
		return RANK_DISTRICT;
	return era != NULL && slice_is(era->text, "new") ? RANK_NEW_UNIT : RANK_OLD_UNIT;
}

static bool load_place(const struct loader *in, const struct yaml_node *node, bool landmark)
{
	struct places *p = in->p;
	const struct yaml_node *id = yaml_get(node, "id"), *name = yaml_get(node, "name");
	const struct yaml_node *parent = yaml_get(node, "parent"),
			       *variants = yaml_get(node, "variants");
	const struct yaml_node *near = yaml_get(node, "near");

	if (id == NULL || name == NULL || id->text.len == 0 || name->text.len == 0)
		return err_set(in->err, in->path, node->line, "a place needs id and name");
	if (p->place_count == PLACES_MAX)
		return err_set(in->err, in->path, node->line, "more than %d places", PLACES_MAX);
	struct place *place = &p->places[p->place_count];
	place->id = id->text;
	place->name = name->text;
	place->rank = rank_of(node, landmark);
	if (near != NULL && near->count > 0)
		parent = near->values[0];
	place->parent = parent == NULL ? (struct slice){0} : parent->text;
	place->exact = ambiguity_of(yaml_get(node, "ambiguity"), AMBIGUITY_LOW);
	place->folded = ambiguity_of(yaml_get(node, "ambiguity_folded"), place->exact);
	place->is_word =
		yaml_get(node, "folded_words") != NULL || yaml_get(node, "also_word") != NULL;
	if (place->is_word)
		place->folded = AMBIGUITY_HIGH;
	place->collides = yaml_get(node, "collides") != NULL;
	size_t index = p->place_count++;
	if (!add_spelling(in, place->name, SPELLING_PLACE, index))
		return false;
	for (size_t i = 0; variants != NULL && i < variants->count; i++)
		if (!add_spelling(in, variants->values[i]->text, SPELLING_PLACE, index))
			return false;
	return true;
}

static bool load_tokens(
	const struct loader *in, const struct yaml_node *list, enum spelling_kind kind)
{
	for (size_t i = 0; list != NULL && i < list->count; i++)
		if (!add_spelling(in, list->values[i]->text, kind, 0))
			return false;
	return true;
}

static bool load(const struct loader *in)
{
	static const char *const lists[] = {"provinces", "units_new_from_quangnam",
		"units_new_from_danang", "districts_old_quangnam", "districts_old_danang",
		"units_old_quangnam", "units_old_danang", "landmarks"};
	struct places *p = in->p;
	struct yaml_documents docs;
	size_t found = 0;

	if (!yaml_read_file(p->arena, in->path, &docs, in->err))
		return false;
	if (docs.count != 1)
		return err_set(in->err, in->path, 0, "one YAML document was expected");
	p->places = arena_array(p->arena, PLACES_MAX, sizeof *p->places);
	p->spellings = arena_array(p->arena, SPELLINGS_MAX, sizeof *p->spellings);
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		const struct yaml_node *list = yaml_get(docs.at[0], lists[i]);

		found += list != NULL;
		for (size_t k = 0; list != NULL && k < list->count; k++)
			if (!load_place(in, list->values[k], strcmp(lists[i], "landmarks") == 0))
				return false;
	}
	if (found == 0)
		return err_set(in->err, in->path, 0, "no list of places (units_…, landmarks)");
	const struct yaml_node *tokens = yaml_get(docs.at[0], "context_tokens");
	return load_tokens(in, yaml_get(tokens, "positive"), SPELLING_POSITIVE) &&
		load_tokens(in, yaml_get(tokens, "negative"), SPELLING_NEGATIVE) &&
		phrases_ready(p->phrases, in->err);
}

struct places *places_read(const char *path, struct err *err)
{
	struct places *p = mem_alloc(sizeof *p);

	p->arena = arena_new();
	p->phrases = phrases_new();
	if (!load(&(struct loader){p, path, err}))
		places_free(&p);
	return p;
}

void places_free(struct places **p)
{
	if (*p == NULL)
		return;
	phrases_free(&(*p)->phrases);
	arena_free(&(*p)->arena);
	mem_free(*p);
	*p = NULL;
}

/* A hit under judgement. */
struct candidate {
	const struct phrase_hit *hit;
	const struct spelling *spelling;
	bool dropped;
	bool sure; /* counts without a look around */
};

struct judge {
	const struct places *p;
	const struct phrase_text *text;
	struct candidate *at;
	size_t count;
};

/* The text in front of a hit, cut to what a level word or street cue may fill. */
static struct slice before(const struct judge *j, const struct phrase_hit *hit)
{
	size_t start = hit->from > LEVEL_REACH ? hit->from - LEVEL_REACH : 0;

	return slice_trim(slice_over(j->text->matched.at + start, hit->from - start));
}

static bool ends_in_word(
	struct slice s, const char *const *exact, const char *const *folded, bool plain)
{
	for (const char *const *word = plain ? folded : exact; *word != NULL; word++) {
		struct slice w = slice_of(*word);

		if (slice_ends(s, w) &&
			(s.len == w.len || s.at[s.len - w.len - 1] == ' ' ||
				s.at[s.len - w.len - 1] == '\n'))
			return true;
	}
	return false;
}

static bool is_district(const struct judge *j, const struct candidate *c)
{
	static const char *const exact[] = {
		"huyện", "thị xã", "quận", "thành phố", "tp", "tp.", "h.", NULL};
	static const char *const folded[] = {
		"huyen", "thi xa", "quan", "thanh pho", "tp", "tp.", NULL};

	return ends_in_word(before(j, c->hit), exact, folded, j->text->plain);
}

static bool on_a_street(const struct judge *j, const struct candidate *c)
{
	static const char *const exact[] = {
		"đường", "ngã tư", "ngã ba", "kiệt", "phố", "giao", "góc đường", NULL};
	static const char *const folded[] = {"duong", "nga tu", "nga ba", "kiet", NULL};

	/* "thành phố" ends like a street. */
	return ends_in_word(before(j, c->hit), exact, folded, j->text->plain) && !is_district(j, c);
}

static bool has_digit(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] >= '0' && s.at[i] <= '9')
			return true;
	return false;
}

static bool lacks_capital(const struct judge *j, const struct candidate *c)
{
	if (j->text->plain || j->text->shouts || has_digit(c->spelling->text))
		return false;
	for (uint32_t i = c->hit->from; i < c->hit->to; i++)
		if (j->text->capital[i])
			return false;
	return !is_small(c->spelling->text) || !is_ascii(c->spelling->text);
}

static uint32_t distance(const struct phrase_hit *a, const struct phrase_hit *b)
{
	if (a->from < b->to && b->from < a->to)
		return 0;
	return a->from < b->from ? b->from - a->to : a->from - b->to;
}

static enum ambiguity ambiguity(const struct judge *j, const struct candidate *c)
{
	enum ambiguity least = AMBIGUITY_HIGH;

	for (size_t i = 0; i < c->spelling->count; i++) {
		const struct place *place = &j->p->places[c->spelling->places[i]];
		enum ambiguity own = j->text->plain ? place->folded : place->exact;

		least = own < least ? own : least;
	}
	return c->spelling->needs_context ? AMBIGUITY_HIGH : least;
}

static bool collides(const struct judge *j, const struct candidate *c)
{
	for (size_t i = 0; i < c->spelling->count; i++)
		if (!j->p->places[c->spelling->places[i]].collides)
			return false;
	return true;
}

static bool is_one_syllable(const struct candidate *c)
{
	return slice_find_byte(c->spelling->text, ' ') == c->spelling->text.len &&
		c->spelling->text.len <= ONE_SYLLABLE_MAX;
}

static bool after_level(const struct judge *j, const struct candidate *c)
{
	static const char *const exact[] = {"xã", "phường", "thị trấn", "huyện", NULL};
	static const char *const folded[] = {"xa", "phuong", "thi tran", "huyen", NULL};

	return ends_in_word(before(j, c->hit), exact, folded, j->text->plain);
}

static bool is_folded_word(const struct judge *j, const struct candidate *c)
{
	for (size_t i = 0; i < c->spelling->count; i++)
		if (!j->p->places[c->spelling->places[i]].is_word)
			return false;
	return true;
}

static void judge_alone(const struct judge *j, struct candidate *c)
{
	enum ambiguity a = ambiguity(j, c);
	bool landmark = j->p->places[c->spelling->places[0]].rank == RANK_LANDMARK;

	if (c->spelling->kind != SPELLING_PLACE) {
		/* "hà nam" in small letters is no province. */
		c->dropped = lacks_capital(j, c);
		c->sure = !c->dropped && c->spelling->kind == SPELLING_POSITIVE;
		return;
	}
	if (lacks_capital(j, c) || (!landmark && on_a_street(j, c)) ||
		(is_one_syllable(c) && (j->text->plain || !after_level(j, c)))) {
		c->dropped = true;
		return;
	}
	c->sure = a == AMBIGUITY_LOW || (a == AMBIGUITY_MEDIUM && !j->text->plain);
}

/* "ở Trà Linh", "xã Xuân Phú": said of a place, where no other province is named. */
static bool is_said_as_place(const struct judge *j, const struct candidate *c)
{
	static const char *const exact[] = {"ở", "tại", "xã", "phường", "thị trấn", "huyện", "dân",
		"trường", "về", "qua", "từ", "tới", "đến", NULL};
	static const char *const folded[] = {"o", "tai", "xa", "phuong", "thi tran", "huyen", NULL};

	if (!ends_in_word(before(j, c->hit), exact, folded, j->text->plain) || is_one_syllable(c))
		return false;
	for (size_t i = 0; i < j->count; i++)
		if (j->at[i].spelling->kind == SPELLING_NEGATIVE && !j->at[i].dropped)
			return false;
	return !j->text->plain || !is_folded_word(j, c) || after_level(j, c);
}

/* A sure place or a name of the province nearby, and no other province nearer than that; a name
 * that is only somewhat ambiguous finds its context anywhere in the text. */
static bool context_allows(const struct judge *j, const struct candidate *c)
{
	uint32_t good = UINT32_MAX, bad = UINT32_MAX;

	for (size_t i = 0; i < j->count; i++) {
		const struct candidate *other = &j->at[i];
		uint32_t reach = distance(c->hit, other->hit);

		if (other == c || other->dropped || other->spelling == c->spelling)
			continue;
		if (other->spelling->kind == SPELLING_NEGATIVE)
			bad = reach < bad ? reach : bad;
		else if (other->sure)
			good = reach < good ? reach : good;
	}
	if (c->sure)
		return bad > CONTEXT_REACH || good < bad || !collides(j, c);
	if (bad == UINT32_MAX && is_said_as_place(j, c))
		return true;
	uint32_t enough = ambiguity(j, c) == AMBIGUITY_HIGH ? CONTEXT_REACH : UINT32_MAX - 1;
	return good <= enough && good <= bad;
}

/* Which of the places of one name is meant: by the level word, else the unit in force. */
static const struct place *choose(const struct judge *j, const struct candidate *c)
{
	const struct place *best = &j->p->places[c->spelling->places[0]];
	bool district = is_district(j, c);
	struct slice after = slice_from(j->text->matched, c->hit->to);
	bool former = slice_starts(slice_trim(after), SLICE("(cũ)")) ||
		slice_starts(slice_trim(after), SLICE("cũ"));

	for (size_t i = 0; i < c->spelling->count; i++) {
		const struct place *place = &j->p->places[c->spelling->places[i]];
		enum rank wanted = district ? RANK_DISTRICT
			: former            ? RANK_OLD_UNIT
					    : RANK_NEW_UNIT;

		if (place->rank == wanted)
			return place;
		if (place->rank >= best->rank)
			best = place;
	}
	return best;
}

static void add_found(struct places_found *ret, const struct place *place, bool in_title)
{
	for (size_t i = 0; i < ret->count; i++)
		if (slice_equal(ret->at[i].id, place->id)) {
			ret->at[i].mentions++;
			ret->at[i].in_title |= in_title;
			return;
		}
	if (ret->count < PLACES_FOUND_MAX)
		ret->at[ret->count++] = (struct place_found){
			place->id, place->name, place->rank == RANK_LANDMARK, in_title, 1};
}

/* Keeps the longest of overlapping hits. */
static void collect(struct judge *j, const struct phrase_hits *hits)
{
	uint32_t end = 0;

	for (size_t i = 0; i < hits->count; i++) {
		const struct phrase_hit *hit = &hits->at[i];

		if (j->count > 0 && hit->from < end)
			continue;
		j->at[j->count++] =
			(struct candidate){.hit = hit, .spelling = &j->p->spellings[hit->id]};
		end = hit->to;
	}
}

static void add_ranks(
	const struct judge *j, enum rank lowest, enum rank highest, struct places_found *ret)
{
	for (size_t i = 0; i < j->count; i++) {
		const struct candidate *c = &j->at[i];

		if (c->dropped || c->spelling->kind != SPELLING_PLACE || c->spelling->count == 0 ||
			!context_allows(j, c))
			continue;
		const struct place *place = choose(j, c);
		if (place->rank >= lowest && place->rank <= highest)
			add_found(ret, place, c->hit->in_title);
	}
}

/* "Sông Tranh" beside "Thủy điện Sông Tranh 2" is only short for it. */
static bool is_short_for_other(const struct places_found *found, const struct place_found *f)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct place_found *other = &found->at[i];

		if (other != f && f->is_landmark && other->is_landmark &&
			other->name.len > f->name.len &&
			slice_find(other->name, slice_from(f->name, 1)) < other->name.len)
			return true;
	}
	return false;
}

static void drop_short(struct places_found *found)
{
	struct places_found all = *found;

	found->count = 0;
	for (size_t i = 0; i < all.count; i++)
		if (!is_short_for_other(&all, &all.at[i]))
			found->at[found->count++] = all.at[i];
}

void places_find(const struct places *p, struct arena *a, const struct phrase_text *text,
	struct places_found *ret)
{
	struct phrase_hits hits = phrases_find(p->phrases, a, text);
	struct judge j = {.p = p, .text = text};

	*ret = (struct places_found){0};
	j.at = arena_array(a, hits.count + 1, sizeof *j.at);
	collect(&j, &hits);
	for (size_t i = 0; i < j.count; i++)
		judge_alone(&j, &j.at[i]);
	add_ranks(&j, RANK_DISTRICT, RANK_LANDMARK, ret);
	drop_short(ret);
	/* The province says little, and only where nothing says more. */
	if (ret->count == 0)
		add_ranks(&j, RANK_PROVINCE, RANK_PROVINCE, ret);
}

const struct place_found *places_primary(const struct places_found *found)
{
	const struct place_found *best = NULL;

	for (size_t i = 0; i < found->count; i++) {
		const struct place_found *f = &found->at[i];
		bool better = best == NULL || f->is_landmark > best->is_landmark ||
			(f->is_landmark == best->is_landmark &&
				(f->in_title > best->in_title ||
					(f->in_title == best->in_title &&
						f->mentions > best->mentions)));

		if (better)
			best = f;
	}
	return best;
}
