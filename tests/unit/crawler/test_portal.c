#include "crawler/page.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

/* The templates in which communes and provinces publish, with invented news. */
static const char *const names[] = {"liferay", "vnpt", "sharepoint", "wordpress"};

static struct page read_portal(struct arena *a, struct buf *file, const char *name)
{
	struct err err = {0};
	struct url url;
	struct page page;

	if (!file_read(
		    arena_printf(a, "tests/unit/crawler/pages/%s.html", name), 1 << 20, file, &err))
		fail_msg("%s", err_text(&err));
	assert_true(url_parse(a, SLICE("http://xa.example/tin/cau"), NULL, &url));
	const struct html_node *root = html_read(a, buf_slice(file), &err);
	assert_non_null(root);
	page_read(a, root, &url, &page);
	return page;
}

static bool holds(const struct page *page, const char *piece)
{
	return slice_find(page->text, slice_of(piece)) < page->text.len;
}

static void a_portal_gives_the_title_day_and_whole_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		CLEANUP(buf_release) struct buf file = {0};
		struct page page = read_portal(a, &file, names[i]);

		if (!slice_is(page.title, "Thông xe cầu qua kênh Mười Hai"))
			fail_msg("%s: title %.*s", names[i], SLICE_ARG(page.title));
		if (page.published.year != 2026 || page.published.month != 11 ||
			page.published.day != 12)
			fail_msg("%s: day", names[i]);
		if (!slice_starts(page.text, SLICE("Sáng nay, xã Sông Thử đã thông xe")) ||
			!holds(&page, "học sinh ba ấp phía bên kia kênh") ||
			!holds(&page, "báo ngay cho ấp khi thấy chỗ hư hỏng."))
			fail_msg("%s: text %.*s", names[i], SLICE_ARG(page.text));
	}
}

static void neither_byline_nor_menu_of_a_portal_comes_in(void **state)
{
	static const char *const pieces[] = {"Bút Danh", "Trang chủ", "Thủ tục hành chính",
		"Họp dân về đường", "Kết quả cuộc thi", "Bà con rất mừng", "Chia sẻ", "lượt xem"};
	(void)state;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		CLEANUP(buf_release) struct buf file = {0};
		struct page page = read_portal(a, &file, names[i]);

		for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++)
			if (holds(&page, pieces[k]))
				fail_msg("%s: %s", names[i], pieces[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_portal_gives_the_title_day_and_whole_text),
		cmocka_unit_test(neither_byline_nor_menu_of_a_portal_comes_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
