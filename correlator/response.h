/* What a rule says about its alerts beyond their words: who is told, when they become graver, and
 * which other rules fall silent. From the keys under `haidang:` of a rule:
 *
 *     notify: [ioc, xaphuong]                             agencies told beside the owner
 *     raise: {critical: 500}                              graver from so many events on
 *     raise: {critical: {found: {http.status: 200}, condition: found}}    graver with such an event
 *     inhibits: {rules: [port_scan], same: src_ip, for: 1h}
 *
 * All of it lives in the arena of the rule set. */
#pragma once

#include "correlator/detection.h"
#include "correlator/limits.h"
#include "event/alert.h"

struct escalation {
	enum alert_level level;
	uint64_t count;    /* 0: by event */
	struct expr *when; /* NULL: by count */
};

/* While this rule's alert is young, the rules named raise none of a group in which the field
 * `same` has the same value, unless theirs is graver. */
struct inhibition {
	struct slice rules[INHIBITED_RULES_MAX]; /* ids or names */
	size_t rule_count;
	struct slice same;
	int64_t for_us;
};

struct response {
	struct slice notify[ALERT_NOTIFY_MAX];
	size_t notify_count;
	struct escalation escalations[ESCALATIONS_MAX];
	size_t escalation_count;
	struct inhibition inhibition;
};

/* `extras` is the rule's haidang: map, or NULL. */
bool response_read(
	struct detection_source *s, const struct yaml_node *extras, struct response *ret);

/* The level of an alert of so many events, and of one with this event. */
enum alert_level response_level_of_count(
	const struct response *r, enum alert_level level, uint64_t count);
enum alert_level response_level_of_event(
	const struct response *r, enum alert_level level, struct view *v);
