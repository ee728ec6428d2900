#include "crawler/story.h"

#include "lib/digest.h"
#include "lib/must.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>

enum { BANDS = 32, BAND_ROWS = STORY_HASHES / BANDS, SHINGLE = 3, SYLLABLES_MIN = 20 };

static const double ALIKE = 0.4; /* the same story; 0.8 and more is the same text */

static uint64_t mixed(uint64_t x)
{
	x += 0x9E3779B97F4A7C15;
	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
	return x ^ (x >> 31);
}

static void sign_shingle(struct story_signature *s, uint64_t shingle)
{
	for (unsigned i = 0; i < STORY_HASHES; i++) {
		uint32_t hash =
			(uint32_t)((shingle * (mixed(i) | 1) + mixed(i + STORY_HASHES)) >> 32);

		if (hash < s->hash[i])
			s->hash[i] = hash;
	}
}

bool story_sign(struct slice folded, struct story_signature *ret)
{
	uint64_t last[SHINGLE] = {0};
	size_t syllables = 0, at = 0;

	memset(ret, 0xFF, sizeof *ret);
	while (at < folded.len) {
		size_t start = at, end = at;

		while (at < folded.len && text_is_word_char(text_next(folded, &at)))
			end = at;
		if (end == start)
			continue;
		memmove(last, last + 1, (SHINGLE - 1) * sizeof *last);
		last[SHINGLE - 1] = digest_hash64(slice_over(folded.at + start, end - start));
		if (++syllables >= SHINGLE)
			sign_shingle(ret, mixed(last[0]) ^ mixed(last[1] + 1) ^ mixed(last[2] + 2));
	}
	return syllables >= SYLLABLES_MIN;
}

double story_likeness(const struct story_signature *a, const struct story_signature *b)
{
	unsigned same = 0;

	for (unsigned i = 0; i < STORY_HASHES; i++)
		same += a->hash[i] == b->hash[i];
	return (double)same / STORY_HASHES;
}

/* What is stored per document: its story and its signature. */
struct document {
	char story[STORY_ID_LEN];
	struct story_signature signature;
};

static struct slice band_key(struct arena *a, const struct story_signature *s, unsigned band)
{
	uint64_t hash = digest_hash64(
		slice_over(&s->hash[(size_t)band * BAND_ROWS], BAND_ROWS * sizeof *s->hash));

	return slice_of(arena_printf(a, "band:%u:%016llx", band, (unsigned long long)hash));
}

static struct slice document_key(struct arena *a, struct slice id)
{
	return slice_of(arena_printf(a, "doc:%.*s", SLICE_ARG(id)));
}

static bool find_alike(struct remember *m, struct arena *a, const struct story_signature *s,
	const struct slice *bands, char ret[STORY_ID_LEN + 1])
{
	struct slice ids[BANDS], keys[BANDS], documents[BANDS];
	double best = ALIKE;
	size_t count = 0;

	remember_get_many(m, a, bands, BANDS, ids);
	for (unsigned i = 0; i < BANDS; i++) {
		bool known = ids[i].len == 0;

		for (unsigned k = 0; k < i; k++)
			known = known || slice_equal(ids[i], ids[k]);
		if (!known)
			keys[count++] = document_key(a, ids[i]);
	}
	remember_get_many(m, a, keys, count, documents);
	ret[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		struct document d;

		if (documents[i].len != sizeof d)
			continue;
		memcpy(&d, documents[i].at, sizeof d);
		if (story_likeness(&d.signature, s) < best)
			continue;
		best = story_likeness(&d.signature, s);
		memcpy(ret, d.story, STORY_ID_LEN);
		ret[STORY_ID_LEN] = '\0';
	}
	return ret[0] != '\0';
}

static void store(struct remember *m, struct arena *a, const struct story_item *item,
	const struct slice *bands, const struct document *d)
{
	uint8_t hash[SHA256_LEN];
	char id[2 * 8 + 1];

	digest_sha256(item->url, hash);
	digest_hex(hash, 8, id);
	for (unsigned i = 0; i < BANDS; i++)
		remember_set(m, bands[i], slice_of(id), item->ttl_ms);
	remember_set(m, document_key(a, slice_of(id)), slice_over(d, sizeof *d), item->ttl_ms);
}

void story_forget(struct remember *m, struct arena *a, struct slice url)
{
	uint8_t hash[SHA256_LEN];
	char id[2 * 8 + 1];

	digest_sha256(url, hash);
	digest_hex(hash, 8, id);
	remember_forget(m, document_key(a, slice_of(id)));
}

static void new_id(struct slice url, char ret[STORY_ID_LEN + 1])
{
	uint8_t hash[SHA256_LEN];
	char hex[13];

	digest_sha256(url, hash);
	digest_hex(hash, 6, hex);
	must(snprintf(ret, STORY_ID_LEN + 1, "st-%s", hex) == STORY_ID_LEN);
}

void story_of(struct remember *m, struct arena *a, const struct story_item *item,
	char ret[STORY_ID_LEN + 1])
{
	struct document d;
	struct slice bands[BANDS], known, matter = {0};
	bool comparable = story_sign(item->folded, &d.signature);
	bool found = false;

	if (item->matter.len > 0)
		matter = slice_of(arena_printf(a, "matter:%.*s", SLICE_ARG(item->matter)));
	for (unsigned i = 0; i < BANDS; i++)
		bands[i] = band_key(a, &d.signature, i);
	if (comparable)
		found = find_alike(m, a, &d.signature, bands, ret);
	if (!found && matter.len > 0 && remember_get(m, a, matter, &known) &&
		known.len == STORY_ID_LEN) {
		memcpy(ret, known.at, STORY_ID_LEN);
		ret[STORY_ID_LEN] = '\0';
		found = true;
	}
	if (!found)
		new_id(item->url, ret);
	memcpy(d.story, ret, STORY_ID_LEN);
	if (comparable)
		store(m, a, item, bands, &d);
	if (matter.len > 0)
		remember_set(m, matter, slice_over(ret, STORY_ID_LEN), item->ttl_ms);
}
