#include "lib/lookalike.h"

#include "lib/arena.h"
#include "lib/mem.h"
#include "lib/public_suffix.h"
#include "lib/text.h"
#include "lib/yaml.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	HOST_MAX = 253,
	LABEL_MAX = 63,
	WORDS_MAX = 4096,
	BRANDS_HIT_MAX = 8,
	SUBDOMAIN_LESS = 20,
	EXTRAS_MAX = 2,
};

enum word_kind { WORD_FILLER, WORD_LURE, WORD_WEAK, WORD_TOKEN };

struct word {
	struct slice text;
	enum word_kind kind;
	size_t brand;
};

struct brand {
	struct slice id, target;
};

/* A name that may be embedded or misspelt, without "*.". */
struct protected_name {
	struct slice host;
	struct slice label; /* first label of its registrable domain */
	size_t brand;
};

struct names {
	struct slice *at;
	size_t count;
};

struct weights {
	unsigned token, weak_token, extra, edit_distance, homoglyph, embedded, risky_tld, free_host;
	unsigned threshold;
};

struct lookalike {
	struct arena *arena;
	struct names owned, allowed, risky_tlds, free_hosts;
	struct brand *brands;
	size_t brand_count;
	struct word *words; /* sorted by first byte */
	size_t word_count;
	size_t first[257]; /* words[first[b]] is the first that starts with byte b */
	struct protected_name *protected_names;
	size_t protected_count;
	struct weights weights;
};

/* What the words of a host add up to. */
struct tally {
	unsigned token;  /* weight of the best token */
	size_t brand;    /* its brand */
	unsigned extras; /* lures and other brands */
	size_t brands[BRANDS_HIT_MAX];
	size_t brand_count;
};

static bool host_under(struct slice host, struct slice suffix)
{
	return slice_ends(host, suffix) &&
		(host.len == suffix.len || host.at[host.len - suffix.len - 1] == '.');
}

static bool any_under(const struct names *names, struct slice host)
{
	for (size_t i = 0; i < names->count; i++)
		if (host_under(host, names->at[i]))
			return true;
	return false;
}

static const struct word *words_at(const struct lookalike *l, unsigned char byte, size_t *ret_count)
{
	*ret_count = l->first[byte + 1] - l->first[byte];
	return l->words + l->first[byte];
}

struct reading {
	bool reached;
	unsigned best;           /* the highest kind on the way here */
	unsigned score;          /* for choosing between readings */
	size_t from;             /* where the last word starts */
	const struct word *word; /* NULL for digits */
};

static void reading_offer(
	struct reading *to, const struct reading *from, size_t at, const struct word *word)
{
	unsigned kind = word == NULL ? 0 : (unsigned)word->kind;
	unsigned score = from->score + kind * kind;

	if (to->reached && to->score >= score)
		return;
	*to = (struct reading){true, kind > from->best ? kind : from->best, score, at, word};
}

/* Covers the whole part with words and digits; false when that cannot be done. */
static bool part_read(
	const struct lookalike *l, struct slice part, struct reading ret[LABEL_MAX + 1])
{
	memset(ret, 0, (part.len + 1) * sizeof *ret);
	ret[0].reached = true;
	for (size_t at = 0; at < part.len; at++) {
		size_t count;
		const struct word *word = words_at(l, (unsigned char)part.at[at], &count);

		if (!ret[at].reached)
			continue;
		if (isdigit((unsigned char)part.at[at]))
			reading_offer(&ret[at + 1], &ret[at], at, NULL);
		for (; count > 0; count--, word++)
			if (slice_starts(slice_from(part, at), word->text))
				reading_offer(&ret[at + word->text.len], &ret[at], at, word);
	}
	return ret[part.len].reached;
}

static bool tally_knows(const struct tally *t, size_t brand)
{
	for (size_t i = 0; i < t->brand_count; i++)
		if (t->brands[i] == brand)
			return true;
	return false;
}

static void tally_word(struct tally *t, const struct word *word, unsigned weight)
{
	if (word->kind == WORD_LURE) {
		t->extras++;
		return;
	}
	if (!tally_knows(t, word->brand) && t->brand_count < BRANDS_HIT_MAX)
		t->brands[t->brand_count++] = word->brand;
	if (weight > t->token) {
		t->token = weight;
		t->brand = word->brand;
	}
}

static void tally_label(
	const struct lookalike *l, struct tally *t, struct slice label, unsigned less)
{
	struct reading reading[LABEL_MAX + 1];
	struct slice part;

	while (slice_cut(&label, '-', &part)) {
		if (part.len == 0 || part.len > LABEL_MAX || !part_read(l, part, reading))
			continue;
		for (size_t at = part.len; at > 0; at = reading[at].from) {
			const struct word *word = reading[at].word;

			if (word == NULL || word->kind == WORD_FILLER)
				continue;
			tally_word(t, word,
				(word->kind == WORD_TOKEN ? l->weights.token
							  : l->weights.weak_token) -
					less);
		}
	}
}

static unsigned tally_score(const struct lookalike *l, const struct tally *t)
{
	size_t extras = t->extras + (t->brand_count > 1 ? t->brand_count - 1 : 0);

	if (t->token == 0)
		return 0;
	return t->token + l->weights.extra * (unsigned)(extras > EXTRAS_MAX ? EXTRAS_MAX : extras);
}

/* `domain` is the registrable end of `host`; its first label weighs full, subdomains less. */
static struct tally host_tally(const struct lookalike *l, struct slice host, struct slice domain)
{
	struct tally t = {0};
	struct slice label, rest = domain;

	if (slice_cut(&rest, '.', &label))
		tally_label(l, &t, label, 0);
	rest = slice_over(host.at, host.len - domain.len);
	while (slice_cut(&rest, '.', &label))
		if (!slice_is(label, "www"))
			tally_label(l, &t, label, SUBDOMAIN_LESS);
	return t;
}

/* Cyrillic, Greek and other letters that look like a Latin one (UTS 39, the common ones). */
static int32_t confusable(int32_t c)
{
	static const struct {
		int32_t from;
		char to;
	} table[] = {
		{0x0430, 'a'},
		{0x0435, 'e'},
		{0x0454, 'e'},
		{0x043E, 'o'},
		{0x0440, 'p'},
		{0x0441, 'c'},
		{0x0443, 'y'},
		{0x0445, 'x'},
		{0x0456, 'i'},
		{0x0458, 'j'},
		{0x0455, 's'},
		{0x04BB, 'h'},
		{0x0501, 'd'},
		{0x051B, 'q'},
		{0x051D, 'w'},
		{0x0432, 'b'},
		{0x043A, 'k'},
		{0x043C, 'm'},
		{0x043D, 'h'},
		{0x0442, 't'},
		{0x0433, 'r'},
		{0x043F, 'n'},
		{0x0438, 'u'},
		{0x044C, 'b'},
		{0x0475, 'v'},
		{0x03B1, 'a'},
		{0x03B5, 'e'},
		{0x03B7, 'n'},
		{0x03B9, 'i'},
		{0x03BA, 'k'},
		{0x03BD, 'v'},
		{0x03BF, 'o'},
		{0x03C1, 'p'},
		{0x03C4, 't'},
		{0x03C5, 'u'},
		{0x03C7, 'x'},
		{0x03B3, 'y'},
		{0x0578, 'n'},
		{0x057D, 'u'},
		{0x0585, 'o'},
		{0x0581, 'g'},
		{0x0570, 'h'},
		{0x0261, 'g'},
		{0x0251, 'a'},
		{0x0131, 'i'},
		{0x0269, 'i'},
		{0x026A, 'i'},
		{0x1D0F, 'o'},
		{0x0142, 'l'},
		{0x0167, 't'},
		{0x0127, 'h'},
		{0x0180, 'b'},
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].from == c)
			return table[i].to;
	return text_fold_char(c);
}

/* A name of ASCII letters that `host` looks like: diacritics off, foreign letters, digits for
 * letters, rn for m, vv for w. `one` is what the digit 1 stands for. */
static size_t host_skeleton(struct slice host, char one, char ret[HOST_MAX + 1])
{
	char unicode[TEXT_HOST_MAX];
	struct slice s = host;
	size_t len = 0;

	if (slice_find(host, SLICE("xn--")) < host.len)
		s = slice_over(unicode, text_host_to_unicode(host, unicode));
	for (size_t at = 0; at < s.len && len < HOST_MAX;) {
		int32_t c = confusable(text_next(s, &at));
		static const char digits[] = "0345", letters[] = "oeas";
		const char *digit = c > 0 && c < 0x80 ? strchr(digits, (int)c) : NULL;

		if (c <= 0 || c >= 0x80)
			continue;
		if (digit != NULL)
			c = (unsigned char)letters[digit - digits];
		if (c == '1')
			c = (unsigned char)one;
		if (len > 0 &&
			((c == 'n' && ret[len - 1] == 'r') || (c == 'v' && ret[len - 1] == 'v')))
			ret[len - 1] = c == 'n' ? 'm' : 'w';
		else
			ret[len++] = (char)c;
	}
	ret[len] = '\0';
	return len;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein with adjacent transpositions; labels of at most LABEL_MAX bytes. */
static size_t edit_distance(struct slice a, struct slice b)
{
	size_t row[3][LABEL_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = a.at[i - 1] == b.at[j - 1];

			now[j] = least(least(before[j], now[j - 1]) + 1, before[j - 1] + !same);
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] &&
				a.at[i - 2] == b.at[j - 1])
				now[j] = least(now[j], earlier[j - 2] + 1);
		}
	}
	return row[a.len % 3][b.len];
}

static bool is_misspelt(struct slice label, struct slice name)
{
	size_t allowed = name.len >= 11 ? 2 : 1;

	if (name.len < 7 || name.len > LABEL_MAX || label.len > LABEL_MAX ||
		label.len + allowed < name.len || name.len + allowed < label.len)
		return false;
	size_t distance = edit_distance(label, name);
	return distance > 0 && distance <= allowed;
}

static bool find_misspelt(
	const struct lookalike *l, struct slice label, size_t *ret_brand, struct slice *ret_target)
{
	for (size_t i = 0; i < l->protected_count; i++)
		if (is_misspelt(label, l->protected_names[i].label)) {
			*ret_brand = l->protected_names[i].brand;
			*ret_target = l->protected_names[i].host;
			return true;
		}
	for (size_t i = 0; i < l->word_count; i++)
		if (l->words[i].kind == WORD_TOKEN && is_misspelt(label, l->words[i].text)) {
			*ret_brand = l->words[i].brand;
			*ret_target = l->brands[*ret_brand].target;
			return true;
		}
	return false;
}

/* Hyphens read as dots: "danang-gov-vn.example" embeds "danang.gov.vn" as well. */
static const struct protected_name *find_embedded(const struct lookalike *l, struct slice host)
{
	char dotted[HOST_MAX + 3];
	struct slice s = {dotted, host.len + 2};
	const struct protected_name *found = NULL;

	dotted[0] = '.';
	for (size_t i = 0; i < host.len; i++)
		dotted[i + 1] = (char)(host.at[i] == '-' ? '.' : host.at[i]);
	dotted[host.len + 1] = '.';
	for (size_t i = 0; i < l->protected_count; i++) {
		const struct protected_name *name = &l->protected_names[i];
		size_t at = slice_find(s, name->host);
		bool bounded = at < s.len && at > 0 && s.at[at - 1] == '.' &&
			s.at[at + name->host.len] == '.' && at + name->host.len < host.len + 1;

		if (bounded && (found == NULL || name->host.len > found->host.len))
			found = name;
	}
	return found;
}

static unsigned place_score(const struct lookalike *l, struct slice host)
{
	return (any_under(&l->risky_tlds, host) ? l->weights.risky_tld : 0) +
		(any_under(&l->free_hosts, host) ? l->weights.free_host : 0);
}

static bool hit_by_words(const struct lookalike *l, struct slice host, struct lookalike_hit *ret)
{
	struct tally plain = host_tally(l, host, ret->domain), best = plain;
	unsigned score = tally_score(l, &plain);

	ret->reason = SLICE("brand_token");
	for (int i = 0; i < 2; i++) {
		char text[HOST_MAX + 1];
		struct slice shown = {text, host_skeleton(host, i == 0 ? 'i' : 'l', text)};
		struct tally t = host_tally(l, shown, public_suffix_domain(shown));

		if (t.token <= plain.token || tally_score(l, &t) + l->weights.homoglyph <= score)
			continue;
		best = t;
		score = tally_score(l, &t) + l->weights.homoglyph;
		ret->reason = SLICE("homoglyph");
	}
	ret->score = score == 0 ? 0 : score + place_score(l, host);
	if (ret->score < l->weights.threshold)
		return false;
	ret->brand = l->brands[best.brand].id;
	ret->target = l->brands[best.brand].target;
	return true;
}

static bool hit_by_spelling(const struct lookalike *l, struct slice host, struct lookalike_hit *ret)
{
	struct slice rest = ret->domain, label = {0};
	size_t brand;

	if (!slice_cut(&rest, '.', &label) || !find_misspelt(l, label, &brand, &ret->target))
		return false;
	ret->reason = SLICE("edit_distance");
	ret->brand = l->brands[brand].id;
	ret->score = l->weights.edit_distance + place_score(l, host);
	return ret->score >= l->weights.threshold;
}

static bool hit_by_embedding(
	const struct lookalike *l, struct slice host, struct lookalike_hit *ret)
{
	const struct protected_name *name = find_embedded(l, host);

	if (name == NULL)
		return false;
	ret->reason = SLICE("suffix");
	ret->target = name->host;
	ret->brand = l->brands[name->brand].id;
	ret->score = l->weights.embedded + place_score(l, host);
	return ret->score >= l->weights.threshold;
}

bool lookalike_is_owned(const struct lookalike *l, struct slice host)
{
	return any_under(&l->owned, host);
}

bool lookalike_match(const struct lookalike *l, struct slice host, struct lookalike_hit *ret)
{
	char text[HOST_MAX + 1];

	*ret = (struct lookalike_hit){0};
	if (host.len > 0 && host.at[host.len - 1] == '.')
		host.len--;
	if (host.len == 0 || host.len > HOST_MAX)
		return false;
	for (size_t i = 0; i < host.len; i++)
		text[i] = (char)tolower((unsigned char)host.at[i]);
	struct slice lower = {text, host.len};
	struct slice domain = public_suffix_domain(lower);
	if (domain.len == 0 || any_under(&l->owned, lower) || any_under(&l->allowed, lower))
		return false;

	ret->domain = domain;
	bool hit = hit_by_embedding(l, lower, ret) || hit_by_words(l, lower, ret) ||
		hit_by_spelling(l, lower, ret);
	ret->domain = slice_from(host, host.len - domain.len);
	return hit;
}

struct loader {
	struct lookalike *l;
	const char *path;
	struct err *err;
};

static bool want_text(const struct loader *in, const struct yaml_node *node, unsigned line,
	const char *what, struct slice *ret)
{
	*ret = (struct slice){0};
	if (node == NULL || node->kind != YAML_SCALAR || node->text.len == 0)
		return err_set(in->err, in->path, node == NULL ? line : node->line,
			"%s must be a text", what);
	*ret = node->text;
	return true;
}

/* A list of texts, or of maps with the text under `key`; "*." at the front is dropped. */
static bool load_names(
	const struct loader *in, const struct yaml_node *list, const char *key, struct names *ret)
{
	if (list == NULL)
		return true;
	if (list->kind != YAML_LIST)
		return err_set(in->err, in->path, list->line, "a list was expected");
	struct slice *at = arena_array(in->l->arena, list->count + ret->count, sizeof *at);
	if (ret->count > 0)
		memcpy(at, ret->at, ret->count * sizeof *at);
	ret->at = at;
	for (size_t i = 0; i < list->count; i++) {
		const struct yaml_node *item = list->values[i];
		struct slice name;

		if (item->kind == YAML_MAP)
			item = yaml_get(item, key);
		if (!want_text(in, item, list->values[i]->line, key, &name))
			return false;
		if (slice_starts(name, SLICE("*.")))
			name = slice_from(name, 2);
		ret->at[ret->count++] = name;
	}
	return true;
}

static bool load_words(
	const struct loader *in, const struct yaml_node *list, enum word_kind kind, size_t brand)
{
	struct names names = {0};

	if (!load_names(in, list, "token", &names))
		return false;
	if (in->l->word_count + names.count > WORDS_MAX)
		return err_set(in->err, in->path, list->line, "more than %d words", WORDS_MAX);
	for (size_t i = 0; i < names.count; i++) {
		if (names.at[i].len > LABEL_MAX ||
			slice_find_byte(names.at[i], '-') < names.at[i].len)
			return err_set(in->err, in->path, list->line,
				"\"%.*s\": a token is at most %d letters and digits",
				SLICE_ARG(names.at[i]), LABEL_MAX);
		in->l->words[in->l->word_count++] = (struct word){names.at[i], kind, brand};
	}
	return true;
}

static struct slice domain_label(struct slice host)
{
	struct slice domain = public_suffix_domain(host), label = host;

	slice_cut(&domain, '.', &label);
	return label;
}

static void protect(struct lookalike *l, struct slice host, size_t brand)
{
	l->protected_names[l->protected_count++] =
		(struct protected_name){host, domain_label(host), brand};
}

static bool load_brand(const struct loader *in, const struct yaml_node *node, size_t brand)
{
	struct lookalike *l = in->l;
	struct names legit = {0};

	if (!want_text(in, yaml_get(node, "id"), node->line, "id", &l->brands[brand].id) ||
		!load_names(in, yaml_get(node, "legit"), "host", &legit) ||
		!load_words(in, yaml_get(node, "tokens"), WORD_TOKEN, brand) ||
		!load_words(in, yaml_get(node, "weak_tokens"), WORD_WEAK, brand))
		return false;
	if (legit.count == 0)
		return err_set(in->err, in->path, node->line, "brand without a legit name");
	l->brands[brand].target = legit.at[0];
	l->protected_names = mem_resize(
		l->protected_names, l->protected_count + legit.count, sizeof *l->protected_names);
	for (size_t i = 0; i < legit.count; i++)
		protect(l, legit.at[i], brand);
	return load_names(in, yaml_get(node, "legit"), "host", &l->allowed);
}

static bool load_brands(const struct loader *in, const struct yaml_node *list)
{
	struct lookalike *l = in->l;

	if (list == NULL || list->kind != YAML_LIST || list->count == 0)
		return err_set(in->err, in->path, 0, "brands must be a list");
	l->brands = arena_array(l->arena, list->count + 1, sizeof *l->brands);
	for (; l->brand_count < list->count; l->brand_count++)
		if (!load_brand(in, list->values[l->brand_count], l->brand_count))
			return false;

	/* What is ours has a brand of its own: any name ending in gov.vn, and the owned ones. */
	size_t ours = l->brand_count++;
	l->brands[ours] = (struct brand){SLICE("gov"), SLICE("gov.vn")};
	l->protected_names = mem_resize(l->protected_names, l->protected_count + l->owned.count + 1,
		sizeof *l->protected_names);
	for (size_t i = 0; i < l->owned.count; i++)
		protect(l, l->owned.at[i], ours);
	protect(l, l->brands[ours].target, ours);
	return true;
}

static bool load_weights(const struct loader *in, const struct yaml_node *root)
{
	struct weights *w = &in->l->weights;
	const struct {
		const char *key;
		unsigned *ret;
	} rows[] = {
		{"token", &w->token},
		{"weak_token", &w->weak_token},
		{"extra", &w->extra},
		{"edit_distance", &w->edit_distance},
		{"homoglyph", &w->homoglyph},
		{"embedded", &w->embedded},
		{"risky_tld", &w->risky_tld},
		{"free_host", &w->free_host},
		{"lookalike_threshold", &w->threshold},
	};
	const struct yaml_node *weights = yaml_get(root, "lookalike_weights");

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct yaml_node *node =
			yaml_get(rows[i].ret == &w->threshold ? root : weights, rows[i].key);
		int64_t value;

		if (node == NULL || !yaml_to_i64(node, &value) || value < 0 || value > 1000)
			return err_set(in->err, in->path, node == NULL ? 0 : node->line,
				"%s must be a number from 0 to 1000", rows[i].key);
		*rows[i].ret = (unsigned)value;
	}
	if (w->token < SUBDOMAIN_LESS || w->weak_token < SUBDOMAIN_LESS)
		return err_set(
			in->err, in->path, 0, "token weights must be at least %d", SUBDOMAIN_LESS);
	return true;
}

static int word_order(const void *a, const void *b)
{
	return slice_compare(((const struct word *)a)->text, ((const struct word *)b)->text);
}

static void index_words(struct lookalike *l)
{
	size_t at = 0;

	qsort(l->words, l->word_count, sizeof *l->words, word_order);
	for (unsigned byte = 0; byte < 256; byte++) {
		l->first[byte] = at;
		while (at < l->word_count && (unsigned char)l->words[at].text.at[0] == byte)
			at++;
	}
	l->first[256] = at;
}

static bool load(const struct loader *in)
{
	struct lookalike *l = in->l;
	struct yaml_documents docs;

	if (!yaml_read_file(l->arena, in->path, &docs, in->err))
		return false;
	if (docs.count != 1)
		return err_set(in->err, in->path, 0, "one YAML document was expected");
	const struct yaml_node *root = docs.at[0];
	l->words = arena_array(l->arena, WORDS_MAX, sizeof *l->words);
	if (!load_names(in, yaml_get(root, "owned_suffixes"), "suffix", &l->owned) ||
		!load_names(in, yaml_get(root, "exact_owned"), "host", &l->owned) ||
		!load_names(in, yaml_get(root, "lookalike_allow"), "host", &l->allowed) ||
		!load_names(in, yaml_get(root, "risky_tlds"), "tld", &l->risky_tlds) ||
		!load_names(in, yaml_get(root, "free_hosts"), "host", &l->free_hosts) ||
		!load_brands(in, yaml_get(root, "brands")) ||
		!load_words(in, yaml_get(root, "lures"), WORD_LURE, 0) ||
		!load_words(in, yaml_get(root, "fillers"), WORD_FILLER, 0) ||
		!load_weights(in, root))
		return false;
	index_words(l);
	return true;
}

struct lookalike *lookalike_read(const char *path, struct err *err)
{
	struct lookalike *l = mem_alloc(sizeof *l);

	l->arena = arena_new();
	if (!load(&(struct loader){l, path, err}))
		lookalike_free(&l);
	return l;
}

void lookalike_free(struct lookalike **l)
{
	if (*l == NULL)
		return;
	mem_free((*l)->protected_names);
	arena_free(&(*l)->arena);
	mem_free(*l);
	*l = NULL;
}
