#include "lib/must.h"
#include "lib/redis_slots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
static void on_slots(void *ctx, const struct redis_slot_range *range)
{
	must(!ctx && range->first <= range->last && range->last < REDIS_SLOTS &&
		*range->master.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct redis_address asked = {.host = "127.0.0.1", .port = "1"}, to;
	struct redis_reader *reader = redis_reader_new();
	struct redis_reply *reply = NULL;

	if (redis_reader_feed(reader, slice_over(data, len)))
		while (redis_reader_next(reader, &reply) && reply) {
			(void)redis_slots_read(reply, &asked, on_slots, NULL);
			(void)redis_turn_read(reply, &asked, &to);
			redis_reply_free(&reply);
		}
	redis_reader_free(&reader);
	return 0;
}
