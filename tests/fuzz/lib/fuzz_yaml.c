#include "lib/mem.h"
#include "lib/must.h"
#include "lib/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf quoted = {0};
	struct slice text = slice_over(data, len);
	struct yaml_documents docs;
	struct err err = {0};

	if (!yaml_read(a, "fuzz", text, &docs, &err))
		must(err_is_set(&err));
	if (yaml_write_text(text, &quoted) && slice_find_byte(text, '\0') == len) {
		struct err none = {0};

		must(yaml_read(a, "quoted", buf_slice(&quoted), &docs, &none));
		must(docs.count == 1 && slice_equal(docs.at[0]->text, text));
	}
	return 0;
}
