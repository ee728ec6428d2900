#include "crawler/page.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>
#include <time.h>

#define LONG                                                                                                                          \
	"Nước lũ lên nhanh trong đêm, nhiều thôn bị chia cắt, chính quyền xã đã đưa dân tới nơi an toàn, " \
	"lương thực và thuốc men được chuyển vào bằng ca nô ngay trong buổi sáng."

static const char article[] =
	"<html lang='vi-VN'><head><title>Lũ lên nhanh - Báo Thử</title>"
	"<meta property='og:site_name' content='Báo Thử'><meta name='author' content='Xx Yy'>"
	"<meta property='article:published_time' content='2025-10-05T10:00:00+07:00'>"
	"<link rel='canonical' href='/lu-1.html'></head><body><nav><a href='/'>Trang chủ</a></nav>"
	"<div class='with-sidebar'><article><h1>Lũ lên nhanh</h1><p class='author'>Xx Yy</p>"
	"<p class='but-danh'>Xx Yy</p><p class='username'>Xx Yy</p><b itemprop='author'>Xx Yy</b>"
	"<p rel='author'>Xx Yy</p><p>" LONG "</p>"
	"<p>" LONG " <a href='http://ngoai.example/x'>liên kết</a></p></article>"
	"<aside><p>" LONG " quảng cáo</p></aside><div id='comments'><p>" LONG
	" Xx Yy bình luận</p></div></div>"
	"<div style='display: none'><a href='http://an.example/'>ẩn</a></div></body></html>";

static void read_text(struct arena *a, const char *text, struct page *page)
{
	struct err err = {0};
	struct url url;
	const struct html_node *root = html_read(a, slice_of(text), &err);

	assert_non_null(root);
	assert_true(url_parse(a, SLICE("http://bao.example/x/y.html?u=1"), NULL, &url));
	page_read(a, root, &url, page);
}

static void an_article_gives_its_title_text_and_date(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct page page;
	(void)state;

	read_text(a, article, &page);
	assert_true(slice_is(page.title, "Lũ lên nhanh"));
	assert_true(slice_is(page.text, LONG "\n" LONG " liên kết"));
	assert_true(slice_is(page.lang, "vi") && slice_is(page.site_name, "Báo Thử"));
	assert_true(slice_is(page.canonical, "http://bao.example/lu-1.html"));
	assert_true(page.published.year == 2025 && page.published.hour == 10 &&
		page.published.zone_min == 420);
	assert_true(page.is_article && !page.noindex);
}

static void bylines_and_comments_are_left_out(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct page page;
	(void)state;

	read_text(a, article, &page);
	page_write(&page, PAGE_ARTICLE, &w);
	assert_null(strstr(out.at, "Xx Yy"));
	assert_null(strstr(out.at, "quảng cáo"));
}

static const struct page_link *find_link(const struct page *page, const char *host)
{
	for (size_t i = 0; i < page->link_count; i++)
		if (slice_is(page->links[i].host, host))
			return &page->links[i];
	return NULL;
}

static void links_tell_where_they_stand_and_whether_they_are_seen(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct page page;
	(void)state;

	read_text(a, article, &page);
	assert_true(find_link(&page, "ngoai.example")->in_text &&
		!find_link(&page, "ngoai.example")->hidden);
	assert_true(
		find_link(&page, "an.example")->hidden && !find_link(&page, "an.example")->in_text);
	assert_true(slice_is(page.hidden_text, "ẩn"));
}

static void ways_of_hiding_are_known(void **state)
{
	static const struct {
		const char *style;
		bool hidden;
	} rows[] = {
		{"style='display:none'", true},
		{"style='position:absolute; left: -9999px'", true},
		{"style='text-indent:-5000px'", true},
		{"style='font-size:0'", true},
		{"style='font-size: 1px;'", true},
		{"style='visibility : hidden'", true},
		{"style='height:0;overflow:hidden'", true},
		{"hidden", true},
		{"style='left:-10px'", false},
		{"style='font-size:12px'", false},
		{"style='opacity:0.9'", false},
		{"", false},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct page page;
		const char *text = arena_printf(
			a, "<body><div %s><a href='http://x.example/'>x</a></div>", rows[i].style);

		read_text(a, text, &page);
		if (find_link(&page, "x.example")->hidden != rows[i].hidden)
			fail_msg("%s", rows[i].style);
	}
}

static void pages_beyond_the_limits_are_refused_at_once(void **state)
{
	static const struct {
		const char *start, *piece;
		int count;
		const char *reason;
	} rows[] = {
		{"", "<div>", 40000, "nested deeper"},
		{"<p ", "a=1 ", 40000, "attributes"},
		{"", "<i></i>", HTML_TAGS_MAX, "tags"},
		{"", "xxxxxxxxxxxxxxxx", HTML_LEN_MAX / 16 + 1, "larger"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		CLEANUP(buf_release) struct buf text = {0};
		struct err err = {0};
		clock_t before = clock();

		buf_add_text(&text, rows[i].start);
		for (int k = 0; k < rows[i].count; k++)
			buf_add_text(&text, rows[i].piece);
		assert_null(html_read(a, buf_slice(&text), &err));
		assert_non_null(strstr(err_text(&err), rows[i].reason));
		assert_true(clock() - before < CLOCKS_PER_SEC);
	}
}

static void depth_within_the_limit_is_walked_without_recursion(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf text = {0};
	struct page page;
	(void)state;

	for (int i = 0; i < HTML_DEPTH_MAX; i++)
		buf_add_text(&text, "<div>");
	buf_add_text(&text, "<p>" LONG "</p>");
	read_text(a, buf_text(&text), &page);
	assert_true(slice_is(page.text, LONG));
}

static void pieces_of_markup_become_plain_text(void **state)
{
	static const char *const rows[][2] = {
		{"plain  text", "plain text"},
		{"a &amp; b", "a & b"},
		{"<p>một</p><p>hai <b>ba</b></p><script>x()</script>", "một\nhai ba"},
		{"", ""},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_true(slice_is(html_plain(a, slice_of(rows[i][0])), rows[i][1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_article_gives_its_title_text_and_date),
		cmocka_unit_test(bylines_and_comments_are_left_out),
		cmocka_unit_test(links_tell_where_they_stand_and_whether_they_are_seen),
		cmocka_unit_test(ways_of_hiding_are_known),
		cmocka_unit_test(pages_beyond_the_limits_are_refused_at_once),
		cmocka_unit_test(depth_within_the_limit_is_walked_without_recursion),
		cmocka_unit_test(pieces_of_markup_become_plain_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
