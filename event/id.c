#include "event/id.h"

enum { MS_WIDTH = 13 };

/* What MS_WIDTH digits can hold: until the year 2286. */
#define MS_MAX UINT64_C(9999999999999)

void event_id_write(struct event_id id, char ret_text[EVENT_ID_LEN + 1])
{
	uint64_t ms = id.ms;
	uint32_t seq = id.seq;

	for (size_t i = MS_WIDTH; i-- > 0; ms /= 10)
		ret_text[i] = (char)('0' + ms % 10);
	ret_text[MS_WIDTH] = '-';
	for (size_t i = EVENT_ID_LEN; i-- > MS_WIDTH + 1; seq /= 10)
		ret_text[i] = (char)('0' + seq % 10);
	ret_text[EVENT_ID_LEN] = '\0';
}

bool event_id_read(struct slice text, struct event_id *ret)
{
	size_t dash = slice_find_byte(text, '-');
	uint64_t ms, seq;

	if (dash == text.len || !slice_to_u64((struct slice){text.at, dash}, &ms) ||
		!slice_to_u64(slice_from(text, dash + 1), &seq) || seq > UINT32_MAX)
		return false;
	*ret = (struct event_id){.ms = ms, .seq = (uint32_t)seq};
	return true;
}

int event_id_compare(struct event_id a, struct event_id b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	return (a.seq > b.seq) - (a.seq < b.seq);
}

struct event_id event_id_next(struct event_id last, int64_t wall_us)
{
	uint64_t now_ms = wall_us > 0 ? (uint64_t)wall_us / 1000 : 0;

	if (now_ms > MS_MAX)
		now_ms = MS_MAX;
	if (now_ms > last.ms)
		return (struct event_id){.ms = now_ms};
	if (last.seq < EVENT_SEQ_MAX - 1)
		return (struct event_id){.ms = last.ms, .seq = last.seq + 1};
	return (struct event_id){.ms = last.ms + 1};
}
