#include "crawler/url.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice text = slice_over(bytes, len), base_text = {0};
	struct url base, url, again;

	slice_cut(&text, 0x20, &base_text);
	bool based = url_parse(a, base_text, NULL, &base);
	if (url_parse(a, text, based ? &base : NULL, &url)) {
		url_identity(a, &url);
		if (url.href.len <= URL_LEN_MAX &&
			(!url_parse(a, url.href, NULL, &again) ||
				!slice_equal(again.href, url.href)))
			__builtin_trap();
	}
	return 0;
}
