#include "courier/taxii.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* An Accept header, a line end, the target of a request. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct request_target_limits limits = {PUBLISH_TARGET_MAX, PUBLISH_PARAM_MAX};
	struct slice rest = slice_over(data, len), accept;
	struct arena *a = arena_new();
	struct request_target target;
	struct shelf_question q;
	const char *wrong;

	if (slice_cut(&rest, '\n', &accept))
		(void)taxii_is_acceptable(accept);
	if (request_target_read(a, rest, &limits, &target)) {
		(void)taxii_path_read(target.path);
		if (taxii_question_read(&target, &q, &wrong))
			must(q.limit >= 1 && q.limit <= PUBLISH_PAGE_MAX);
	}
	arena_free(&a);
	return 0;
}
