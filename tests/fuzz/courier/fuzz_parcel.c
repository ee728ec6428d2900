#include "courier/cloudevent.h"
#include "courier/parcel.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(parcel_reader_free) struct parcel_reader *reader = parcel_reader_new();
	CLEANUP(buf_release) struct buf out = {0};
	struct parcel parcel;
	struct err err = {0};

	if (!parcel_read(reader, slice_over(data, len), &parcel, &err))
		return 0;
	must(strpbrk(parcel.key, ". \r\n") == NULL && strlen(parcel.key) < ITEM_KEY_MAX);
	cloudevent_write(&parcel, "/haidang", &out);
	return 0;
}
