#include "console/form.h"
#include "console/limits.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct json_reader *reader = json_reader_new(BODY_LEN_MAX);
	struct slice disposition, reason;
	const struct form_field fields[] = {
		{"disposition", 32, &disposition}, {"reason", NOTE_LEN_MAX, &reason}};
	struct form_fault fault = {0};

	if (form_read(reader, slice_over(data, len), fields, 2, &fault))
		must(disposition.len <= 32 && slice_trim(reason).len > 0);
	else
		must(fault.error);
	json_reader_free(&reader);
	return 0;
}
