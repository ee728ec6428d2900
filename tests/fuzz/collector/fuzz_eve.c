#include "collector/eve_take.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static char word[] = "all", ten[] = "10.0.0.0/8";
	static char *texts[] = {word}, *ours[] = {ten};
	const struct config_texts types = {texts, 1};
	struct err err = {0};
	struct networks *home = networks_new(ours, 1, &err);
	const struct eve_taker_options options = {"fuzz", &types, home};
	struct eve_taker *t = eve_taker_new(&options);
	CLEANUP(buf_release) struct buf out = {0};

	if (eve_take(t, slice_over(bytes, len)) == EVE_TAKEN)
		(void)eve_write(t, (struct event_id){0}, &out);
	eve_taker_free(&t);
	networks_free(&home);
	return 0;
}
