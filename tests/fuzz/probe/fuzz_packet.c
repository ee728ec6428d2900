/* The whole path of packets, nDPI included: frames behind two bytes of length and one of time. */
#include "probe/worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct worker *worker_for_fuzzing(void)
{
	static struct busy busy;
	static struct metrics *volatile metrics; /* volatile: the leak checker must find it */
	struct err err = {0};
	struct worker_options options = {.sensor = "fuzz",
		.memory_len = 1 << 22,
		.timeouts = {5000000, 1000000, 300000000, 30000000, 30000000, 600000000},
		.stats_us = 60000000,
		.home = networks_new(NULL, 0, &err),
		.busy = &busy};

	metrics = metrics_new();
	options.publish = publish_new(
		&(struct publish_options){.kind = "net", .name = "fuzz"}, clock_system(), metrics);
	return worker_new(&options, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct worker *worker;
	struct frame frame = {.time_us = 1000000};

	if (!worker)
		worker = worker_for_fuzzing();
	for (size_t take; len > 3; data += 3 + take, len -= 3 + take) {
		take = (size_t)data[0] << 8 | data[1];
		take = take < len - 3 ? take : len - 3;
		frame.time_us += data[2] * INT64_C(100000);
		frame.bytes = data + 3;
		frame.captured = frame.wire = (uint32_t)take;
		worker_packet(worker, LINK_ETHERNET, &frame);
	}
	worker_finish(worker);
	return 0;
}
