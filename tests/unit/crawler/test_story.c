#include "crawler/story.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

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
	struct story_item item = {slice_of(url), slice_of(text), slice_of(matter), TTL_MS};

	story_of(m, a, &item, ret);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_share_a_story_and_others_do_not),
		cmocka_unit_test(the_same_matter_is_the_same_story_until_it_is_old),
		cmocka_unit_test(likeness_follows_the_shared_part),
		cmocka_unit_test(what_is_remembered_expires_and_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
