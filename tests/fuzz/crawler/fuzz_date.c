#include "crawler/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct date d;
	char text[DATE_TEXT_MAX];

	if (date_find(slice_over(bytes, len), &d)) {
		date_write(&d, text);
		date_us(&d, 420);
	}
	return 0;
}
