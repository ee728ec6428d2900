#include "crawler/robots.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <time.h>

static bool allows(const char *text, const char *target)
{
	struct robots *r = robots_read(slice_of(text), SLICE("haidang"));
	bool allowed = robots_allows(r, slice_of(target));

	robots_free(&r);
	return allowed;
}

static void the_longest_rule_of_our_group_wins(void **state)
{
	static const struct {
		const char *text, *target;
		bool allowed;
	} rows[] = {
		{"", "/x", true},
		{"User-agent: *\nDisallow: /", "/x", false},
		{"User-agent: *\nDisallow: /", "/robots.txt", true},
		{"User-agent: *\nDisallow:", "/x", true},
		{"User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", true},
		{"User-agent: *\nDisallow: /a\nAllow: /a", "/a", true},
		{"User-agent: *\nDisallow: /\n\nUser-agent: HaiDang\nAllow: /", "/x", true},
		{"User-agent: haidang\nDisallow: /a\nUser-agent: b\nDisallow: /b\nUser-agent: haidang\nDisallow: /c",
			"/c", false},
		{"User-agent: haidang\nDisallow: /a\nUser-agent: b\nDisallow: /b", "/b", true},
		{"User-agent: x\nUser-agent: haidang\nDisallow: /a", "/a", false},
		{"User-agent: *\nDisallow: /*.pdf$", "/f.pdf", false},
		{"User-agent: *\nDisallow: /*.pdf$", "/f.pdf?x", true},
		{"User-agent: *\nDisallow: /a*b*c", "/a-b-b-c", false},
		{"User-agent: *\nDisallow: /%7Ex", "/~x", false},
		{"User-agent: *\nDisallow: /đ", "/%C4%91", false},
		{"User-agent: *\nDisallow: /a%2fb", "/a/b", true},
		{"\xEF\xBB\xBFUser-agent: *\r\nDisallow: /x\r\n", "/x", false},
		{"user-agent:*\rdisallow:/x # no\r", "/x", false},
		{"Disallow: /x", "/x", true},
		{"User-agent: *\nDisallow: /a%3Cb", "/a<b", false},
		{"User-agent: haidang2\nDisallow: /", "/x", true},
		{"User-agent: haidangö\nDisallow: /", "/x", true},
		{"User-agent: *\nDisallow: /a%24b", "/a$b", false},
		{"User-agent: *\nDisallow: /a%2Ab", "/a*b", false},
		{"User-agent: *\nDisallow: /a%2Ab", "/axb", true},
		{"User-agent: *\nDisallow: /a$b", "/a%24b", false},
		{"User-agent: *\nDisallow: /\nAllow: /a/index.html", "/a/", true},
		{"User-agent: *\nDisallow: /\nAllow: /a/index.html", "/a/b", false},
		{"User-agent: haidang\nCrawl-delay: 3\nUser-agent: *\nDisallow: /x", "/x", false},
		{"\xEF\xBBUser-agent: *\nDisallow: /x", "/x", false},
		{"User-agent: *\nDisallow: /*", "/", false},
		{"User-agent: *\nDisallow: /*$", "/x", false},
		{"User-agent: *\nDisallow: *a*$", "/b", true},
		{"User-agent: *\nDisallow: /a*a$", "/a", true},
		{"User-agent: *\nDisallow: /a*a$", "/aba", false},
		{"User-agent: *\nDisallow: /a*bc*bc$", "/abc", true},
		{"User-agent: *\nDisallow: /a*bc*bc$", "/abcbcbc", false},
		{"User-agent: *\nDisallow: /**x**y", "/xzy", false},
		{"User-agent: *\nDisallow: /$", "/x", true},
		{"nonsense\n<html>\nUser-agent: *\nDisallow: /x", "/x", false},
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (allows(rows[i].text, rows[i].target) != rows[i].allowed)
			fail_msg("\"%s\" on %s", rows[i].text, rows[i].target);
}

static void a_target_is_path_and_query(void **state)
{
	static const struct {
		const char *url, *target;
	} rows[] = {{"http://a.vn", "/"}, {"http://a.vn/b?c#d", "/b?c"}, {"http://a.vn?c", "/?c"},
		{"ftp://a.vn/x", "/x"}, {"/x?y=http://b", "/x?y=http://b"}, {"//a.vn/x", "/x"},
		{"http://a.vn#/x", "/"}, {"", "/"}};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!slice_is(robots_target(a, slice_of(rows[i].url)), rows[i].target))
			fail_msg("target of \"%s\"", rows[i].url);
}

static void a_missing_file_allows_and_a_failing_server_forbids(void **state)
{
	static const struct {
		unsigned status;
		bool allowed;
	} rows[] = {{404, true}, {401, true}, {403, true}, {500, false}, {503, false}, {0, false}};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct robots *r = robots_for_status(rows[i].status);

		assert_int_equal(robots_allows(r, SLICE("/x")), rows[i].allowed);
		assert_int_equal(robots_unavailable(r), !rows[i].allowed);
		robots_free(&r);
	}
}

static void delay_and_sitemaps_are_told(void **state)
{
	struct robots *r = robots_read(
		SLICE("Sitemap: http://a/s.xml\nUser-agent: haidang\nCrawl-delay: 2.5\nUser-agent: *\nCrawl-delay: 9"),
		SLICE("haidang"));
	(void)state;

	assert_true(robots_delay_s(r) == 2.5);
	assert_int_equal(robots_sitemap_count(r), 1);
	assert_true(slice_is(robots_sitemap(r, 0), "http://a/s.xml"));
	robots_free(&r);
}

static void only_the_first_500_kib_count(void **state)
{
	static char text[ROBOTS_LEN_MAX + 64];
	size_t len = 0;
	(void)state;

	for (; len < ROBOTS_LEN_MAX; len++)
		text[len] = len % 64 == 63 ? '\n' : '#';
	static const char tail[] = "\nUser-agent: *\nDisallow: /\n";
	for (size_t i = 0; tail[i] != '\0'; i++)
		text[len++] = tail[i];
	struct robots *r = robots_read(slice_over(text, len), SLICE("haidang"));
	assert_true(robots_allows(r, SLICE("/x")));
	robots_free(&r);
}

/* Naive matching would take 8 million steps for each rule here. */
static void rules_made_to_hurt_cost_little(void **state)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf target = {0};
	(void)state;

	buf_add_text(&text, "User-agent: *\n");
	for (int rule = 0; rule < 240; rule++) {
		buf_add_text(&text, "Disallow: *");
		for (int i = 0; i < 2040; i++)
			buf_add_byte(&text, 'a');
		buf_add_text(&text, "b\n");
	}
	buf_add_byte(&target, '/');
	for (int i = 0; i < 4000; i++)
		buf_add_byte(&target, 'a');
	struct robots *r = robots_read(buf_slice(&text), SLICE("haidang"));
	assert_true(robots_size(r) < 2 * text.len);
	clock_t before = clock();
	for (int i = 0; i < 10; i++)
		assert_true(robots_allows(r, buf_slice(&target)));
	assert_true(clock() - before < 2 * CLOCKS_PER_SEC);
	robots_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_rule_of_our_group_wins),
		cmocka_unit_test(a_target_is_path_and_query),
		cmocka_unit_test(a_missing_file_allows_and_a_failing_server_forbids),
		cmocka_unit_test(delay_and_sitemaps_are_told),
		cmocka_unit_test(only_the_first_500_kib_count),
		cmocka_unit_test(rules_made_to_hurt_cost_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
