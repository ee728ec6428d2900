/* How often a source is looked at, learnt from how often there was something new.
 *
 *     pace_note(&pace, since_last_ms, found_something_new);
 *     next = pace_interval_ms(&pace, cadence_ms, stretch_max);
 *
 * The rate of change is the estimator of Cho and Garcia-Molina ("Estimating frequency of change",
 * 2003), over looks that weigh 5 % less with each later one: with n looks, x of them with news, a
 * mean T apart, rate = -ln((n - x + 0.5) / (n + 0.5)) / T. The interval is the time in which a
 * change is as likely as not, ln 2 / rate, but never less than the cadence and at most
 * `stretch_max` times it. The look after one with news comes at the cadence: news comes in
 * clusters. Before PACE_LOOKS_MIN looks the cadence holds. */
#pragma once

#include "lib/slice.h"

enum { PACE_LOOKS_MIN = 8 };

struct pace {
	double looks, changes, elapsed_ms; /* weighed sums */
	bool fresh;                        /* the last look found something new */
};

void pace_note(struct pace *p, int64_t since_last_ms, bool changed);
int64_t pace_interval_ms(const struct pace *p, int64_t cadence_ms, double stretch_max);
