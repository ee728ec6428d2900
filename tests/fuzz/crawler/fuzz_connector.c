#include "crawler/connector.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct slice text = slice_over(bytes, len);
	struct err err = {0};
	struct feed feed;
	struct url base;

	url_parse(a, SLICE("https://h.vn/a/b"), NULL, &base);
	connector_wordpress(a, text, &base, &feed, &err);
	feed_write(&feed, "utf-8", NULL, &w);
	connector_mastodon(a, text, &base, &feed, &err);
	connector_facebook(a, text, &base, &feed, &err);
	return 0;
}
