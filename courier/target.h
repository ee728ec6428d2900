/* A way for alerts to leave: one struct of functions per kind, a file each.
 *
 *     void *sender = kind->open(&place, &err);
 *     kind->send(sender, &parcel);                     (starts; does not wait)
 *     kind->wait(sender, 50, on_answer, ctx);          (progress; calls on_answer per parcel)
 *     kind->close(&sender);
 *
 * Two sorts share it. A kind that *sends* (webhook, syslog, mail) answers a parcel when the receiver
 * did. A kind that *publishes* (TAXII, Atom, file) takes a parcel into a store of its own below
 * place->state_dir and answers VERDICT_DELIVERED once it is durable there (one fsync or commit in
 * wait() for all parcels sent since), a second parcel of the same key changing nothing; its server
 * is opened by open(), ended by close(), and runs in threads of its own or in wait(), which is
 * called at least every 200 ms.
 *
 * Every parcel sent is answered exactly once, unless the sender is closed before: what was not
 * answered comes again, under the same key. A sender belongs to one thread. What `place` points to
 * is used until close(), what a parcel points to only during send(). */
#pragma once

#include "courier/answer.h"
#include "courier/config.h"
#include "courier/limits.h"
#include "event/alert.h"
#include "lib/clock.h"

struct target_place {
	const struct target_config *config;
	const char *source;    /* URI of this appliance: CloudEvents source and the like */
	const char *state_dir; /* files of a target: STATE_DIR/courier-NAME.… */
	const char *console;   /* URL of the console for links to alerts; "" for none */
	const struct clock *clock;
	bool trial; /* by `haidang courier test`, perhaps beside a running courier that has the
		       target's port and files: disturb neither */
};

enum parcel_purpose {
	PARCEL_ALERT,      /* raised, or a later revision of it (alert->revision > 1) */
	PARCEL_STATE,      /* an analyst acknowledged, closed or reopened it: alert->standing */
	PARCEL_RETRACTION, /* closed as a false positive: the alert was wrong; alert->standing */
	PARCEL_ESCALATION, /* nobody acknowledged it in time: alert->notice */
	PARCEL_REMINDER,   /* a legal clock of an incident ends soon: alert->notice */
	PARCEL_TEST,       /* of the connection; nothing happened */
	PARCEL_PURPOSE_COUNT
};

/* One message on its way. `key` is stable: the same alert in the same state always bears the same,
 * and nothing else does. It has letters, digits and '-' only, below ITEM_KEY_MAX bytes:
 *
 *     al-…-2          second revision of an alert        al-…-2-s3   … after its third change
 *     al-…-2-s3-n24h  … a notice about it */
struct parcel {
	const char *key;
	enum parcel_purpose purpose;
	const struct alert *alert; /* as read from `json` */
	struct slice json;         /* the whole alert, with standing and notice if it has them */
	void *token;               /* the sender of the parcel knows it by this */
};

const char *parcel_purpose_name(enum parcel_purpose purpose); /* "alert", "state", … */

typedef void target_on_answer(void *ctx, void *token, const struct answer *answer);

struct target_kind {
	const char *name; /* as configured */
	/* The settings it understands beside those of every target (config.c); NULL-terminated. Any
	 * other that is set is refused before check() is called. */
	const char *const *settings;
	/* Whether the configuration holds all this kind needs, files included. */
	bool (*check)(const struct target_config *config, struct err *err);
	/* NULL with an error when secrets cannot be read, an address not be listened on … */
	void *(*open)(const struct target_place *place, struct err *err);
	void (*close)(void **sender);
	void (*send)(void *sender, const struct parcel *parcel);
	/* Waits at most `timeout_ms` for an answer to come; called with 0, as a chance to do what is
	 * due, when none is awaited. */
	void (*wait)(void *sender, int64_t timeout_ms, target_on_answer *fn, void *ctx);
	/* What fails at present though parcels are answered (a digest that cannot be mailed, a
	 * server without a port); "" for nothing. May be NULL; called by the sender's thread. */
	const char *(*trouble)(void *sender);
};

/* The kinds; target_kind_names, NULL-terminated, in the same order. */
extern const char *const target_kind_names[];
extern const struct target_kind *const target_kinds[];
