#include "crawler/connector.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

typedef bool connector_fn(struct arena *a, struct slice utf8, const struct url *base,
	struct feed *ret, struct err *err);

/* Answers as recorded, with names and numbers changed. */
static bool read_answer(
	struct arena *a, const char *name, connector_fn *read, struct feed *feed, struct err *err)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct url base;

	assert_true(url_parse(a, SLICE("https://h.example/api"), NULL, &base));
	assert_true(file_read(
		arena_printf(a, "tests/fuzz/corpus/connector/%s.json", name), 1 << 20, &text, err));
	return read(a, buf_slice(&text), &base, feed, err);
}

static void a_kind_is_asked_at_its_interface(void **state)
{
	static const struct {
		enum source_kind kind;
		const char *url, *asked; /* NULL: refused */
	} rows[] = {
		{SOURCE_RSS, "https://a.vn/x.rss", "https://a.vn/x.rss"},
		{SOURCE_WORDPRESS, "https://qrt.vn/",
			"https://qrt.vn/wp-json/wp/v2/posts?per_page=40&_fields=id,date_gmt,modified_gmt,"
			"link,title,excerpt,content.protected,status"},
		{SOURCE_WORDPRESS, "https://qrt.vn/wp-json/wp/v2/posts?categories=3",
			"https://qrt.vn/wp-json/wp/v2/posts?categories=3"},
		{SOURCE_MASTODON, "https://m.vn/tags/DaNang",
			"https://m.vn/api/v1/timelines/tag/DaNang?limit=40"},
		{SOURCE_MASTODON, "https://m.vn/public/local",
			"https://m.vn/api/v1/timelines/public?limit=40&local=true"},
		{SOURCE_MASTODON, "https://m.vn/@ten", NULL},
		{SOURCE_XENFORO, "https://voz.vn/f/diem-bao.33/",
			"https://voz.vn/f/diem-bao.33/index.rss"},
		{SOURCE_YOUTUBE, "https://www.youtube.com/channel/UCx_1/videos",
			"https://www.youtube.com/feeds/videos.xml?channel_id=UCx_1"},
		{SOURCE_YOUTUBE, "https://www.youtube.com/@ten", NULL},
		{SOURCE_FACEBOOK, "https://graph.facebook.com/v25.0/1/published_posts",
			"https://graph.facebook.com/v25.0/1/published_posts"
			"?fields=message,created_time,updated_time,permalink_url&limit=25"},
		{SOURCE_FACEBOOK, "https://graph.facebook.com/v25.0/me/accounts", NULL},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct connector *c = connector_of(rows[i].kind);
		struct url url, asked;

		assert_non_null(c);
		assert_true(url_parse(a, slice_of(rows[i].url), NULL, &url));
		bool known = connector_address(c, a, &url, &asked);
		if (known != (rows[i].asked != NULL) ||
			(known && !slice_is(asked.href, rows[i].asked)))
			fail_msg("%s gave %.*s", rows[i].url, known ? (int)asked.href.len : 0,
				asked.href.at);
	}
}

static void kinds_that_are_not_fetched_have_no_connector(void **state)
{
	static const enum source_kind kinds[] = {SOURCE_API, SOURCE_TELEGRAM, SOURCE_ZALO,
		SOURCE_TIKTOK, SOURCE_IMPORT, SOURCE_BLOCKLIST};
	(void)state;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		assert_null(connector_of(kinds[i]));
}

static void posts_of_wordpress_are_entries(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct feed feed;
	struct err err = {0};
	(void)state;

	assert_true(read_answer(a, "wordpress", connector_wordpress, &feed, &err));
	assert_int_equal(feed.entry_count, 1);
	const struct feed_entry *e = &feed.entries[0];
	assert_true(slice_is(e->link, "https://qrt.example/nuoc-len/"));
	assert_true(slice_is(e->title, "Nước lên &#8211; Đại Lộc"));
	assert_true(slice_starts(e->summary, SLICE("<p>Mưa lớn.</p>")));
	assert_true(e->published.has_zone && e->published.zone_min == 0);
	assert_int_equal(e->published.hour, 1);
}

static void public_statuses_of_mastodon_are_entries_without_their_accounts(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct feed feed;
	struct err err = {0};
	(void)state;

	assert_true(read_answer(a, "mastodon", connector_mastodon, &feed, &err));
	assert_int_equal(feed.entry_count, 2);
	assert_true(slice_starts(feed.entries[0].summary, SLICE("<p>Ngập ở <a href=")));
	assert_true(slice_is(feed.entries[1].link, "https://n.example/@c/5"));
	assert_true(slice_is(feed.entries[1].title, "Lũ"));
	feed_write(&feed, "utf-8", NULL, &w);
	assert_null(strstr(out.at, "Tên"));
	assert_null(strstr(out.at, "author"));
}

static void posts_of_a_page_are_entries_and_an_error_is_told(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct feed feed;
	struct err err = {0};
	(void)state;

	assert_true(read_answer(a, "facebook", connector_facebook, &feed, &err));
	assert_int_equal(feed.entry_count, 1);
	assert_true(slice_is(feed.entries[0].summary, "Thông báo: cầu Cửa Đại tạm đóng"));
	assert_false(read_answer(a, "error", connector_facebook, &feed, &err));
	assert_non_null(strstr(err_text(&err), "Invalid OAuth access token."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kind_is_asked_at_its_interface),
		cmocka_unit_test(kinds_that_are_not_fetched_have_no_connector),
		cmocka_unit_test(posts_of_wordpress_are_entries),
		cmocka_unit_test(public_statuses_of_mastodon_are_entries_without_their_accounts),
		cmocka_unit_test(posts_of_a_page_are_entries_and_an_error_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
