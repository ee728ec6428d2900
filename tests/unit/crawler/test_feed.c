#include "crawler/feed.h"
#include "crawler/feed_markup.h"
#include "crawler/sitemap.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>
#include <time.h>

static bool read_text(struct arena *a, const char *text, struct feed *feed, struct err *err)
{
	struct url base;

	assert_true(url_parse(a, SLICE("http://h.vn/rss/feed.xml"), NULL, &base));
	return feed_read(a, slice_of(text), &(struct feed_options){.base = &base}, feed, err);
}

static void each_version_gives_its_entries(void **state)
{
	static const struct {
		const char *text, *version;
	} rows[] = {
		{"<rss version='2.0'><channel><item><title>T</title><link>http://h.vn/a</link></item></channel></rss>",
			"rss20"},
		{"<rss version='0.91'><channel><item><title>T</title><link>/a</link></item></channel></rss>",
			"rss091u"},
		{"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
		 "<channel><title>F</title></channel><item><title>T</title><link>http://h.vn/a</link></item></rdf:RDF>",
			"rss10"},
		{"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>T</title><link href='../a'/></entry></feed>",
			"atom10"},
		{"<feed version='0.3' xmlns='http://purl.org/atom/ns#'><entry><title>T</title>"
		 "<link rel='alternate' href='http://h.vn/a'/></entry></feed>",
			"atom03"},
		{"<rss version='2.0'><channel><item><title>T</title><guid>http://h.vn/a</guid></item></channel></rss>",
			"rss20"},
		{"{\"version\": \"https://jsonfeed.org/version/1.1\", \"items\": [{\"title\": \"T\", \"url\": \"/a\"}]}",
			"json11"},
		{"<CHANNEL HREF='http://h.vn/'><ITEM HREF='http://h.vn/a'><TITLE>T</TITLE></ITEM></CHANNEL>",
			"cdf"},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct feed feed;
		struct err err = {0};

		assert_true(read_text(a, rows[i].text, &feed, &err));
		assert_string_equal(feed.version, rows[i].version);
		assert_int_equal(feed.entry_count, 1);
		assert_true(slice_is(feed.entries[0].title, "T"));
		assert_true(slice_is(feed.entries[0].link, "http://h.vn/a"));
	}
}

static void names_of_persons_are_not_kept(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct feed feed;
	struct err err = {0};
	(void)state;

	assert_true(read_text(a,
		"<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><managingEditor>Xx</managingEditor>"
		"<item><title>T</title><author>Xx</author><dc:creator>Xx</dc:creator></item></channel></rss>",
		&feed, &err));
	feed_write(&feed, "utf-8", NULL, &w);
	assert_true(read_text(a,
		"{\"version\": \"https://jsonfeed.org/version/1.1\", \"authors\": [{\"name\": \"Xx\"}],"
		"\"items\": [{\"title\": \"T\", \"authors\": [{\"name\": \"Xx\"}], \"author\": {\"name\": \"Xx\"}}]}",
		&feed, &err));
	feed_write(&feed, "utf-8", NULL, &w);
	assert_null(strstr(out.at, "Xx"));
}

/* What one entry says, by element. */
static void modules_and_markup_are_understood(void **state)
{
	static const struct {
		const char *entry, *title, *link, *summary, *content;
	} rows[] = {
		{"<dc:title>T</dc:title><dc:description>S</dc:description>", "T", "", "S", ""},
		{"<media:group><media:title>M</media:title></media:group><title>T</title>", "T", "",
			"", ""},
		{"<title>T</title><media:title>M</media:title>", "T", "", "", ""},
		{"<description>S</description><content:encoded>&lt;p&gt;C</content:encoded>", "",
			"", "S", "<p>C"},
		{"<content:encoded>C</content:encoded>", "", "", "C", "C"},
		{"<body xmlns='http://www.w3.org/1999/xhtml'><p onclick='x'>A &amp; B</p></body>",
			"", "", "<p>A &amp; B</p>", "<p>A &amp; B</p>"},
		{"<description>&lt;a href=\"../x\"&gt;l&lt;/a&gt;&lt;script&gt;s&lt;/script&gt;</description>",
			"", "", "<a href=\"http://h.vn/x\">l</a>", ""},
		{"<description>a&lt;!-- b > c --> d &lt;!-- e</description>", "", "", "a d", ""},
		{"<a:content type='application/octet-stream'>QsOzcA==</a:content>", "", "", "",
			"Bóp"},
		{"<guid isPermaLink='false'>/g</guid>", "", "", "", ""},
		{"<guid>/g</guid>", "", "http://h.vn/g", "", ""},
		{"<a:link href='/l'/><source><title>no</title></source>", "", "http://h.vn/l", "",
			""},
		{"<title>\xC3\x83\xC2\xA0</title>", "à", "", "", ""},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct feed feed;
		struct err err = {0};
		char *text = arena_printf(a,
			"<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' "
			"xmlns:media='http://search.yahoo.com/mrss/' xmlns:a='http://www.w3.org/2005/Atom' "
			"xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><item>%s</item></channel></rss>",
			rows[i].entry);

		if (!read_text(a, text, &feed, &err))
			fail_msg("%s: %s", rows[i].entry, err_text(&err));
		const struct feed_entry *e = &feed.entries[0];
		if (!slice_is(e->title, rows[i].title) || !slice_is(e->link, rows[i].link) ||
			!slice_is(e->summary, rows[i].summary) ||
			!slice_is(e->content, rows[i].content))
			fail_msg("%s gave \"%.*s\" \"%.*s\" \"%.*s\" \"%.*s\"", rows[i].entry,
				SLICE_ARG(e->title), SLICE_ARG(e->link), SLICE_ARG(e->summary),
				SLICE_ARG(e->content));
	}
}

static void what_is_not_well_formed_is_read_all_the_same(void **state)
{
	static const char *const rows[] = {
		"<rss version='2.0'><channel><item><title>A & B</title><link>/a?x=1&y=2</link></item></channel></rss>",
		"<rss version=2.0><channel><item><title>A &amp; B</title><link>/a?x=1&amp;y=2</item></channel>",
		"<rss version='2.0'><channel><item><dc:title>A &amp; B<br></dc:title><link>/a?x=1&y=2</link>",
		"\n\n<?xml version='1.0'?><rss version='2.0'><channel><item><title><![CDATA[A & B]]></title>"
		"<link>/a?x=1&amp;y=2</link></item></channel></rss>junk & <",
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct feed feed;
		struct err err = {0};

		assert_false(read_text(a, rows[i], &feed, &err) && i != 3);
		assert_int_equal(feed.entry_count, 1);
		if (!slice_starts(feed.entries[0].title, SLICE("A & B")) ||
			!slice_is(feed.entries[0].link, "http://h.vn/a?x=1&y=2"))
			fail_msg("%s gave \"%.*s\" \"%.*s\"", rows[i],
				SLICE_ARG(feed.entries[0].title), SLICE_ARG(feed.entries[0].link));
	}
}

static void a_broken_feed_gives_what_came_before_and_the_reason(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct feed feed;
	struct err err = {0};
	(void)state;

	assert_false(read_text(a,
		"<rss version='2.0'><channel>\n<item><title>Một</title></item>\n<item><title>Hai</titl",
		&feed, &err));
	assert_int_equal(feed.entry_count, 2);
	assert_true(slice_is(feed.entries[0].title, "Một"));
	assert_int_equal(err.line, 3);
}

static void something_else_is_no_feed(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct feed feed;
	struct err err = {0};
	(void)state;

	assert_false(read_text(a, "<html><body>x</body></html>", &feed, &err));
	assert_string_equal(feed.version, "");
}

static void entities_of_html_are_known_and_bombs_are_not_set_off(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct feed feed;
	struct err err = {0}, bomb = {0};
	(void)state;

	assert_true(read_text(a,
		"<rss version='2.0'><channel><title>a&nbsp;&agrave;</title></channel></rss>", &feed,
		&err));
	assert_true(slice_is(feed.title, "a\xC2\xA0\xC3\xA0"));
	CLEANUP(buf_release) struct buf text = {0};
	buf_add_text(&text,
		"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'>");
	for (int c = 'b'; c < 'm'; c++) {
		buf_printf(&text, "<!ENTITY %c '", c);
		for (int i = 0; i < 10; i++)
			buf_printf(&text, "&%c;", c - 1);
		buf_add_text(&text, "'>");
	}
	buf_add_text(&text, "]><rss version='2.0'><channel><title>&l;</title></channel></rss>");
	assert_false(read_text(a, buf_text(&text), &feed, &bomb));
	assert_non_null(strstr(err_text(&bomb), "amplification"));
}

static void depth_is_bounded(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf text = {0};
	struct feed feed;
	struct err err = {0};
	(void)state;

	for (int i = 0; i < 200; i++)
		buf_add_text(&text, "<rss>");
	assert_false(read_text(a, buf_text(&text), &feed, &err));
	assert_non_null(strstr(err_text(&err), "too deep"));
}

/* Looking for the end of each anew would take ten seconds. */
static void comments_without_an_end_cost_little(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf html = {0};
	(void)state;

	while (html.len < FEED_FIELD_MAX)
		buf_add_text(&html, "<!--x>");
	buf_add_text(&html, "<p>y");
	clock_t before = clock();
	assert_true(slice_is(markup_clean(a, buf_slice(&html), NULL), "<p>y"));
	assert_true(clock() - before < 2 * CLOCKS_PER_SEC);
}

static void sitemaps_name_pages_or_sitemaps(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct sitemap map;
	struct err err = {0};
	(void)state;

	assert_true(sitemap_read(a,
		SLICE("<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc> http://h.vn/a&amp;b </loc>"
		      "<lastmod>2025-10-05</lastmod></url><url></url></urlset>"),
		&map, &err));
	assert_false(map.is_index);
	assert_int_equal(map.count, 1);
	assert_true(slice_is(map.entries[0].loc, "http://h.vn/a&b"));
	assert_int_equal(map.entries[0].changed.day, 5);
	assert_true(sitemap_read(a,
		SLICE("<sitemapindex><sitemap><loc>http://h.vn/s</loc></sitemap></sitemapindex>"),
		&map, &err));
	assert_true(map.is_index && map.count == 1);
	assert_false(sitemap_read(a, SLICE("<html/>"), &map, &err));
	err = (struct err){0};
	assert_true(sitemap_read(
		a, SLICE("\xEF\xBB\xBFhttp://h.vn/1\r\nx\nhttps://h.vn/2"), &map, &err));
	assert_int_equal(map.count, 2);
	assert_false(sitemap_read(a,
		SLICE("<s:urlset><s:url><s:loc>&lt;![CDATA[http://h.vn/a?b&amp;amp;c]]></s:loc></s:url>"),
		&map, &err));
	assert_int_equal(map.count, 1);
	assert_true(slice_is(map.entries[0].loc, "http://h.vn/a?b&c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_version_gives_its_entries),
		cmocka_unit_test(names_of_persons_are_not_kept),
		cmocka_unit_test(modules_and_markup_are_understood),
		cmocka_unit_test(what_is_not_well_formed_is_read_all_the_same),
		cmocka_unit_test(a_broken_feed_gives_what_came_before_and_the_reason),
		cmocka_unit_test(something_else_is_no_feed),
		cmocka_unit_test(entities_of_html_are_known_and_bombs_are_not_set_off),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(comments_without_an_end_cost_little),
		cmocka_unit_test(sitemaps_name_pages_or_sitemaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
