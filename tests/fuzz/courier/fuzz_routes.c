#include "courier/routes.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	char name[] = "soc";
	struct target_config target = {.name = name};
	int fd = memfd_create("routes", 0);
	struct courier_config config = {
		.targets = {&target, 1}, .routes = arena_printf(a, "/proc/self/fd/%d", fd)};
	struct err err = {0};
	bool refused;

	must(write(fd, data, len) == (ssize_t)len);
	const struct routes *routes = routes_read(a, &config, &refused, &err);

	if (routes)
		(void)routes_want(routes, 0, &(struct alert){.timestamp_us = 1});
	(void)close(fd);
	return 0;
}
