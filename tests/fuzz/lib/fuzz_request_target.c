#include "lib/must.h"
#include "lib/request_target.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct request_target_limits limits = {2048, 256};
	struct arena *a = arena_new();
	struct request_target target;

	if (request_target_read(a, slice_over(data, len), &limits, &target)) {
		must(text_is_utf8(target.path) && target.count <= REQUEST_PARAMS_MAX);
		for (size_t i = 0; i < target.count; i++)
			must(target.params[i].value.len <= limits.param_len);
	}
	arena_free(&a);
	return 0;
}
