#include "correlator/window.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct window_spec spec = {
		.kind = len % 4, .timespan_us = 60000000, .places = 3, .range = {3, UINT64_MAX}};
	const struct hit hit = {.stream = 1, .id = {5, 5}, .time_us = 1, .sample = SLICE("{}")};
	CLEANUP(window_release) struct window w = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct window_verdict verdict;

	(void)window_read(&w, &spec, slice_over(data, len));
	(void)window_apply(&w, &spec, &hit, &verdict);
	window_write(&w, &spec, 1, &out);
	return 0;
}
