/* The alerts in the record: their arrival, the queue, and what analysts do with them.
 *
 * Every function stands between db_begin() and db_end(). Who may see which alert is decided here,
 * in the queries, by a mask of domains: an alert that a person may not see does not exist for
 * them. Bridge alerts are seen by both sides. */
#pragma once

#include "event/alert.h"
#include "lib/db.h"

enum alert_state { ALERT_NEW, ALERT_ACKNOWLEDGED, ALERT_CLOSED, ALERT_STATE_COUNT };

enum disposition {
	DISPOSITION_NONE,
	DISPOSITION_TRUE_POSITIVE,
	DISPOSITION_FALSE_POSITIVE,
	DISPOSITION_CONFIGURATION,
	DISPOSITION_DRILL,
	DISPOSITION_DUPLICATE,
	DISPOSITION_UNDETERMINED,
	DISPOSITION_COUNT
};

enum { ALERT_LEVEL_COUNT = ALERT_CRITICAL + 1 };

const char *alert_state_name(enum alert_state state);
bool alert_state_read(struct slice name, enum alert_state *ret);
const char *disposition_name(enum disposition disposition); /* "" for none */
bool disposition_read(struct slice name, enum disposition *ret);
bool alert_domain_read(struct slice name, enum alert_domain *ret);

/* Bits 1 << domain; bridge alerts come with either side. */
unsigned alerts_visible(bool network, bool information);

/* Stores an alert or a higher revision of one; the same again changes nothing. Says whether
 * anything changed. `body` is the alert as JSON. */
bool alerts_put(struct db *db, const struct alert *alert, struct slice body, int64_t now_us);

struct alert_filter {
	unsigned visible;    /* domains of the asker */
	unsigned domains;    /* 1 << domain; 0: all */
	unsigned states;     /* 1 << state; 0: all */
	unsigned levels;     /* 1 << level; 0: all */
	struct slice search; /* words; "" for none */
	int64_t before;      /* only alerts with a smaller seq; 0: from the newest */
	int64_t limit;
};

/* Writes an array of summaries, newest first. */
void alerts_list(struct db *db, const struct alert_filter *filter, struct json_writer *w);

/* The summaries changed after `change`, oldest change first, each with the number of its change. */
struct alerts_since {
	unsigned visible;
	int64_t change;
	int64_t limit;
};

typedef void alerts_each_fn(void *ctx, int64_t change, struct slice json);
void alerts_changed(
	struct db *db, const struct alerts_since *since, alerts_each_fn *each, void *ctx);
int64_t alerts_last_change(struct db *db);

/* Writes {"summary", "alert", "history"}; false when there is no such alert for the asker. */
bool alerts_detail(struct db *db, unsigned visible, struct slice alert_id, struct json_writer *w);

/* Writes {"levels_24h": {level: count}, "open": {state: count}}. */
void alerts_counts(struct db *db, unsigned visible, int64_t now_us, struct json_writer *w);

enum alert_act { ACT_ACKNOWLEDGE, ACT_COMMENT, ACT_INCIDENT, ACT_CLOSE, ACT_REOPEN, ACT_COUNT };

/* How grave an incident is by law, which decides the clocks (NĐ 331/2026 Đ31.2.d). */
bool incident_read(struct slice name);

struct alert_action {
	enum alert_act act;
	unsigned visible;
	struct slice alert_id, actor, address;
	struct slice note;            /* comment or reason */
	enum disposition disposition; /* of ACT_CLOSE */
	struct slice incident;        /* of ACT_INCIDENT */
	int64_t now_us;
};

enum acted { ACTED, ACTED_NO_SUCH, ACTED_WRONG_STATE };

/* Changes the state, writes the audit entry, and puts what receivers are to know into the outbox. */
enum acted alerts_act(struct db *db, const struct alert_action *action);
const char *alert_act_name(enum alert_act act);
bool alert_act_read(struct slice name, enum alert_act *ret);
