#include "tests/fuzz/probe/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	feed_proto(&tls_proto, data, len);
	return 0;
}
