#include "crawler/robots.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct robots *r = robots_read(slice_over(bytes, len), SLICE("haidang"));

	robots_allows(r, SLICE("/tin-tuc/a.html?x=%C4%91"));
	robots_delay_s(r);
	robots_free(&r);
	return 0;
}
