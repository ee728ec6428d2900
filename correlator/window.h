/* The state of one rule for one group: which events it has taken in (a mark per producer stream),
 * what its window holds, and its last alert. The same code serves Redis and the offline test: a
 * window is read from a blob, hits are applied in order, and it is written as a blob again.
 *
 *     struct window w = {0};
 *     window_read(&w, &spec, blob);                       (an empty blob is a new window)
 *     if (window_apply(&w, &spec, &hit, &verdict) == WINDOW_FIRED) … raise an alert
 *     window_write(&w, &spec, version, &blob);
 *     window_release(&w);
 *
 * Time is that of the events. A window holds only what its threshold needs, and events may come
 * out of order by spec.lateness_us. See docs/decisions/0002-window-blob.md. */
#pragma once

#include "event/alert.h"
#include "event/id.h"
#include "lib/buf.h"

enum window_kind {
	WINDOW_SINGLE,      /* every event that is not suppressed */
	WINDOW_EVENT_COUNT, /* so many events */
	WINDOW_VALUE_COUNT, /* so many distinct values */
	WINDOW_PLACES,      /* rules that occurred, as many or as .truth says */
	WINDOW_ORDERED,     /* all places, or as .truth says, one after the other */
	WINDOW_SUM,         /* of amounts, within .bounds */
	WINDOW_AVERAGE,
	WINDOW_PERCENTILE, /* the .percentile-th of the amounts */
	WINDOW_SHARE,      /* of all events those with this one's value, in per cent */
};

struct window_range {
	uint64_t min, max; /* both included */
};

/* What a sum, average or percentile must come to. */
struct window_bounds {
	double min, max;
	bool min_open, max_open; /* not included */
	double except;
	bool has_except;
};

struct window_spec {
	enum window_kind kind;
	int64_t timespan_us, lateness_us, suppress_us;
	struct window_range range;
	uint64_t except;       /* a count that does not meet the condition; 0: none */
	unsigned places;       /* WINDOW_PLACES, WINDOW_ORDERED: how many rules there are */
	const uint64_t *truth; /* of sets of places: bit s tells of set s; NULL: by count */
	struct window_bounds bounds;
	double percentile;
	bool is_chained; /* other correlations count what this one fires */
};

/* One event, for one window. All hits of one event on one window come in one go. */
struct hit {
	uint64_t stream; /* hash of the producer stream's name */
	struct event_id id;
	int64_t time_us;
	uint64_t value;      /* hash of what is counted, or the place of the rule */
	double amount;       /* of sums and the like */
	struct slice sample; /* JSON of the event, for the alert; borrowed */
};

struct window_mark {
	uint64_t stream;
	struct event_id id;
};

/* One event; where many are counted or added up, all of a short time (docs/rules.md). */
struct window_element {
	int64_t time_us; /* of the last one */
	uint64_t value;
	uint64_t count;
	double amount; /* their sum */
};

struct window_sample {
	int64_t time_us;
	uint64_t value;
	char *json;
	size_t len;
};

enum { WINDOW_SAMPLES_MAX = 10, WINDOW_VERSION_LEN = 8, TOLD_VALUES_MAX = 512 };

/* What was told of the last alert; told.h keeps it. */
struct told {
	struct event_id cause; /* names the alert */
	uint32_t revision;     /* of the last one; 0: none was told */
	enum alert_level level;
	uint64_t count, count_told; /* events, or distinct values; now, and as told */
	int64_t first_us, last_us;
	uint32_t *values; /* WINDOW_VALUE_COUNT: those counted */
	size_t value_count;
};

struct window {
	struct window_mark *marks;
	size_t mark_count;
	struct window_mark *fired; /* .is_chained: the last events that fired, oldest first */
	size_t fired_count;
	struct window_element *elements; /* by time; some may be out of date until window_write() */
	size_t element_count, element_room;
	struct window_values *values; /* WINDOW_VALUE_COUNT: an index, made when needed */
	struct window_sample samples[WINDOW_SAMPLES_MAX]; /* by time */
	size_t sample_count;
	int64_t newest_us;
	int64_t suppressed_until_us; /* 0: is not silent after an alert */
	int64_t last_alert_us;
	uint64_t alerts; /* raised so far */
	uint64_t muted;  /* events that met the condition or came in while suppressed, since then */
	struct hit going_on; /* the event whose hits are being applied */
	bool is_going_on;
	bool has_fired; /* for it: one event raises one alert, however many values it has */
	struct told told;
};

enum window_outcome {
	WINDOW_KNOWN, /* at or below its stream's mark: nothing changed */
	WINDOW_LATE,  /* too old for the window; only the mark moved */
	WINDOW_COUNTED,
	WINDOW_SUPPRESSED, /* would have fired */
	WINDOW_FIRED,
};

struct window_verdict {
	uint64_t count; /* of a sum or the like: rounded, 0 when negative */
	double value;   /* the same, as it is */
	int64_t first_us, last_us;
};

/* False when the blob is none of ours; the window is then a new one. What another shape of the
 * rule had counted is forgotten, marks and alert state are kept. */
bool window_read(struct window *w, const struct window_spec *spec, struct slice blob);
enum window_outcome window_apply(struct window *w, const struct window_spec *spec,
	const struct hit *hit, struct window_verdict *ret);

/* Whether an event that is known by now fired when it came: after a crash it must reach the next
 * correlation of its chain, which may not have it yet. */
bool window_fired(const struct window *w, const struct hit *hit);
void window_write(
	const struct window *w, const struct window_spec *spec, uint64_t version, struct buf *out);
void window_release(struct window *w);

/* How long the state must outlive this write. What raised an alert is kept until the same event
 * cannot come again. What did not is of use for its timespan only, and for `outage_ms` more, in
 * which no worker may run: there are many of these, and anybody can make them. */
int64_t window_ttl_ms(const struct window *w, const struct window_spec *spec, int64_t outage_ms);

/* How many elements a window keeps at most. */
size_t window_room(const struct window_spec *spec);
