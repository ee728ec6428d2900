#include "lib/must.h"
#include "lib/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_over(data, len), rest = text, part;
	size_t seen = 0;
	uint64_t u;
	int64_t i;
	double real;

	if (slice_to_u64(text, &u) && u <= INT64_MAX)
		must(slice_to_i64(text, &i) && (uint64_t)i == u);
	if (slice_to_real(text, &real))
		must(real >= 0 || real <= 0); /* never NaN */
	while (slice_cut(&rest, ',', &part))
		seen += part.len + 1;
	must(seen == len || seen == len + 1);
	return 0;
}
