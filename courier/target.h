/* A way to send alerts: one struct of functions per kind, a file each.
 *
 *     void *sender = kind->open(&place);
 *     kind->send(sender, &parcel);                     (starts; does not wait)
 *     kind->wait(sender, 50, on_answer, ctx);          (progress; calls on_answer per parcel)
 *     kind->close(&sender);
 *
 * A sender belongs to one thread. What `place` points to is used until close(), what a parcel points
 * to only during send(). */
#pragma once

#include "courier/answer.h"
#include "courier/config.h"
#include "courier/limits.h"
#include "event/alert.h"
#include "lib/clock.h"

struct target_place {
	const struct target_config *config;
	const char *source; /* CloudEvents source */
	const struct clock *clock;
};

enum parcel_purpose { PARCEL_ALERT, PARCEL_TEST };

/* One alert on its way. `key` is stable: the same alert and revision always bear the same. */
struct parcel {
	const char *key;
	struct slice alert; /* JSON */
	enum parcel_purpose purpose;
	uint64_t revision;
	int64_t timestamp_us;
	struct slice entity;
	void *token; /* the sender of the parcel knows it by this */
};

typedef void target_on_answer(void *ctx, void *token, const struct answer *answer);

struct target_kind {
	/* Whether the configuration holds all this kind needs, files included. */
	bool (*check)(const struct target_config *config, struct err *err);
	/* NULL with an error when secrets or the like cannot be read. */
	void *(*open)(const struct target_place *place, struct err *err);
	void (*close)(void **sender);
	void (*send)(void *sender, const struct parcel *parcel);
	void (*wait)(void *sender, int64_t timeout_ms, target_on_answer *fn, void *ctx);
};

extern const char *const target_kind_names[]; /* as configured; NULL-terminated */
extern const struct target_kind *const target_kinds[];
