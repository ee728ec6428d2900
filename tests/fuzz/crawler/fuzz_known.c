#include "crawler/known.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct known_facts facts;
	uint8_t record[KNOWN_RECORD_LEN];

	if (!known_facts_read(slice_over(bytes, len), &facts))
		return 0;
	known_facts_write(&facts, record);
	must(slice_equal(slice_over(bytes, len), slice_over(record, sizeof record)));
	return 0;
}
