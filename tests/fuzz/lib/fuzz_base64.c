#include "lib/digest.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t bytes[1024];
	static char text[sizeof(bytes) * 2];
	size_t got;

	if (!digest_from_base64(slice_over(data, len), bytes, sizeof(bytes), &got))
		return 0;
	digest_base64(bytes, got, text);
	must(slice_is(slice_over(data, len), text));
	return 0;
}
