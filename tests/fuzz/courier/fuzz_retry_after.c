#include "courier/answer.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int64_t ms = answer_retry_after_ms(slice_over(data, len), INT64_C(1764000000000000));

	must(ms >= 0 && ms <= RETRY_AFTER_MAX_MS);
	return 0;
}
