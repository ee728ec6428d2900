/* Mutes: alerts that somebody decided not to see for a while, each with an owner, a reason and an
 * end. The list is one JSON document in Redis, which every worker looks at each second and the
 * command `haidang mutes` changes by comparing and setting.
 *
 *     struct mute_list *list = mute_list_read(json, &err);
 *     const struct mute *m = mute_list_find(list, &alert, now_us);
 *     mute_list_free(&list);
 *
 * An alert is muted when all that a mute names fits it. Critical alerts, and those of rules with
 * the tag haidang.legal-clock, only by a mute that says so. One thread. */
#pragma once

#include "event/alert.h"
#include "lib/address.h"

enum {
	MUTES_MAX = 500,
	MUTE_TEXT_MAX = 500,
	MUTE_REASON_MIN = 10,
	MUTE_DAYS_MAX = 90,
	MUTE_PREFIX_MIN = 8,
	MUTE_LIST_LEN_MAX = 1 << 20,
};

#define MUTE_LEGAL_CLOCK_TAG "haidang.legal-clock"

struct mute {
	struct slice id, owner, reason;
	int64_t created_us, expires_us;
	bool critical;       /* mutes critical alerts too */
	struct slice rule;   /* id, or the file's name without its end */
	struct slice entity; /* as the alert says it */
	struct slice network;
	struct networks *addresses; /* of .network */
	struct slice domain;        /* a host of the group is it or below it */
	struct slice agency;        /* the alert's owner */
};

struct mute_list {
	struct arena *arena;
	struct json_reader *reader;
	struct mute at[MUTES_MAX];
	size_t count;
};

struct mute_list *mute_list_new(void);
void mute_list_free(struct mute_list **list);

/* "" is an empty list. NULL with `err` set. */
struct mute_list *mute_list_read(struct slice json, struct err *err);
void mute_list_write(const struct mute_list *list, struct buf *out);

/* Copies the texts; false with `err` set when it may not be: see the bounds above. */
bool mute_list_add(
	struct mute_list *list, const struct mute *mute, int64_t now_us, struct err *err);
bool mute_list_remove(struct mute_list *list, struct slice id);
void mute_list_expire(struct mute_list *list, int64_t now_us);

/* The first one that fits and has not ended, or NULL. */
const struct mute *mute_list_find(
	struct mute_list *list, const struct alert *alert, int64_t now_us);
