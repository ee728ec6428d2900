#include "crawler/import_item.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct json_reader *reader = json_reader_new(1 << 20);
	struct import_item item;
	struct json_value root;
	struct err err = {0};

	if (json_read(reader, slice_over(bytes, len), &root, &err))
		(void)import_item_read(a, root, &item, &err);
	json_reader_free(&reader);
	return 0;
}
