#include "crawler/mask.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice once = mask_personal(a, slice_over(bytes, len));

	mask_personal(a, once);
	mask_len(once);
	mask_address(a, slice_over(bytes, len));
	return 0;
}
