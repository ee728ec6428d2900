#include "lib/must.h"
#include "probe/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	for (int link = LINK_ETHERNET; link <= LINK_UNKNOWN; link++) {
		struct frame frame = {
			.bytes = data, .captured = (uint32_t)len, .wire = (uint32_t)len};
		struct packet p;

		if (decode((enum link)link, &frame, &p) != DECODE_OK)
			continue;
		must(p.l3 >= data && p.l3 + p.l3_len <= data + len);
		if (p.payload.len > 0)
			must((const uint8_t *)p.payload.at + p.payload.len <= data + len);
	}
	return 0;
}
