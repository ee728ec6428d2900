#include "crawler/story.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static const char release[] =
	"toi nay nuoc lu tren song vu gia len nhanh vuot bao dong ba chinh quyen dia phuong da di doi hang tram ho dan "
	"vung thap trung den noi an toan luc luong chuc nang truc tai cac diem ngap sau de ho tro nguoi dan khi can";
static const char copy[] =
	"theo bao cao toi nay nuoc lu tren song vu gia len nhanh vuot bao dong ba chinh quyen dia phuong da di doi hang "
	"tram ho dan vung thap trung den noi an toan luc luong chuc nang truc tai cac diem ngap sau de ho tro nguoi dan";
static const char other[] =
	"sang nay doi tuyen bong da thieu nien cua thanh pho len duong du giai tai ha noi huan luyen vien cho biet cac em "
	"da tap luyen cham chi trong ba thang qua va se thi dau het minh vi mau co sac ao cua que huong";

static const int64_t TTL_MS = INT64_C(3600000);

static void story_id(
	struct remember *m, const char *url, const char *text, const char *matter, char *ret)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct story_item item = {.url = slice_of(url),
		.folded = slice_of(text),
		.matter = slice_of(matter),
		.ttl_ms = TTL_MS};
	struct story story;

	story_of(m, a, &item, &story);
	memcpy(ret, story.id, sizeof story.id);
}

static void copies_share_a_story_and_others_do_not(void **state)
{
	struct clock_manual clock;
	char a[STORY_ID_LEN + 1], b[STORY_ID_LEN + 1], c[STORY_ID_LEN + 1];
	(void)state;

	clock_manual_init(&clock, 1000000);
	struct remember *m = remember_new(NULL, "", &clock.clock);
	story_id(m, "http://a/", release, "", a);
	story_id(m, "http://b/", copy, "", b);
	story_id(m, "http://c/", other, "", c);
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	assert_int_equal(strlen(a), STORY_ID_LEN);
	remember_free(&m);
}

static void the_same_matter_is_the_same_story_until_it_is_old(void **state)
{
	struct clock_manual clock;
	char a[STORY_ID_LEN + 1], b[STORY_ID_LEN + 1], c[STORY_ID_LEN + 1];
	(void)state;

	clock_manual_init(&clock, 1000000);
	struct remember *m = remember_new(NULL, "", &clock.clock);
	story_id(m, "http://a/", release, "disaster.dam|dam:x", a);
	story_id(m, "http://b/", other, "disaster.dam|dam:x", b);
	assert_string_equal(a, b);
	clock_manual_advance(&clock, TTL_MS + 1);
	clock.wall_us += (TTL_MS + 1) * 1000;
	story_id(m, "http://c/", "ngan", "disaster.dam|dam:x", c);
	assert_string_not_equal(a, c);
	remember_free(&m);
}

static void likeness_follows_the_shared_part(void **state)
{
	struct story_signature a, b, c;
	(void)state;

	assert_true(story_sign(slice_of(release), &a) && story_sign(slice_of(copy), &b) &&
		story_sign(slice_of(other), &c));
	assert_true(story_likeness(&a, &a) == 1);
	assert_true(story_likeness(&a, &b) > 0.6);
	assert_true(story_likeness(&a, &c) < 0.1);
	assert_false(story_sign(SLICE("qua ngan"), &a));
}

static void what_is_remembered_expires_and_gives_way(void **state)
{
	struct clock_manual clock;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice value;
	(void)state;

	clock_manual_init(&clock, 1000000);
	struct remember *m = remember_new(NULL, "", &clock.clock);
	remember_set(m, SLICE("k"), SLICE("v"), 1000);
	assert_true(remember_get(m, a, SLICE("k"), &value) && slice_is(value, "v"));
	remember_later(m, SLICE("k"), SLICE("w"), 1000);
	assert_true(remember_has_later(m));
	assert_true(remember_get(m, a, SLICE("k"), &value) && slice_is(value, "w"));
	remember_commit(m);
	assert_false(remember_has_later(m));
	clock.wall_us += 2000000;
	assert_false(remember_get(m, a, SLICE("k"), &value));
	for (int i = 0; i < 100000; i++)
		remember_set(m, slice_of(arena_printf(a, "key %d", i)), SLICE("v"), 1000);
	assert_true(remember_get(m, a, SLICE("key 99999"), &value));
	remember_free(&m);
}

/* Numbers that come out the same each time (xorshift). */
static uint32_t next_number(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

enum { WORDS = 3000, TEXT_WORDS = 260, TEXT_LEN = 4096 };

/* A word of the text: few words are common, most are rare. */
static unsigned word_of(uint32_t *seed)
{
	uint32_t a = next_number(seed) % WORDS, b = next_number(seed) % WORDS;

	return a * b / WORDS;
}

struct made {
	unsigned words[TEXT_WORDS];
};

static void make_text(struct made *made, uint32_t seed)
{
	seed = seed * 2654435761u + 1;
	for (int i = 0; i < TEXT_WORDS; i++)
		made->words[i] = word_of(&seed);
}

/* As desks rewrite a release: runs of some words are replaced until the share that is wanted. */
static void rewrite(struct made *made, uint32_t seed, unsigned percent)
{
	unsigned replaced = 0;

	seed = seed * 40503u + 7;
	while (replaced * 100 < percent * TEXT_WORDS) {
		unsigned from = next_number(&seed) % TEXT_WORDS, len = 4 + next_number(&seed) % 12;

		for (unsigned i = from; i < from + len && i < TEXT_WORDS; i++, replaced++)
			made->words[i] = word_of(&seed);
	}
}

static struct slice write_text(const struct made *made, char text[TEXT_LEN])
{
	size_t len = 0;

	for (int i = 0; i < TEXT_WORDS; i++)
		len += (size_t)snprintf(text + len, TEXT_LEN - len, "t%u ", made->words[i]);
	return slice_over(text, len);
}

/* The share of three-word shingles that both have, counted exactly. */
static double jaccard(const struct made *a, const struct made *b)
{
	unsigned same = 0;

	for (int i = 0; i + 2 < TEXT_WORDS; i++)
		for (int k = 0; k + 2 < TEXT_WORDS; k++)
			if (memcmp(&a->words[i], &b->words[k], 3 * sizeof *a->words) == 0) {
				same++;
				break;
			}
	return (double)same / (2.0 * (TEXT_WORDS - 2) - same);
}

static struct story told(struct remember *m, const struct made *made, const char *url)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	char text[TEXT_LEN];
	struct story_item item = {
		.url = slice_of(url), .folded = write_text(made, text), .ttl_ms = TTL_MS};
	struct story story;

	story_of(m, a, &item, &story);
	return story;
}

static void copies_and_rewritten_releases_are_found_and_strangers_are_not(void **state)
{
	enum { RELEASES = 120 };
	unsigned rewritten = 0, found = 0, copies = 0, joined = 0;
	struct clock_manual clock;
	(void)state;

	clock_manual_init(&clock, 1000000);
	struct remember *m = remember_new(NULL, "", &clock.clock);
	for (uint32_t i = 1; i <= RELEASES; i++) {
		struct made text, changed;
		char url[32];

		make_text(&text, i);
		(void)snprintf(url, sizeof url, "http://a/%u", i);
		struct story first = told(m, &text, url);
		(void)snprintf(url, sizeof url, "http://b/%u", i);
		copies += strcmp(told(m, &text, url).id, first.id) == 0;
		changed = text;
		rewrite(&changed, i, 6 + i % 24);
		double likeness = jaccard(&text, &changed);
		if (likeness >= 0.4 && likeness <= 0.8) {
			(void)snprintf(url, sizeof url, "http://c/%u", i);
			rewritten++;
			found += strcmp(told(m, &changed, url).id, first.id) == 0;
		}
		make_text(&changed, i + 100000);
		(void)snprintf(url, sizeof url, "http://d/%u", i);
		joined += strncmp(told(m, &changed, url).id, first.id, STORY_ID_LEN) == 0;
	}
	remember_free(&m);
	print_message("# copies %u of %u, rewritten releases %u of %u\n", copies, RELEASES, found,
		rewritten);
	assert_int_equal(copies, RELEASES);
	assert_true(rewritten > RELEASES / 2);
	assert_true(found * 100 >= rewritten * 95);
	assert_int_equal(joined, 0);
}

/* All pairs of 500 strangers: 124,750. */
static void of_a_hundred_thousand_strangers_no_pair_is_joined(void **state)
{
	enum { TEXTS = 500 };
	struct story_signature *all = mem_array(TEXTS, sizeof *all);
	double most = 0;
	(void)state;

	for (uint32_t i = 0; i < TEXTS; i++) {
		struct made made;
		char text[TEXT_LEN];

		make_text(&made, i + 7000);
		assert_true(story_sign(write_text(&made, text), &all[i]));
		for (uint32_t k = 0; k < i; k++) {
			double likeness = story_likeness(&all[i], &all[k]);

			most = likeness > most ? likeness : most;
		}
	}
	mem_free(all);
	assert_true(most < 0.2);
}

static struct story tell(
	struct remember *m, const char *url, const char *publisher, const struct story_item *rest)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct story_item item = *rest;
	struct story story;

	item.url = slice_of(url);
	item.publisher = slice_of(publisher);
	item.folded = SLICE(release);
	item.ttl_ms = TTL_MS;
	story_of(m, a, &item, &story);
	return story;
}

static void a_story_knows_its_publishers_its_start_and_its_correction(void **state)
{
	static const int64_t day_us = INT64_C(86400) * 1000000;
	struct clock_manual clock;
	struct story s;
	(void)state;

	clock_manual_init(&clock, 1000000);
	struct remember *m = remember_new(NULL, "", &clock.clock);
	s = tell(m, "http://a.vn/1", "a.vn", &(struct story_item){.now_us = 100 * day_us});
	assert_int_equal(s.publishers, 1);
	assert_false(s.corrected || s.stale);
	s = tell(m, "http://a.vn/2", "a.vn", &(struct story_item){.now_us = 101 * day_us});
	assert_int_equal(s.publishers, 1);
	s = tell(m, "http://b.vn/2", "b.vn", &(struct story_item){.now_us = 101 * day_us});
	assert_int_equal(s.publishers, 2);
	assert_true(s.first_us == 100 * day_us);
	s = tell(m, "http://c.vn/2", "c.vn",
		&(struct story_item){.now_us = 102 * day_us, .is_denial = true});
	assert_true(s.corrected);
	s = tell(m, "http://d.vn/2", "d.vn", &(struct story_item){.now_us = 102 * day_us});
	assert_true(s.corrected && !s.stale);
	assert_int_equal(s.publishers, 4);
	s = tell(m, "http://e.vn/2", "e.vn",
		&(struct story_item){.now_us = 102 * day_us, .published_us = 60 * day_us});
	assert_true(s.stale);
	remember_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_share_a_story_and_others_do_not),
		cmocka_unit_test(the_same_matter_is_the_same_story_until_it_is_old),
		cmocka_unit_test(likeness_follows_the_shared_part),
		cmocka_unit_test(copies_and_rewritten_releases_are_found_and_strangers_are_not),
		cmocka_unit_test(of_a_hundred_thousand_strangers_no_pair_is_joined),
		cmocka_unit_test(a_story_knows_its_publishers_its_start_and_its_correction),
		cmocka_unit_test(what_is_remembered_expires_and_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
