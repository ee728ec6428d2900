#include "crawler/charset.h"
#include "lib/mem.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct charset_set *set = charset_set_new();
	struct charset_text t = charset_decode(set, a, slice_over(bytes, len), (struct slice){0});

	if (!text_is_utf8(t.text))
		__builtin_trap();
	charset_set_free(&set);
	return 0;
}
