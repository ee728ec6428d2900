/* An alert, as the correlator writes it, the courier sends it and the console shows it: one JSON
 * object. Its id is a function of rule, group and causing event, so that writing it twice is
 * harmless; together with the revision it is the idempotency key of every delivery.
 *
 *   alert_id      "al-" and 24 hex digits                revision   1, 2, …
 *   timestamp     when it was raised (RFC 3339)          first_seen, last_seen   of its events
 *   rule          {id, title, title_vi, author, license, level, status, file, tags[]}
 *   attack        ["T1046", …]                           domain     network | information | bridge
 *   group         {field: value, …}                      entity     what it is about, one line
 *   count         events (or distinct values) counted    threshold, timespan_s
 *   explanation   {vi, en}                               advice     {vi, en}: what to do first
 *   owner         agency id or ""
 *   events        up to ALERT_EVENTS_MAX matched events: only the fields named by the rule and
 *                 the identifying ones (event_id, timestamp, event_type, flow_id, url …)
 *   revised_for   why this revision is there: "" (the first), count, level
 *   matched       {field: value, …}: what of the newest event the rule looked at
 *   notify        [{id, vi, en}, …]: the offices that need to know, the owner first
 *   standing      {change, at, state, disposition, reason, incident, incident_at}: what analysts
 *                 made of it (see below); only from the console
 *   notice        {id, kind, due, vi, en}: why it is sent once more; only from the courier
 *
 * Texts are borrowed from the JSON reader the alert was read through; JSON members live in the arena
 * given. Members not named here are skipped. */
#pragma once

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_read.h"
#include "lib/json_write.h"

enum {
	ALERT_EVENTS_MAX = 10,
	ALERT_ID_LEN = 27,
	ALERT_TAGS_MAX = 32,
	ALERT_JSON_MAX = 256 * 1024,
	ALERT_NOTICE_ID_MAX = 24,
	ALERT_NOTIFY_MAX = 8
};

enum alert_level { ALERT_INFORMATIONAL, ALERT_LOW, ALERT_MEDIUM, ALERT_HIGH, ALERT_CRITICAL };
enum alert_domain { ALERT_NETWORK, ALERT_INFORMATION, ALERT_BRIDGE };

struct alert_rule {
	struct slice id, title, title_vi, author, license, status, file;
	enum alert_level level;
	struct slice tags[ALERT_TAGS_MAX];
	size_t tag_count;
};

/* What analysts made of an alert. Each change of an alert has the next number, so that alert id,
 * revision and change together are one state of it. */
struct alert_standing {
	uint64_t change; /* 1, 2, …; 0: the alert as the correlator raised it */
	int64_t at_us;
	struct slice state;       /* "new" (reopened), "acknowledged", "closed" */
	struct slice disposition; /* of a closed one; "false_positive": the alert was wrong */
	struct slice reason;
	struct slice incident; /* "": none; "at_once", "serious", "ordinary" */
	int64_t incident_us;   /* since when it is one */
};

#define ALERT_FALSE_POSITIVE    "false_positive"
#define ALERT_NOTICE_ESCALATION "escalation"
#define ALERT_NOTICE_REMINDER   "reminder"

/* Why an alert is sent once more, to people who wait for somebody to act. */
struct alert_notice {
	struct slice id;   /* of letters, digits, '-'; one alert has no two of the same */
	struct slice kind; /* "" for none; "escalation", "reminder" */
	int64_t due_us;    /* reminder: when the clock ends */
	struct slice vi, en;
};

struct alert {
	struct slice alert_id;
	uint64_t revision;
	int64_t timestamp_us, first_seen_us, last_seen_us; /* UTC */
	struct alert_rule rule;
	struct slice attack[ALERT_TAGS_MAX];
	size_t attack_count;
	enum alert_domain domain;
	struct slice group; /* a JSON object */
	struct slice entity;
	uint64_t count, threshold, timespan_s;
	struct slice explanation_vi, explanation_en;
	struct slice advice_vi, advice_en;
	struct slice owner;
	struct slice events; /* a JSON array */
	struct slice revised_for;
	struct slice matched; /* a JSON object */
	struct slice notify;  /* a JSON array */
	struct alert_standing standing;
	struct alert_notice notice;
};

const char *alert_level_name(enum alert_level level);    /* "high", as Sigma says it */
const char *alert_level_name_vi(enum alert_level level); /* "cao" */
bool alert_level_read(struct slice name, enum alert_level *ret);
const char *alert_domain_name(enum alert_domain domain);

/* ret: "al-" + 24 hex digits of SHA-256 over the three, NUL-terminated. */
void alert_id_make(struct slice rule_id, struct slice group, struct slice event_id,
	char ret[ALERT_ID_LEN + 1]);

void alert_write(const struct alert *alert, struct json_writer *w);

/* An alert's JSON once more with a standing, a notice or both in it (NULL: none); it must not have
 * one of those given yet. All else stays as it is. */
void alert_amend(struct slice json, const struct alert_standing *standing,
	const struct alert_notice *notice, struct buf *out);
bool alert_read(struct json_value json, struct arena *a, struct alert *ret, struct err *err);
