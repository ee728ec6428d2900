/* An alert that is read can be written and read again. */
#include "event/alert.h"
#include "lib/mem.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(json_reader_free) struct json_reader *r = json_reader_new(1 << 24);
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct json_value root;
	struct alert alert;
	struct err err = {0};

	if (!json_read(r, slice_over(data, len), &root, &err) || !alert_read(root, a, &alert, &err))
		return 0;
	alert_write(&alert, &w);
	must(json_read(r, buf_slice(&out), &root, &err) && alert_read(root, a, &alert, &err));
	return 0;
}
