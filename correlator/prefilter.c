#include "correlator/prefilter.h"

#include "correlator/keymap.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/scan.h"

#include <stdlib.h>
#include <string.h>

enum { EXOTIC = INT32_MAX };

/* The rules that a sign stands for. */
struct rule_list {
	uint32_t *at;
	size_t count, room;
};

/* What is asked of one field. */
struct asked {
	size_t slot;
	struct rule_list present;
	struct numbered {
		double number;
		uint32_t rule;
	} * numbers; /* in order */
	size_t number_count, number_room;
};

struct prefilter {
	struct arena *arena; /* of the covers */
	size_t rule_count, word_count;
	uint64_t *always, *found; /* bit sets of rules */
	uint64_t *of_texts;       /* all rules that texts stand for */
	struct scan *scan;
	struct rule_list *texts; /* by id of the scan */
	size_t text_count, text_room;
	struct keymap by_text;
	struct asked *asked;
	size_t asked_count;
	size_t unsigned_count;
};

static void list_add(struct rule_list *l, uint32_t rule)
{
	if (l->count > 0 && l->at[l->count - 1] == rule)
		return;
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 2;
		l->at = mem_resize(l->at, l->room, sizeof *l->at);
	}
	l->at[l->count++] = rule;
}

static void set_bit(uint64_t *set, uint32_t i)
{
	set[i / 64] |= UINT64_C(1) << i % 64;
}

static void set_bits(uint64_t *set, const struct rule_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		set_bit(set, l->at[i]);
}

static struct asked *asked_of(struct prefilter *p, size_t slot)
{
	for (size_t i = 0; i < p->asked_count; i++)
		if (p->asked[i].slot == slot)
			return &p->asked[i];
	p->asked = mem_resize(p->asked, p->asked_count + 1, sizeof *p->asked);
	p->asked[p->asked_count] = (struct asked){.slot = slot};
	return &p->asked[p->asked_count++];
}

static void add_number(struct prefilter *p, const struct cover_sign *sign, uint32_t rule)
{
	struct asked *a = asked_of(p, sign->slot);

	if (a->number_count == a->number_room) {
		a->number_room = a->number_room ? a->number_room * 2 : 8;
		a->numbers = mem_resize(a->numbers, a->number_room, sizeof *a->numbers);
	}
	a->numbers[a->number_count++] = (struct numbered){sign->number, rule};
}

/* Texts that several rules look for are looked for once. The keys are those of the cover's arena. */
static void add_text(struct prefilter *p, const struct cover_sign *sign, uint32_t rule)
{
	struct slice key = sign->text;
	size_t *known = keymap_get(&p->by_text, key);

	if (!known) {
		if (p->text_count == p->text_room) {
			p->text_room = p->text_room ? p->text_room * 2 : 256;
			p->texts = mem_resize(p->texts, p->text_room, sizeof *p->texts);
		}
		p->texts[p->text_count] = (struct rule_list){0};
		scan_add(p->scan, key, SCAN_NOCASE, (unsigned)p->text_count);
		known = arena_alloc(p->arena, sizeof *known);
		*known = p->text_count++;
		keymap_put(&p->by_text, key, known);
	}
	list_add(&p->texts[*known], rule);
	set_bit(p->of_texts, rule);
}

static void add_sign(struct prefilter *p, const struct cover_sign *sign, uint32_t rule)
{
	switch (sign->kind) {
	case COVER_TEXT: add_text(p, sign, rule); break;
	case COVER_NUMBER: add_number(p, sign, rule); break;
	case COVER_PRESENT: list_add(&asked_of(p, sign->slot)->present, rule); break;
	}
}

static void add_rule(struct prefilter *p, const struct cover_source *source, const struct rule *r,
	uint32_t index)
{
	struct cover c;
	bool covered = cover_of(source, r->detection, &c);

	if (r->source.needs_field && (!covered || c.rarity <= 1)) {
		cover_present(source, r->source_slot, &c);
		covered = true;
	}
	if (!covered) {
		set_bit(p->always, index);
		p->unsigned_count++;
		return;
	}
	for (size_t i = 0; i < c.count; i++)
		add_sign(p, &c.signs[i], index);
}

static int by_number(const void *a, const void *b)
{
	double x = ((const struct numbered *)a)->number, y = ((const struct numbered *)b)->number;

	return x < y ? -1 : x > y;
}

/* Letters outside of ASCII that are ASCII in the other case (K, İ, ſ): where one stands, a text
 * may match that the scan does not see. */
static void add_exotic(struct prefilter *p)
{
	static const char *const letters[] = {"\xe2\x84\xaa", "\xc4\xb0", "\xc5\xbf"};

	for (size_t i = 0; p->text_count > 0 && i < sizeof letters / sizeof *letters; i++)
		scan_add(p->scan, slice_of(letters[i]), 0, EXOTIC);
}

struct prefilter *prefilter_new(
	const struct cover_source *source, const struct rule *const *rules, size_t count)
{
	struct prefilter *p = mem_alloc(sizeof *p);
	struct err err = {0};

	p->arena = source->arena;
	p->rule_count = count;
	p->word_count = (count + 63) / 64;
	p->always = mem_array(p->word_count + 1, sizeof *p->always);
	p->found = mem_array(p->word_count + 1, sizeof *p->found);
	p->of_texts = mem_array(p->word_count + 1, sizeof *p->of_texts);
	p->scan = scan_new();
	for (size_t i = 0; i < count; i++)
		add_rule(p, source, rules[i], (uint32_t)i);
	for (size_t i = 0; i < p->asked_count; i++)
		if (p->asked[i].number_count > 0)
			qsort(p->asked[i].numbers, p->asked[i].number_count,
				sizeof *p->asked[i].numbers, by_number);
	add_exotic(p);
	keymap_release(&p->by_text);
	/* Should the automaton not come about, every rule is evaluated for every event. */
	if (!scan_ready(p->scan, &err))
		for (size_t i = 0; i < p->word_count; i++)
			p->always[i] |= p->of_texts[i];
	return p;
}

void prefilter_free(struct prefilter **p)
{
	if (!*p)
		return;
	for (size_t i = 0; i < (*p)->text_count; i++)
		mem_free((*p)->texts[i].at);
	for (size_t i = 0; i < (*p)->asked_count; i++) {
		mem_free((*p)->asked[i].present.at);
		mem_free((*p)->asked[i].numbers);
	}
	scan_free(&(*p)->scan);
	mem_free((*p)->texts);
	mem_free((*p)->asked);
	mem_free((*p)->always);
	mem_free((*p)->found);
	mem_free((*p)->of_texts);
	mem_free(*p);
	*p = NULL;
}

static bool on_text(void *ctx, unsigned id, size_t end)
{
	struct prefilter *p = ctx;

	(void)end;
	if (id != EXOTIC) {
		set_bits(p->found, &p->texts[id]);
		return false;
	}
	for (size_t i = 0; i < p->word_count; i++)
		p->found[i] |= p->of_texts[i];
	return true;
}

static void find_number(struct prefilter *p, const struct asked *a, double number)
{
	size_t low = 0, high = a->number_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (a->numbers[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < a->number_count && a->numbers[low].number == number; low++)
		set_bit(p->found, a->numbers[low].rule);
}

static void ask(struct prefilter *p, const struct asked *a, struct view *v)
{
	struct view_field field = view_get(v, a->slot);
	double number;

	if (!field.exists)
		return;
	set_bits(p->found, &a->present);
	for (size_t i = 0; a->number_count > 0 && i < field.count; i++)
		if ((field.at[i].kind == JSON_INT || field.at[i].kind == JSON_REAL) &&
			json_to_real(field.at[i].json, &number))
			find_number(p, a, number);
}

const uint64_t *prefilter_look(struct prefilter *p, struct slice strings, struct view *v)
{
	if (p->word_count > 0)
		memcpy(p->found, p->always, p->word_count * sizeof *p->found);
	scan_find(p->scan, strings, on_text, p);
	for (size_t i = 0; i < p->asked_count; i++)
		ask(p, &p->asked[i], v);
	return p->found;
}

size_t prefilter_unsigned(const struct prefilter *p)
{
	return p->unsigned_count;
}
