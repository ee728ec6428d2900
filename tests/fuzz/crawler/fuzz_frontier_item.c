#include "crawler/frontier.h"
#include "lib/mem.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What is read can be written, and is read again as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(buf_release) struct buf once = {0}, twice = {0};
	struct frontier_item item;

	if (!frontier_item_read(slice_over(bytes, len), &item))
		return 0;
	frontier_item_write(&item, &once);
	must(frontier_item_read(buf_slice(&once), &item));
	frontier_item_write(&item, &twice);
	must(slice_equal(buf_slice(&once), buf_slice(&twice)));
	return 0;
}
