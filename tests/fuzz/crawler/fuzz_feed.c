#include "crawler/feed.h"
#include "crawler/sitemap.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct err err = {0}, map_err = {0};
	struct feed feed;
	struct sitemap map;

	struct url base;

	url_parse(a, SLICE("https://h.vn/a/b"), NULL, &base);
	feed_read(a, slice_over(bytes, len), &(struct feed_options){.base = &base}, &feed, &err);
	feed_write(&feed, "utf-8", NULL, &w);
	sitemap_read(a, slice_over(bytes, len), &map, &map_err);
	return 0;
}
