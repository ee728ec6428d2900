/* The list of mutes as it comes from Redis: read, written and read again, and asked for an alert. */
#include "event/mute.h"
#include "lib/mem.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mute_list_free) struct mute_list *list = NULL, *again = NULL;
	CLEANUP(buf_release) struct buf text = {0};
	struct alert alert = {
		.group = SLICE("{\"src_ip\":\"10.1.2.3\",\"dns.domain\":\"a.example\"}"),
		.events = SLICE("[]")};
	struct err err = {0};

	list = mute_list_read(slice_over(data, size), &err);
	if (!list)
		return 0;
	(void)mute_list_find(list, &alert, 0);
	mute_list_write(list, &text);
	again = mute_list_read(buf_slice(&text), &err);
	must(again && again->count == list->count);
	return 0;
}
