#include "correlator/pattern.h"
#include "lib/mem.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The pattern and the text, with a line feed between them. A pattern matches itself when it holds
 * no wildcard. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice text = slice_over(data, len > 4096 ? 4096 : len), value = {0};

	(void)slice_cut(&text, '\n', &value);
	struct pattern p = pattern_read(a, value);
	bool literal = !pattern_has_wildcards(&p);
	struct slice itself = p.text;
	pattern_classify(&p);
	must(!literal || pattern_matches(&p, itself));
	(void)pattern_matches(&p, text);
	p = pattern_open_start(a, pattern_open_end(a, pattern_lower(a, p)));
	pattern_classify(&p);
	(void)pattern_matches(&p, text);
	return 0;
}
