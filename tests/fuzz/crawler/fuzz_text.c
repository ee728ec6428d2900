#include "crawler/phrases.h"
#include "crawler/story.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct phrases *p = phrases_new();
	struct err err = {0};
	struct story_signature signature;

	phrases_add(p, SLICE("vỡ đập"), PHRASE_EXACT | PHRASE_FOLDED, 0);
	phrases_add(p, SLICE("hoà"), PHRASE_EXACT | PHRASE_FOLDED, 1);
	if (!phrases_ready(p, &err))
		__builtin_trap();
	const struct phrase_text *t = phrase_text_read(
		a, slice_over(bytes, len / 4), slice_over(bytes + len / 4, len - len / 4));
	phrases_find(p, a, t);
	story_sign(t->folded, &signature);
	phrases_free(&p);
	return 0;
}
