#include "crawler/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct date d;
	char text[DATE_TEXT_MAX];

	if (date_find_ago(slice_over(bytes, len), INT64_C(1795392300000000), &d))
		date_write(&d, text);
	if (date_find(slice_over(bytes, len), &d)) {
		date_write(&d, text);
		date_us(&d, 420);
	}
	return 0;
}
