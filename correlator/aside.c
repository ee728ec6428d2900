#include "correlator/aside.h"

#include "correlator/limits.h"
#include "event/streams.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>

#define KEPT_TEXT "1000"

struct aside {
	struct redis *redis;
	size_t queued; /* in this round */
};

struct aside *aside_new(struct redis *redis)
{
	struct aside *a = mem_alloc(sizeof *a);

	a->redis = redis;
	return a;
}

void aside_free(struct aside **a)
{
	mem_free(*a);
	*a = NULL;
}

void aside_add(
	struct aside *a, const struct intake_entry *entry, const char *reason, struct slice event)
{
	const struct slice key = SLICE(REFUSED_STREAM);
	char id[48], len[24];

	if (a->queued == ASIDE_PER_ROUND_MAX)
		return;
	a->queued++;
	(void)snprintf(id, sizeof id, "%" PRIu64 "-%" PRIu32, entry->id.ms, entry->id.seq);
	(void)snprintf(len, sizeof len, "%zu", event.len);
	if (event.len > ASIDE_LEN_MAX)
		event.len = ASIDE_LEN_MAX;

	const struct slice args[] = {SLICE("XADD"), key, SLICE("MAXLEN"), SLICE("~"),
		SLICE(KEPT_TEXT), SLICE("*"), SLICE("stream"), entry->stream, SLICE("entry"),
		slice_of(id), SLICE("reason"), slice_of(reason), SLICE("length"), slice_of(len),
		SLICE("event"), event};

	redis_queue(a->redis, key, args, sizeof args / sizeof *args);
}

int aside_write(struct aside *a)
{
	int said = a->queued > 0 ? redis_flush(a->redis, NULL, NULL) : 0;

	a->queued = 0;
	return said;
}
