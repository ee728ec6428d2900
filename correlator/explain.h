/* The words of an alert, in Vietnamese and English: templates with {field} in them, filled from
 * its group and its events, and from {count} {threshold} {timespan} {first_seen} {last_seen}.
 *
 *     struct explain *x = explain_new();
 *     explain_about(x, &facts);
 *     explain_write(x, SLICE("{src_ip} asked {count} names"), EXPLAIN_EN, &out);
 *
 * Times are written in the machine's time zone. One thread. */
#pragma once

#include "correlator/rule.h"

enum explain_language { EXPLAIN_VI, EXPLAIN_EN };

struct explain;

struct explain_facts {
	const struct rule *rule;
	struct slice group;          /* JSON object */
	const struct slice *samples; /* JSON objects, newest last */
	size_t sample_count;
	struct window_verdict verdict;
	bool is_revision; /* its events may span more than the timespan */
};

struct explain *explain_new(void);
void explain_free(struct explain **x);

/* Facts for what follows; borrowed until the next call. */
void explain_about(struct explain *x, const struct explain_facts *facts);
void explain_write(
	struct explain *x, struct slice text, enum explain_language language, struct buf *out);

/* What the alert is about, in one line: the rule's own words or the values of the group. */
void explain_entity(struct explain *x, struct buf *out);

/* The span of time that the count was taken over. */
int64_t explain_span_us(const struct explain_facts *facts);

/* The rule's explanation, or one made from its kind. */
void explain_why(struct explain *x, enum explain_language language, struct buf *out);

/* What of the newest event the detection looked at, as a JSON object {path: value}. */
void explain_matched(struct explain *x, const struct feed *feed, struct buf *out);

/* The addresses of the newest event; gives how many. */
size_t explain_addresses(struct explain *x, struct slice ret[2]);

/* The fields that the rule's templates name; gives how many. */
size_t explain_fields(const struct rule *rule, struct slice *ret, size_t max);
