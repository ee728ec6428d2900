#include "ctl/terminal.h"
#include "lib/mem.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(buf_release) struct buf text = {0}, json = {0};

	terminal_add(&text, slice_over(data, len));
	terminal_add_json(&json, slice_over(data, len));
	for (size_t i = 0; i < text.len; i++)
		must((unsigned char)text.at[i] >= 0x20 && text.at[i] != 0x7f);
	for (size_t i = 0; i < json.len; i++)
		must((unsigned char)json.at[i] >= 0x20 && json.at[i] != 0x7f);
	return 0;
}
