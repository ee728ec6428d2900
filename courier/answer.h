/* What became of one attempt to send an alert, and what follows from it. */
#pragma once

#include "courier/limits.h"
#include "lib/slice.h"

enum verdict {
	VERDICT_DELIVERED,
	VERDICT_RETRY,   /* the receiver or the way to it is at fault: again, for ever */
	VERDICT_REFUSED, /* the receiver answered, but not to this alert: again a few times */
	VERDICT_GONE,    /* the receiver says that it is closed for good: rest, then again */
};

struct answer {
	enum verdict verdict;
	int64_t retry_after_ms; /* what the receiver asked for; 0: nothing */
	char said[REASON_MAX];  /* for people: "HTTP 503", "connection refused" */
	struct slice body;      /* its first bytes; borrowed for the call */
};

/* Fills `said`, cut to what fits. */
void answer_say(struct answer *answer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* By the status of an HTTP answer (RFC 9110), as Standard Webhooks 1.0 tells senders to. Only those
 * that speak of this one request are refusals; wrong credentials or paths are the operator's to
 * mend, and nothing may be lost until then. */
enum verdict answer_verdict(int http_status);

/* What a status means, in words for an operator. */
const char *answer_words(int http_status);

/* Retry-After (RFC 9110 §10.2.3), seconds or any of the three forms of a date, as milliseconds from
 * `wall_us`; 0 for a time past or anything else; bounded by RETRY_AFTER_MAX_MS. */
int64_t answer_retry_after_ms(struct slice value, int64_t wall_us);
