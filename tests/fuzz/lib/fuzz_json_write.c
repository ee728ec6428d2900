/* Any bytes as a text make JSON that can be read. */
#include "lib/json_read.h"
#include "lib/json_write.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct json_reader *r = json_reader_new(12 * len + 16);
	struct json_value root;
	struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct err err = {0};

	json_begin_object(&w);
	json_key_slice(&w, slice_over(data, len));
	json_text(&w, slice_over(data, len));
	json_end_object(&w);
	must(json_read(r, buf_slice(&out), &root, &err) && json_count(root) == 1);
	buf_release(&out);
	json_reader_free(&r);
	return 0;
}
