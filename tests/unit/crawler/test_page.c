#include "crawler/html_scan.h"
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

static bool holds_json(const struct page *page, const char *piece)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);

	page_write(page, PAGE_WHOLE, &w);
	return strstr(buf_text(&out), piece) != NULL;
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
	assert_true(holds_json(&page, "\"hidden_text\":\"ẩn\""));
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

static void add_many(struct buf *text, const char *piece, int count)
{
	for (int i = 0; i < count; i++)
		buf_add_text(text, piece);
}

/* Each shape is known to have hurt a parser. */
static void pages_built_to_hurt_cost_little_and_keep_their_text(void **state)
{
	static const struct {
		const char *start, *piece;
		int count;
		const char *end;
	} rows[] = {
		{"", "<div>", 100000, ""},
		{"", "<div></b>", 40000, ""},
		{"<p ", "a=1 ", 40000, ">"},
		{"<p ", "a ", 40000, "b='>'>"},
		{"", "<table><tr><td>", 10000, ""},
		{"", "<select>", 40000, "</select>"},
		{"", "<svg><g>", 20000, "</svg>"},
		{"", "<math><mi>", 20000, "</math>"},
		{"", "<a><b><i>", 10000, ""},
		{"", "<b><p></b>", 10000, ""},
		{"", "<button><p>", 20000, ""},
		{"", "<ruby><rt>", 20000, ""},
		{"", "<li><ul>", 20000, ""},
		{"<svg><style>", "<div>", 50000, "</svg>"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		CLEANUP(buf_release) struct buf text = {0};
		struct err err = {0};
		clock_t before = clock();

		buf_add_text(&text, "<body><p>" LONG "</p>");
		buf_add_text(&text, rows[i].start);
		add_many(&text, rows[i].piece, rows[i].count);
		buf_add_text(&text, rows[i].end);
		const struct html_node *root = html_read(a, buf_slice(&text), &err);
		if (root == NULL || clock() - before > 2 * CLOCKS_PER_SEC)
			fail_msg("%s %s: %s", rows[i].start, rows[i].piece, err.said);
		struct slice whole = html_text(a, root);
		assert_true(slice_find(whole, SLICE(LONG)) < whole.len);
	}
}

static void what_no_cut_makes_bearable_is_refused(void **state)
{
	static const struct {
		const char *start, *piece;
		int count;
		const char *reason;
	} rows[] = {
		{"", "xxxxxxxxxxxxxxxx", HTML_LEN_MAX / 16 + 1, "larger than"},
		{"<select><xmp></select>", "<div>", 90000, "took more than"},
		{"", "<i id=1 rel=2 lang=3 name=4 role=5 type=6></i>", 49000,
			"would take more than"},
		/* Values that are held back, and those too short for that. */
		{"",
			"<i id='123456789' rel='123456789' lang='123456789' name='123456789' "
			"role='123456789'></i>",
			46000, "would take more than"},
		{"",
			"<i id='12345678' rel='12345678' lang='12345678' name='12345678' "
			"role='12345678'></i>",
			46000, "would take more than"},
		{"", "<p id='123456789'>", 90000, "would take more than"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		CLEANUP(buf_release) struct buf text = {0};
		struct err err = {0};

		buf_add_text(&text, rows[i].start);
		add_many(&text, rows[i].piece, rows[i].count);
		if (html_read(a, buf_slice(&text), &err) != NULL)
			fail_msg("%s was read", rows[i].piece);
		assert_non_null(strstr(err_text(&err), rows[i].reason));
		assert_true(arena_used(a) < HTML_MEMORY_MAX + 64); /* rounded up */
	}
}

static void quotes_and_equals_signs_in_tags_do_not_hide_the_text(void **state)
{
	static const char *const rows[] = {
		"<p title=\"x\"\" class=a'b>%s</p>",
		"<p don't>%s</p>",
		"<img src=a alt='b'>%s",
		"<div onclick='a>b' data-x=1><img src=\"x\"/><p style=a:b data-y>%s</p></div>",
		"<!----><p>%s</p><!-- x",
		"<style>p>a{b:c}</style><p>%s</p>",
		"<p ==x = y>%s</p>",
		"<!-- <div> -- ><div --><p>%s</p>",
		"<script>if (a<b) x = \"</p>\";</script><p>%s</p>",
		"<svg><style>a<b</style></svg><p>%s</p>",
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(buf_release) struct buf text = {0};
		struct slice row = slice_of(rows[i]);
		size_t at = slice_find(row, SLICE("%s"));
		struct err err = {0};

		buf_add(&text, row.at, at);
		buf_add_text(&text, LONG);
		buf_add_slice(&text, slice_from(row, at + 2));
		struct slice whole = html_text(a, html_read(a, buf_slice(&text), &err));
		if (slice_find(whole, SLICE(LONG)) == whole.len)
			fail_msg("%s", rows[i]);
	}
}

static struct page read_page(struct arena *a, const char *markup)
{
	struct err err = {0};
	struct url url;
	struct page page;

	assert_true(url_parse(a, SLICE("http://a.vn/x"), NULL, &url));
	page_read(a, html_read(a, slice_of(markup), &err), &url, &page);
	return page;
}

#define SENTENCE                                                                                   \
	"Hội nghị bàn về giá lúa, giá cá và giá phân bón của vụ đông xuân năm nay ở đồng bằng. "

static void long_texts_and_values_come_out_as_they_went_in(void **state)
{
	static const struct {
		const char *page, *text;
	} rows[] = {
		{"<!doctype html><p>một câu dài hơn mười sáu chữ", "một câu dài hơn mười sáu chữ"},
		{"<p> một câu dài hơn <b>mười sáu</b> chữ, rồi một câu nữa",
			"một câu dài hơn mười sáu chữ, rồi một câu nữa"},
		{"<p>một câu dài &amp; một câu nữa dài hơn", "một câu dài & một câu nữa dài hơn"},
		{"<p>1 < 2 và một câu dài hơn mười sáu chữ",
			"1 < 2 và một câu dài hơn mười sáu chữ"},
		{"<table><b></b>một câu đứng sai chỗ trong bảng<tr><td>x</table>",
			"một câu đứng sai chỗ trong bảng\nx"},
		{"<p>một câu có \xEE\x80\x80"
		 "AAA của riêng nó",
			"một câu có \xEE\x80\x80"
			"AAA của riêng nó"},
		{"<textarea><b>một câu dài hơn mười sáu chữ</b></textarea>",
			"<b>một câu dài hơn mười sáu chữ</b>"},
		{"<p>một câu dài hơn mười sáu chữ<!-- bỏ -->, và một câu nữa",
			"một câu dài hơn mười sáu chữ, và một câu nữa"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct err err = {0};
		struct slice text = html_text(a, html_read(a, slice_of(rows[i].page), &err));

		if (!slice_is(text, rows[i].text))
			fail_msg("%s: \"%.*s\"", rows[i].page, SLICE_ARG(text));
	}
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct page page = read_page(a,
		"<a href='/mot-dia-chi-dai-hon.html?a=1&b=2'>x</a>"
		"<a href=\"/mot-dia-chi-dai-khac.html\">y</a>");
	assert_int_equal(page.link_count, 2);
	assert_true(slice_is(page.links[0].href, "http://a.vn/mot-dia-chi-dai-hon.html?a=1&b=2"));
	assert_true(slice_is(page.links[1].href, "http://a.vn/mot-dia-chi-dai-khac.html"));
}

static void the_lead_and_each_box_of_an_article_are_its_text(void **state)
{
	static const char boxes[] =
		"<h1>Giá lúa</h1><p class='sapo'>Mở đầu: " SENTENCE "</p><div class=builder>"
		"<div><div><div><div><p>Một: " SENTENCE SENTENCE "</p></div></div></div></div>"
		"<div><div><div><div><p>Hai: " SENTENCE "</p></div></div></div></div></div>";
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice text = read_page(a, boxes).text;
	(void)state;

	assert_true(slice_starts(text, SLICE("Mở đầu:")));
	assert_true(slice_find(text, SLICE("Một:")) < text.len);
	assert_true(slice_find(text, SLICE("Hai:")) < text.len);
}

static void a_discussion_longer_than_the_article_is_no_article(void **state)
{
	static const char discussed[] = "<h1>T</h1><div><p>Tin: " SENTENCE "</p></div>"
					"<div class=comments><p>Bạn đọc: " SENTENCE SENTENCE "</p>"
					"<p>" SENTENCE SENTENCE "</p></div>";
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice text = read_page(a, discussed).text;
	(void)state;

	assert_true(slice_starts(text, SLICE("Tin:")));
	assert_true(slice_find(text, SLICE("Bạn đọc")) == text.len);
}

static const struct {
	const char *page, *url, *date;
} days[] = {
	{"<h1>T</h1><span class='date'>Thứ hai, 23/11/2026, 07:05 (GMT+7)</span>", "http://a.vn/x",
		"2026-11-23T07:05:00+07:00"},
	{"<h1>T</h1><div class='box-time'>3 giờ trước</div>", "http://a.vn/x",
		"2026-11-23T04:05:00+07:00"},
	{"<h1>T</h1><p class='time'>Hôm qua, 21:30</p>", "http://a.vn/x", "2026-11-22T21:30:00"},
	{"<meta property='article:modified_time' content='2026-11-20T01:00:00Z'>"
	 "<meta property='article:published_time' content='2026-11-19T01:00:00Z'>",
		"http://a.vn/x", "2026-11-19T01:00:00+00:00"},
	{"<p>Cập nhật: 20/11/2026</p><p>Ngày đăng: 18/11/2026 08:00</p>", "http://a.vn/x",
		"2026-11-18T08:00:00"},
	{"<script type='application/ld+json'>{\"dateModified\":\"2026-11-20\","
	 "\"datePublished\" : \"2026-11-17T08:00:00+07:00\"}</script>",
		"http://a.vn/x", "2026-11-17T08:00:00+07:00"},
	{"<div itemprop='datePublished' content='2026-11-16'>hôm kia</div>", "http://a.vn/x",
		"2026-11-16"},
	{"<p>x</p>", "http://a.vn/tin/2026111507123456.htm", "2026-11-15"},
	{"<p>x</p>", "http://a.vn/2026/11/14/tin", "2026-11-14"},
	{"<time class='published'>14/11/2026 - 09:30</time>", "http://a.vn/2026/11/14/tin",
		"2026-11-14T09:30:00"},
	{"<div class='widget calendar'>23/11/2026</div><h1>T</h1>"
	 "<p class='portlet-date'>12/11/2026</p>",
		"http://a.vn/x", "2026-11-12"},
	{"<h1>T</h1><div class=comment><time datetime='2026-11-20'></time></div>"
	 "<p>Hội nghị</p><p>Điện Bàn, ngày 10 tháng 11 năm 2026</p>",
		"http://a.vn/x", "2026-11-10"},
	{"<meta name=date content='2030-01-01'><p>Tết</p>", "http://a.vn/x", ""},
	/* What says "published" and "modified" alike was set anew by a change. */
	{"<meta property='article:published_time' content='2026-11-20T01:00:00Z'>"
	 "<meta property='article:modified_time' content='2026-11-20T02:00:00Z'>"
	 "<script type='application/ld+json'>{\"datePublished\":\"2026-11-12\"}</script>",
		"http://a.vn/x", "2026-11-12"},
	{"<p class='the-date'>09/11/2026</p><h1>T</h1><p>Năm 2026</p>"
	 "<p class='date'>20/11/2026</p>",
		"http://a.vn/x", "2026-11-09"},
	{"<h1>T</h1><p><time datetime='2026-11-08'></time></p><div class='aside-box'>"
	 "<time pubdate datetime='2026-11-20'></time></div>",
		"http://a.vn/x", "2026-11-08"},
	{"<div class='with-sidebar'><h1>T</h1><p class='date'>07/11/2026</p>"
	 "<p>Hội nghị bàn về giá lúa, giá cá và giá phân bón của vụ đông xuân.</p></div>",
		"http://a.vn/x", "2026-11-07"},
	{"<div class='article'><p>Giá lúa, giá cá.</p><div class='footer'>"
	 "<time datetime='2026-11-06'></time></div></div>",
		"http://a.vn/x", "2026-11-06"},
	{"<p>Từ ngày 3 tháng 10 năm 2026 đến hết năm, đường này đóng để sửa cầu.</p>"
	 "<div id='footer'>Cập nhật: 05/11/2026 © 1999</div>",
		"http://a.vn/x", "2026-11-05"},
	{"<meta property='og:image' content='http://a.vn/files/2026/11/04/a.jpg'>", "http://a.vn/x",
		"2026-11-04"},
	{"<script>var page = {\"publishedAt\": \"2026-11-03\"};</script><p>Tết</p>",
		"http://a.vn/x", "2026-11-03"},
};

static void the_day_is_the_one_of_publication(void **state)
{
	static const int64_t now = (int64_t)1795392300 * 1000000; /* 2026-11-23T07:05+07:00 */
	(void)state;

	for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct err err = {0};
		struct url url;
		struct page page;
		char date[DATE_TEXT_MAX] = "";

		assert_true(url_parse(a, slice_of(days[i].url), NULL, &url));
		page_read_at(a, html_read(a, slice_of(days[i].page), &err), &url, now, &page);
		if (page.published.year != 0)
			date_write(&page.published, date);
		if (strcmp(date, days[i].date) != 0)
			fail_msg("%s: \"%s\"", days[i].page, date);
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
		cmocka_unit_test(pages_built_to_hurt_cost_little_and_keep_their_text),
		cmocka_unit_test(what_no_cut_makes_bearable_is_refused),
		cmocka_unit_test(quotes_and_equals_signs_in_tags_do_not_hide_the_text),
		cmocka_unit_test(long_texts_and_values_come_out_as_they_went_in),
		cmocka_unit_test(the_lead_and_each_box_of_an_article_are_its_text),
		cmocka_unit_test(a_discussion_longer_than_the_article_is_no_article),
		cmocka_unit_test(the_day_is_the_one_of_publication),
		cmocka_unit_test(depth_within_the_limit_is_walked_without_recursion),
		cmocka_unit_test(pieces_of_markup_become_plain_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
