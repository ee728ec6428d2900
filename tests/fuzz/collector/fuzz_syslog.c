#include "collector/mapping.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct mapping *mapping; /* as a service has it: read once */
	const struct syslog_now now = {INT64_C(1795392000000000), INT64_C(7) * 3600};
	struct slice rest = slice_over(bytes, len), line;
	CLEANUP(buf_release) struct buf out = {0};
	struct syslog_message message;
	struct err err = {0};
	struct networks *home = networks_new(NULL, 0, &err);
	struct mapped *into = mapped_new("fuzz", home);

	if (!mapping)
		mapping = mapping_read("rules/syslog.yaml", &err);
	while (syslog_frame_cut(&rest, 4096, &line) == FRAME_WHOLE)
		if (syslog_read(line, &now, &message) && mapping &&
			mapping_apply(mapping, &message, now.wall_us, into) == MAP_DONE)
			mapped_write(into, (struct event_id){0}, &out);
	mapped_free(&into);
	networks_free(&home);
	return 0;
}
