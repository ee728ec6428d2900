#include "console/target.h"
#include "lib/must.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new();
	struct target target;

	if (target_read(a, slice_over(data, len), &target)) {
		must(text_is_utf8(target.path) && target.count <= PARAMS_MAX);
		for (size_t i = 0; i < target.count; i++)
			must(target.params[i].value.len <= PARAM_LEN_MAX);
	}
	arena_free(&a);
	return 0;
}
