#include "lib/clock.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[TIME_TEXT_LEN + 1];
	int64_t us, again;

	if (!time_read(slice_over(data, len), &us))
		return 0;
	time_write(us, text);
	must(time_read(slice_of(text), &again));
	/* A zone can move a time of the first or last year out of the four digits. */
	must(again == us || slice_starts(slice_of(text), SLICE("0000-01-01T")) ||
		slice_starts(slice_of(text), SLICE("9999-12-31T")));
	return 0;
}
