#include "crawler/source_state.h"
#include "lib/mem.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct source_state state;

	if (source_state_read(slice_over(bytes, len), &state)) {
		must(pace_interval_ms(&state.pace, 60000, 4) >= 60000);
		must(pace_interval_ms(&state.pace, 60000, 4) <= 240000);
		source_state_write(&state, &out);
	}
	source_state_release(&state);
	return 0;
}
