/* What is read can be copied, and the copy says the same. */
#include "lib/buf.h"
#include "lib/json_read.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct json_reader *r = json_reader_new(1 << 16);
	struct json_value root;
	struct buf first = {0}, second = {0};
	struct err err = {0};

	if (json_read(r, slice_over(data, len), &root, &err)) {
		json_copy(root, &first);
		must(json_read(r, buf_slice(&first), &root, &err) || first.len > 1 << 16);
		json_copy(root, &second);
		must(slice_equal(buf_slice(&first), buf_slice(&second)) || first.len > 1 << 16);
	}
	buf_release(&first);
	buf_release(&second);
	json_reader_free(&r);
	return 0;
}
