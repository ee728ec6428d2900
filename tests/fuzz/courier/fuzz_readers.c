#include "courier/readers.h"
#include "lib/must.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* An Authorization header, a line end, a file of readers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = slice_over(data, len), authorization;
	struct readers readers;
	struct err err = {0};

	if (slice_cut(&rest, '\n', &authorization) && readers_read("file", rest, &readers, &err))
		must(!readers_admit(&readers, authorization) ||
			authorization.len > strlen("Basic"));
	return 0;
}
