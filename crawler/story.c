#include "crawler/story.h"

#include "lib/digest.h"
#include "lib/must.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>

/* Texts of a likeness of 0.4 meet in some band in 94 of 100 cases, of 0.5 in all but 1 of 250. */
enum { BANDS = 42, BAND_ROWS = STORY_HASHES / BANDS, SHINGLE = 3, SYLLABLES_MIN = 20 };

/* The same story from 0.4 on; the estimate strays by 0.04 from that. */
static const double ALIKE = 0.33;

/* News that is told again after that is old. */
static const int64_t STALE_US = (int64_t)30 * 86400 * 1000000;

static uint64_t mixed(uint64_t x)
{
	x += 0x9E3779B97F4A7C15;
	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
	return x ^ (x >> 31);
}

struct permutations {
	uint64_t factor[STORY_HASHES], shift[STORY_HASHES];
};

static void permutations_init(struct permutations *p)
{
	for (unsigned i = 0; i < STORY_HASHES; i++) {
		p->factor[i] = mixed(i) | 1;
		p->shift[i] = mixed(i + STORY_HASHES);
	}
}

static void sign_shingle(const struct permutations *p, struct story_signature *s, uint64_t shingle)
{
	for (unsigned i = 0; i < STORY_HASHES; i++) {
		uint32_t hash = (uint32_t)((shingle * p->factor[i] + p->shift[i]) >> 32);

		s->hash[i] = hash < s->hash[i] ? hash : s->hash[i];
	}
}

bool story_sign(struct slice folded, struct story_signature *ret)
{
	uint64_t last[SHINGLE] = {0};
	size_t syllables = 0, at = 0;
	struct permutations p;

	permutations_init(&p);
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
			sign_shingle(
				&p, ret, mixed(last[0]) ^ mixed(last[1] + 1) ^ mixed(last[2] + 2));
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

/* What is kept of a story. */
struct record {
	int64_t first_us;
	uint32_t publishers[STORY_PUBLISHERS_MAX]; /* hashes */
	uint32_t publisher_count;
	uint32_t corrected;
};

static struct slice record_key(struct arena *a, const char *id)
{
	return slice_of(arena_printf(a, "story:%s", id));
}

static void add_publisher(struct record *r, struct slice publisher)
{
	uint32_t hash = (uint32_t)digest_hash64(publisher);

	for (uint32_t i = 0; i < r->publisher_count; i++)
		if (r->publishers[i] == hash)
			return;
	if (publisher.len > 0 && r->publisher_count < STORY_PUBLISHERS_MAX)
		r->publishers[r->publisher_count++] = hash;
}

/* Adds the item to its story and tells what is known of it now. */
static void join(
	struct remember *m, struct arena *a, const struct story_item *item, struct story *ret)
{
	struct slice key = record_key(a, ret->id), known;
	struct record r = {.first_us = item->now_us};

	if (remember_get(m, a, key, &known) && known.len == sizeof r)
		memcpy(&r, known.at, sizeof r);
	add_publisher(&r, item->publisher);
	r.corrected |= item->is_denial;
	remember_set(m, key, slice_over(&r, sizeof r), item->ttl_ms);
	ret->first_us = r.first_us;
	ret->publishers = r.publisher_count;
	ret->corrected = r.corrected != 0;
	int64_t begun = item->published_us > 0 && item->published_us < r.first_us
		? item->published_us
		: r.first_us;
	ret->stale = item->now_us - begun > STALE_US;
}

void story_of(struct remember *m, struct arena *a, const struct story_item *item, struct story *ret)
{
	struct document d;
	struct slice bands[BANDS], known, matter = {0};
	bool comparable = story_sign(item->folded, &d.signature);
	bool found = false;

	*ret = (struct story){0};
	if (item->matter.len > 0)
		matter = slice_of(arena_printf(a, "matter:%.*s", SLICE_ARG(item->matter)));
	for (unsigned i = 0; i < BANDS; i++)
		bands[i] = band_key(a, &d.signature, i);
	if (comparable)
		found = find_alike(m, a, &d.signature, bands, ret->id);
	if (!found && matter.len > 0 && remember_get(m, a, matter, &known) &&
		known.len == STORY_ID_LEN) {
		memcpy(ret->id, known.at, STORY_ID_LEN);
		ret->id[STORY_ID_LEN] = '\0';
		found = true;
	}
	if (!found)
		new_id(item->url, ret->id);
	memcpy(d.story, ret->id, STORY_ID_LEN);
	if (comparable)
		store(m, a, item, bands, &d);
	if (matter.len > 0)
		remember_set(m, matter, slice_over(ret->id, STORY_ID_LEN), item->ttl_ms);
	join(m, a, item, ret);
}
