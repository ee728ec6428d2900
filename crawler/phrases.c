#include "crawler/phrases.h"

#include "crawler/mask.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/scan.h"
#include "lib/text.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct slice key;
	size_t id;
};

/* The phrases of one form. */
struct table {
	struct entry *entries;
	size_t count, room;
	struct scan *scan;
};

struct phrases {
	struct arena *arena;
	struct table exact, folded;
};

static const double PLAIN_SHARE = 0.02; /* of vowels with marks: below, the text has none */

struct phrases *phrases_new(void)
{
	struct phrases *p = mem_alloc(sizeof *p);

	p->arena = arena_new();
	return p;
}

static void table_release(struct table *t)
{
	mem_free(t->entries);
	scan_free(&t->scan);
}

void phrases_free(struct phrases **p)
{
	if (*p == NULL)
		return;
	table_release(&(*p)->exact);
	table_release(&(*p)->folded);
	arena_free(&(*p)->arena);
	mem_free(*p);
	*p = NULL;
}

/* Old and new placement of the tone mark in open oa, oe, uy: the mark goes to the first vowel. */
static bool tone_moves(int32_t first, int32_t second, int32_t *ret_first, int32_t *ret_second)
{
	static const int32_t o[] = {0xF2, 0xF3, 0x1ECF, 0xF5, 0x1ECD};
	static const int32_t u[] = {0xF9, 0xFA, 0x1EE7, 0x169, 0x1EE5};
	static const int32_t a[] = {0xE0, 0xE1, 0x1EA3, 0xE3, 0x1EA1};
	static const int32_t e[] = {0xE8, 0xE9, 0x1EBB, 0x1EBD, 0x1EB9};
	static const int32_t y[] = {0x1EF3, 0xFD, 0x1EF7, 0x1EF9, 0x1EF5};

	for (int tone = 0; tone < 5; tone++) {
		if (first == 'o' && (second == a[tone] || second == e[tone])) {
			*ret_first = o[tone];
			*ret_second = second == a[tone] ? 'a' : 'e';
			return true;
		}
		if (first == 'u' && second == y[tone]) {
			*ret_first = u[tone];
			*ret_second = 'y';
			return true;
		}
	}
	return false;
}

struct key_writer {
	struct buf *out;
	struct buf *capital; /* may be NULL */
	int32_t before;      /* the letter just written */
};

static void key_put(struct key_writer *w, int32_t c, bool capital)
{
	char text[4];
	size_t len = text_put(c, text);

	buf_add(w->out, text, len);
	for (size_t i = 0; w->capital != NULL && i < len; i++)
		buf_add_byte(w->capital, (char)capital);
}

/* NFC to key: lower case, one style of tone marks, every run of white space one space. */
static void key_write(struct key_writer *w, struct slice nfc)
{
	bool gap = false;

	for (size_t at = 0; at < nfc.len;) {
		int32_t c = text_next(nfc, &at), next;
		size_t ahead = at, behind;

		if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == 0xA0) {
			gap = true;
			continue;
		}
		if (gap && w->out->len > 0)
			key_put(w, ' ', false);
		gap = false;
		int32_t lower = text_lower_char(c);
		next = text_next(nfc, &ahead);
		behind = ahead;
		int32_t third = next > 0 ? text_next(nfc, &behind) : -1;
		int32_t first, second;
		if (next > 0 && !text_is_word_char(third) && !(lower == 'u' && w->before == 'q') &&
			tone_moves(lower, text_lower_char(next), &first, &second)) {
			key_put(w, first, c != lower);
			key_put(w, second, next != text_lower_char(next));
			at = ahead;
			w->before = second;
			continue;
		}
		key_put(w, lower, c != lower);
		w->before = lower;
	}
}

struct slice phrase_key(struct arena *a, struct slice phrase)
{
	struct buf out = {0};
	struct key_writer w = {.out = &out};

	key_write(&w, text_nfc(a, phrase));
	struct slice key = arena_slice(a, buf_slice(&out));
	buf_release(&out);
	return key;
}

static void table_add(struct table *t, struct slice key, size_t id)
{
	if (key.len == 0 || key.len > PHRASE_LEN_MAX)
		return;
	if (t->count == t->room) {
		t->room = t->room == 0 ? 256 : t->room * 2;
		t->entries = mem_resize(t->entries, t->room, sizeof *t->entries);
	}
	t->entries[t->count++] = (struct entry){key, id};
}

void phrases_add(struct phrases *p, struct slice phrase, unsigned forms, size_t id)
{
	struct slice key = phrase_key(p->arena, phrase);

	if ((forms & PHRASE_EXACT) != 0)
		table_add(&p->exact, key, id);
	if ((forms & PHRASE_FOLDED) != 0)
		table_add(&p->folded, text_fold(p->arena, key), id);
}

static bool table_ready(struct table *t, struct err *err)
{
	t->scan = scan_new();
	for (size_t i = 0; i < t->count; i++)
		scan_add(t->scan, t->entries[i].key, 0, (unsigned)i);
	return scan_ready(t->scan, err);
}

bool phrases_ready(struct phrases *p, struct err *err)
{
	return table_ready(&p->exact, err) && table_ready(&p->folded, err);
}

static void find_words(struct arena *a, struct phrase_text *t)
{
	uint32_t *words = arena_array(a, t->matched.len / 2 + 2, sizeof *words);
	bool inside = false;

	for (size_t at = 0; at < t->matched.len;) {
		uint32_t start = (uint32_t)at;
		bool word = text_is_word_char(text_next(t->matched, &at));

		if (word && !inside)
			words[t->word_count++] = start;
		inside = word;
	}
	t->words = words;
}

static bool case_says_nothing(struct slice key, const bool *capital)
{
	size_t capitals = 0, small = 0;

	for (size_t i = 0; i < key.len; i++)
		if ((key.at[i] >= 'a' && key.at[i] <= 'z')) {
			capitals += capital[i];
			small += !capital[i];
		}
	return capitals == 0 || small < capitals;
}

/* Whether a text is written without diacritics; what was masked in it does not say. */
static bool is_plain(struct slice nfc)
{
	struct buf own = {0};

	for (size_t at = 0; at < nfc.len;) {
		size_t mask = nfc.at[at] == '[' ? mask_len(slice_from(nfc, at)) : 0;

		if (mask == 0)
			buf_add_byte(&own, nfc.at[at]);
		at += mask > 0 ? mask : 1;
	}
	bool plain = text_diacritic_share(buf_slice(&own)) < PLAIN_SHARE;
	buf_release(&own);
	return plain;
}

struct phrase_text *phrase_text_read(struct arena *a, struct slice title, struct slice body)
{
	struct phrase_text *t = arena_alloc(a, sizeof *t);
	struct buf out = {0}, capital = {0};
	struct key_writer w = {.out = &out, .capital = &capital};
	struct slice nfc_title = text_nfc(a, title), nfc = text_nfc(a, body);

	key_write(&w, nfc_title);
	size_t title_len = out.len;
	/* A phrase never runs from the title into the text. */
	key_put(&w, '\n', false);
	key_write(&w, nfc);
	t->key = arena_slice(a, buf_slice(&out));
	t->capital = (const bool *)arena_slice(a, buf_slice(&capital)).at;
	t->folded = text_fold(a, t->key);
	t->plain = is_plain(nfc.len > 0 ? nfc : nfc_title);
	t->shouts = case_says_nothing(t->key, t->capital);
	t->matched = t->plain ? t->folded : t->key;
	t->title_len = t->plain ? slice_find_byte(t->folded, '\n') : title_len;
	find_words(a, t);
	buf_release(&out);
	buf_release(&capital);
	return t;
}

struct finder {
	const struct table *table;
	const struct phrase_text *text;
	struct phrase_hits hits;
};

static int32_t char_before(struct slice s, size_t at)
{
	size_t start = at;

	while (start > 0 && ((unsigned char)s.at[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0)
		return -1;
	start--;
	return text_next(s, &start);
}

static uint32_t word_at(const struct phrase_text *t, uint32_t offset)
{
	size_t low = 0, high = t->word_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (t->words[middle] <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? 0 : (uint32_t)(low - 1);
}

static bool on_hit(void *ctx, unsigned id, size_t end)
{
	struct finder *f = ctx;
	const struct entry *e = &f->table->entries[id];
	size_t start = end - e->key.len, after = end;

	size_t first = start, last = start + e->key.len;
	int32_t lead = text_next(f->text->matched, &first),
		tail = char_before(f->text->matched, last);
	if ((text_is_word_char(lead) && text_is_word_char(char_before(f->text->matched, start))) ||
		(text_is_word_char(tail) && text_is_word_char(text_next(f->text->matched, &after))))
		return false;
	if (f->hits.count == PHRASE_HITS_MAX)
		return true;
	f->hits.at[f->hits.count++] = (struct phrase_hit){
		.id = e->id,
		.from = (uint32_t)start,
		.to = (uint32_t)end,
		.word = word_at(f->text, (uint32_t)start),
		.last_word = word_at(f->text, (uint32_t)end - 1),
		.in_title = end <= f->text->title_len,
	};
	return false;
}

static int hit_order(const void *a, const void *b)
{
	const struct phrase_hit *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to > y->to ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

struct phrase_hits phrases_find(
	const struct phrases *p, struct arena *a, const struct phrase_text *t)
{
	struct finder f = {.table = t->plain ? &p->folded : &p->exact, .text = t};

	f.hits.at = arena_array(a, PHRASE_HITS_MAX, sizeof *f.hits.at);
	scan_find(f.table->scan, t->matched, on_hit, &f);
	qsort(f.hits.at, f.hits.count, sizeof *f.hits.at, hit_order);
	return f.hits;
}
