#include "correlator/pattern.h"
#include "correlator/regex.h"
#include "correlator/regex_text.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* An expression and a text of ASCII, with a line feed between them: a text that matches holds one of
 * those that every match is said to hold, in either case. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(regex_set_free) struct regex_set *set = regex_set_new();
	struct slice text = slice_over(data, len > 2048 ? 2048 : len), value = {0};
	struct slice texts[REGEX_TEXTS_MAX];
	bool held = false;

	(void)slice_cut(&text, '\n', &value);
	size_t count = regex_texts(a, value, texts);
	struct regex *re =
		text_is_utf8(value) && text_is_utf8(text) ? regex_add(set, value, 0) : NULL;
	struct slice folded = pattern_fold(a, text);
	for (size_t i = 0; i < count; i++)
		held |= slice_find(folded, pattern_fold(a, texts[i])) < folded.len;
	for (size_t i = 0; i < text.len; i++)
		held |= (uint8_t)text.at[i] >= 0x80;
	must(!re || count == 0 || !regex_finds(re, text) || held);
	return 0;
}
