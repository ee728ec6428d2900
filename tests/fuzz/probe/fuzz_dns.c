#include "tests/fuzz/probe/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf said = {0}, scratch = {0};
	const struct proto_sink sink = feed_sink(&said);

	(void)dns_read(slice_over(data, len), &scratch, &sink);
	buf_release(&said);
	buf_release(&scratch);
	return 0;
}
