#include "courier/mime.h"
#include "courier/parcel.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(parcel_reader_free) struct parcel_reader *reader = parcel_reader_new();
	CLEANUP(letter_release) struct letter letter = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct parcel parcel;
	struct err err = {0};

	if (!parcel_read(reader, slice_over(data, len), &parcel, &err))
		return 0;
	letter_write(&parcel, "https://console.example", &letter);
	mime_write(&(struct mime_head){.from = "a@b", .id = parcel.key}, &letter, &out);
	for (size_t i = 0; i < out.len; i++) /* no text may end a line */
		must(out.at[i] > 0 && (out.at[i] != '\r' || out.at[i + 1] == '\n'));
	must(!strstr(buf_text(&out), "\r\n.\r\n"));
	return 0;
}
