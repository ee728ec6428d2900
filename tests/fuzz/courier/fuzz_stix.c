#include "courier/cef.h"
#include "courier/parcel.h"
#include "courier/stix.h"
#include "courier/syslog_message.h"
#include "lib/mem.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(parcel_reader_free) struct parcel_reader *reader = parcel_reader_new();
	CLEANUP(json_reader_free) struct json_reader *json = json_reader_new(ALERT_JSON_MAX);
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf bundle = {0};
	CLEANUP(buf_release) struct buf message = {0};
	struct json_value root;
	struct observed seen;
	struct parcel parcel;
	struct err err = {0};

	if (!parcel_read(reader, slice_over(data, len), &parcel, &err))
		return 0;
	observed_read(json, a, parcel.alert, &seen);
	stix_bundle(&parcel, &seen, "/haidang", &bundle);
	must(json_read(json, buf_slice(&bundle), &root, &err));
	syslog_write(&(struct syslog_origin){.host = "h"}, &parcel, &seen, &message);
	must(message.len <= SYSLOG_LEN_MAX &&
		slice_find_byte(buf_slice(&message), '\n') == message.len);
	cef_write(&parcel, &seen, &message);
	return 0;
}
