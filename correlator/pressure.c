#include "correlator/pressure.h"

static uint64_t field_of(struct slice info, struct slice name)
{
	struct slice line;
	uint64_t value = 0;

	while (slice_cut(&info, '\n', &line))
		if (slice_starts(line, name) &&
			slice_to_u64(slice_trim(slice_from(line, name.len)), &value))
			return value;
	return 0;
}

unsigned pressure_of(struct slice info)
{
	uint64_t max = field_of(info, SLICE("maxmemory:"));
	uint64_t used = field_of(info, SLICE("used_memory:"));

	if (max == 0)
		return 0;
	return used >= max ? 100 : (unsigned)((double)used * 100 / (double)max);
}

static void on_memory(void *ctx, size_t index, const struct redis_reply *reply)
{
	unsigned *highest = ctx;
	unsigned percent = pressure_of(redis_reply_text(reply));

	(void)index;
	if (percent > *highest)
		*highest = percent;
}

int pressure_read(struct redis *r, unsigned *ret_percent)
{
	const struct slice args[] = {SLICE("INFO"), SLICE("memory")};

	*ret_percent = 0;
	return redis_call_each(r, args, 2, on_memory, ret_percent);
}
