#include "courier/audit.h"

#include "courier/limits.h"
#include "event/streams.h"
#include "lib/arena.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdio.h>

int audit_write(struct redis *r, const struct clock *clock, const struct audit_row *row)
{
	char limit[24], at[TIME_TEXT_LEN + 1];
	struct redis_reply *reply;

	(void)snprintf(limit, sizeof(limit), "%d", AUDIT_ROWS_MAX);
	time_write(clock_wall_us(clock), at);
	const struct slice args[] = {SLICE("XADD"), SLICE(COURIER_AUDIT), SLICE("MAXLEN"),
		SLICE("~"), slice_of(limit), SLICE("*"), SLICE("at"), slice_of(at), SLICE("what"),
		slice_of(row->what), SLICE("target"), slice_of(row->target), SLICE("id"),
		slice_of(row->id), SLICE("reason"), slice_of(row->reason)};
	int err = redis_call(r, SLICE(COURIER_AUDIT), args, sizeof(args) / sizeof(args[0]), &reply);

	if (err)
		return err;
	bool written = redis_reply_kind(reply) == REDIS_TEXT;

	redis_reply_free(&reply);
	return written ? 0 : -ENOSPC;
}

void audit_refusal(const struct courier_config *config, const char *said)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct redis_options options;
	struct err err = {0};

	if (!settings_redis(&config->shared, a, &options, &err) || !options.address ||
		!options.address[0])
		return;
	CLEANUP(redis_free) struct redis *r = redis_new(&options, clock_system());
	int ignored = audit_write(
		r, clock_system(), &(struct audit_row){"route_refused", "", config->routes, said});

	(void)ignored; /* the refusal itself stands on stderr and in the journal */
}
