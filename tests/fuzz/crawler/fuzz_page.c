#include "crawler/page.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct err err = {0};
	struct url url;
	struct page page;
	const struct html_node *root = html_read(a, slice_over(bytes, len), &err);

	if (root != NULL && url_parse(a, SLICE("http://h.vn/a"), NULL, &url)) {
		page_read(a, root, &url, &page);
		page_write(&page, PAGE_WHOLE, &w);
	}
	return 0;
}
