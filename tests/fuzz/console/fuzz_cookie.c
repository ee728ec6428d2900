#include "console/cookie.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice found = cookie_find(slice_over(data, len), SLICE("haidang"));

	must(slice_find_byte(found, ';') == found.len);
	return 0;
}
