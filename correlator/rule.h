/* One Sigma document, read and checked: a detection, or a correlation over detections. Everything
 * lives in the arena of the rule set that it belongs to, and nothing changes once that is built. */
#pragma once

#include "correlator/detection.h"
#include "correlator/limits.h"
#include "correlator/logsource.h"
#include "correlator/response.h"
#include "correlator/window.h"
#include "event/alert.h"

/* What a matched event is turned into: one hit per group (and per value) on the window of
 * `target`, which is the rule itself or a correlation that counts it. */
struct feed {
	const struct rule *target;
	unsigned place;                       /* of the rule among those of the correlation */
	size_t group_slots[GROUP_FIELDS_MAX]; /* in the order of target->group_names */
	size_t value_slots
		[GROUP_FIELDS_MAX]; /* value_count: what is counted, more than one as tuple */
	size_t value_count;
	const char **matched; /* paths that the detection looks at */
	size_t matched_count;
	const size_t *shown; /* slots copied into the alert's event, by path */
	size_t shown_count;
	struct feed *onward; /* to correlations that count what the target fires */
	size_t onward_count;
};

/* The texts of an alert, templates with {field} in them; empty: a default is made. */
struct rule_texts {
	struct slice explanation_vi, explanation_en, advice_vi, advice_en, entity, owner;
};

enum rule_kind { RULE_DETECTION, RULE_CORRELATION };
enum rule_alerting { RULE_ALERTS_BY_DEFAULT, RULE_ALERTS, RULE_SILENT };

struct rule {
	enum rule_kind kind;
	struct slice key; /* id, else name, else title: what state and alerts are filed under */
	struct slice id, name;
	const char *path;
	unsigned line;
	struct alert_rule about;
	struct slice attack[ALERT_TAGS_MAX];
	size_t attack_count;
	enum alert_domain domain;
	bool has_domain; /* said, not guessed */
	enum rule_alerting alerting;
	bool alerts; /* what it comes to, with all correlations known */
	struct rule_texts texts;
	struct response response;
	const struct rule *inhibitors[RULE_RELATED_MAX]; /* whose alerts silence this one */
	size_t inhibitor_count;
	struct slice related[RULE_RELATED_MAX]; /* ids; a case of one may raise the other */
	size_t related_count;

	struct expr *detection;  /* RULE_DETECTION */
	struct slice event_type; /* the one it looks at; "" when there are several */
	struct slice lacks; /* the first field that no event has, when it cannot match without */
	struct logsource source;
	size_t source_slot; /* of source.needs_field */
	struct feed *feeds;
	size_t feed_count;

	struct window_spec window;
	struct slice group_names[GROUP_FIELDS_MAX];
	size_t group_count;
	bool groups_by_default; /* a detection that names no fields to group by */
	struct slice show[RULE_SHOW_MAX];
	size_t show_count;

	const struct yaml_node *correlation; /* RULE_CORRELATION: its section */
	struct slice refers[CORRELATION_RULES_MAX];
	unsigned refers_line;
	size_t refers_count;
	struct slice counted[GROUP_FIELDS_MAX]; /* value_count: the fields counted */
	size_t counted_count;
	bool generates;      /* what it refers to raises alerts of its own too */
	struct rule **bases; /* what it refers to */
	unsigned depth;      /* RULE_DETECTION: 0; else one more than the deepest of .bases */
	bool says_suppress;
	bool is_refused; /* after it was read */
};

struct rule_source {
	struct detection_source detection;
	enum view_naming naming;
	int64_t lateness_us;
};

/* NULL with the error of source->detection set. */
struct rule *rule_read(struct rule_source *source, const struct yaml_node *document);
