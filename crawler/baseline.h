/* What is usual for one series of hourly counts: by hour of the day, kind of day and season.
 *
 *     baseline_learn(&b, hour, day, count);            (each hour once, in order)
 *     struct expected e = {0};
 *     for (each hour of the window)
 *             baseline_expect(&b, hour, day, &e);
 *     unusual = -log10(baseline_chance(&b, &e, seen));
 *
 * rate(hour) = S[hour] / E, S and E being sums of counts and of days that weigh e^(-1/28) less with
 * each later day; neighbouring hours share what little they have, and all are drawn towards the
 * day's mean with the weight of two days. Weekends, holidays and the season multiply it, each by a
 * factor learnt from what was seen against what was expected, starting at 1 with the weight of ten
 * stories. The season's factor steps in when the season does. An hour that is far above the
 * expected counts as the limit only: a burst must not become the usual.
 *
 * The chance is the upper tail of a negative binomial with that mean and the variance
 * spread * mean * (1 + 1/(E + 2)), the spread learnt over blocks of three hours, from 1.6 at first. */
#pragma once

#include "crawler/calendar.h"

struct baseline {
	float sum[24]; /* by local hour of the day */
	float days;    /* E */
	float kind_seen[DAY_KINDS], kind_expected[DAY_KINDS];
	float season_seen, season_expected;
	float spread, spread_weight;
	float block_seen, block_expected;
	int64_t next_hour; /* the first that was not learnt */
};

struct expected {
	double mean;
	unsigned hours;
};

/* Of a series that was never seen before while others were learnt for `days` days. */
void baseline_init(struct baseline *b, int64_t next_hour, double days);

void baseline_learn(
	struct baseline *b, int64_t hour, const struct calendar_day *day, unsigned count);
void baseline_expect(const struct baseline *b, int64_t hour, const struct calendar_day *day,
	struct expected *add_to);
/* Never 0, so that its logarithm is a number. */
double baseline_chance(const struct baseline *b, const struct expected *e, unsigned seen);
bool baseline_is_sane(const struct baseline *b); /* after it was read from outside */
