/* What became of one source: counts for `haidang sources` and, for the first ACCOUNT_LABELS_MAX
 * sources, metrics of their own; the others share source="other". */
#pragma once

#include "lib/json_write.h"
#include "lib/metrics.h"

enum { ACCOUNT_LABELS_MAX = 200, ACCOUNT_REASONS_MAX = 6, ACCOUNT_REASON_MAX = 32 };

enum account_count {
	ACCOUNT_FETCHED,
	ACCOUNT_NOT_MODIFIED, /* answers 304 */
	ACCOUNT_SAME_BODY,
	ACCOUNT_PUBLISHED, /* new or updated */
	ACCOUNT_UNCHANGED,
	ACCOUNT_REMOVED,
	ACCOUNT_FAULTS, /* of the parser */
	ACCOUNT_COUNTS,
};

struct account {
	struct metrics *metrics;
	char *label; /* the source's id, or "other" */
	uint64_t count[ACCOUNT_COUNTS];
	uint64_t fresh, refused, failed;
	struct {
		char reason[ACCOUNT_REASON_MAX];
		uint64_t count;
	} refusals[ACCOUNT_REASONS_MAX];
	int64_t lag_ms; /* of the last new article: from first named to published; -1: none yet */
	bool dirty;     /* since the last report */
};

void account_init(struct account *a, struct metrics *metrics, struct slice id, bool own_label);
void account_release(struct account *a);
void account_add(struct account *a, enum account_count what);
void account_refuse(struct account *a, const char *reason); /* asking again would not help */
void account_fail(struct account *a, const char *reason);   /* this time */
void account_fault(struct account *a, const char *fault);
void account_new(struct account *a, int64_t lag_ms); /* a new article was published */

void account_write(const struct account *a, struct json_writer *w); /* members of an object */
