/* A spool file of any bytes: opened, read, and written to. */
#include "event/spool.h"
#include "lib/must.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct spool_record one = {.id = {.ms = 1}, .count = 1, .text = SLICE("{}\n")};
	int fd = memfd_create("spool", MFD_CLOEXEC);
	struct buf text = {0};
	struct spool *s;
	char path[32];
	bool damaged;

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	must(spool_open(path, 1 << 16, &s, &damaged) == 0);
	for (struct spool_place p = spool_first(s);
		spool_read(s, &p, &(struct spool_record){0}, &text);)
		buf_clear(&text);
	must(spool_append(s, &one) == 0 || spool_len(s) > 0);
	must(spool_clear(s) == 0 && spool_is_empty(s));
	spool_close(&s);
	buf_release(&text);
	return close(fd);
}
