#include "correlator/duration.h"

#include "correlator/limits.h"

bool duration_read(struct slice text, int64_t *ret_us)
{
	uint64_t count, seconds;

	if (text.len < 2 || !slice_to_u64(slice_over(text.at, text.len - 1), &count) ||
		count > CORRELATION_TIMESPAN_MAX_S)
		return false;
	switch (text.at[text.len - 1]) {
	case 's': seconds = count; break;
	case 'm': seconds = count * 60; break;
	case 'h': seconds = count * 3600; break;
	case 'd': seconds = count * 86400; break;
	default: return false;
	}
	*ret_us = (int64_t)seconds * 1000000;
	return seconds <= CORRELATION_TIMESPAN_MAX_S;
}
