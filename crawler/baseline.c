#include "crawler/baseline.h"

#include <float.h>
#include <math.h>

static const double DAYS_CONSTANT = 28, /* how long the past counts */
	MEAN_DAYS = 2,                  /* weight of the day's mean */
	FACTOR_WEIGHT = 10,             /* of a factor of 1, in stories */
	SPREAD_FIRST = 1.6, SPREAD_BLOCKS = 40, SPREAD_MIN = 1.1, SPREAD_MAX = 6,
		    RATE_MIN = 0.02, /* stories an hour: nothing is impossible */
	SEASON_DAYS = 500;           /* the season's factor lives from year to year */

static unsigned of_day(int64_t hour)
{
	return (unsigned)(((hour % 24) + 24) % 24);
}

static double decay_hour(void)
{
	return exp(-1 / (24 * DAYS_CONSTANT));
}

void baseline_init(struct baseline *b, int64_t next_hour, double days)
{
	*b = (struct baseline){.next_hour = next_hour,
		.days = (float)(DAYS_CONSTANT * (1 - exp(-days / DAYS_CONSTANT))),
		.spread = (float)SPREAD_FIRST,
		.spread_weight = (float)SPREAD_BLOCKS};
}

static double factor(double seen, double expected)
{
	return (seen + FACTOR_WEIGHT) / (expected + FACTOR_WEIGHT);
}

static double factor_of(const struct baseline *b, const struct calendar_day *day)
{
	double season = factor((double)b->season_seen, (double)b->season_expected);
	double kind = day->kind == DAY_WORKING
		? 1
		: factor((double)b->kind_seen[day->kind], (double)b->kind_expected[day->kind]);

	return kind * (day->in_season ? season : 1);
}

/* On a working day out of season. */
static double plain_rate(const struct baseline *b, int64_t hour)
{
	double total = 0, days = (double)b->days + MEAN_DAYS;
	unsigned h = of_day(hour);

	for (int i = 0; i < 24; i++)
		total += (double)b->sum[i];
	double here = (double)b->sum[h];
	double beside = (double)b->sum[(h + 1) % 24] + (double)b->sum[(h + 23) % 24];
	double share = 0.25 / (1 + here / 30); /* much that was seen needs no neighbours */
	double sum = here * (1 - 2 * share) + beside * share;
	double rate = (sum + total / 24 / (double)(b->days > 1 ? b->days : 1) * MEAN_DAYS) / days;
	return rate > RATE_MIN ? rate : RATE_MIN;
}

void baseline_expect(const struct baseline *b, int64_t hour, const struct calendar_day *day,
	struct expected *add_to)
{
	add_to->mean += plain_rate(b, hour) * factor_of(b, day);
	add_to->hours++;
}

/* Every three hours the spread of their sum is learnt. */
static void learn_spread(struct baseline *b, int64_t hour)
{
	if (hour % 3 != 2)
		return;
	double mean = (double)b->block_expected, off = (double)b->block_seen - mean;
	if (mean >= 0.3 && b->days >= 7) {
		double kept = exp(-1 / (8 * 2 * DAYS_CONSTANT)), ratio = off * off / mean;

		ratio = ratio > 16 ? 16 : ratio;
		double weight = (double)b->spread_weight * kept + 1;
		b->spread += (float)((ratio - (double)b->spread) / weight);
		b->spread_weight = (float)weight;
	}
	b->block_seen = b->block_expected = 0;
}

static void learn_factors(
	struct baseline *b, const struct calendar_day *day, double seen, double expected)
{
	double season = factor((double)b->season_seen, (double)b->season_expected);
	double kind = factor_of(b, day) / (day->in_season ? season : 1);
	double kept = exp(-1 / (24 * (day->kind == DAY_HOLIDAY ? 60 : 40.0)));

	if (day->kind != DAY_WORKING) {
		b->kind_seen[day->kind] = (float)((double)b->kind_seen[day->kind] * kept + seen);
		b->kind_expected[day->kind] = (float)((double)b->kind_expected[day->kind] * kept +
			expected * (day->in_season ? season : 1));
	}
	if (day->in_season) {
		double kept_season = exp(-1 / (24 * SEASON_DAYS));

		b->season_seen = (float)((double)b->season_seen * kept_season + seen);
		b->season_expected =
			(float)((double)b->season_expected * kept_season + expected * kind);
	}
}

void baseline_learn(
	struct baseline *b, int64_t hour, const struct calendar_day *day, unsigned count)
{
	double plain = plain_rate(b, hour), times = factor_of(b, day), mean = plain * times;
	double limit = mean + 3.5 * sqrt((double)b->spread * mean) + 2;
	double seen = count > limit && b->days >= 7 ? limit : count;
	unsigned h = of_day(hour);

	b->block_seen += (float)seen;
	b->block_expected += (float)mean;
	learn_spread(b, hour);
	if (b->days >= 7)
		learn_factors(b, day, seen, plain);
	double kept = decay_hour();
	for (unsigned i = 0; i < 24 && h == 0; i++)
		b->sum[i] = (float)((double)b->sum[i] * exp(-1 / DAYS_CONSTANT));
	b->sum[h] += (float)(seen / times);
	b->days = (float)((double)b->days * kept + 1.0 / 24);
	b->next_hour = hour + 1;
}

static double spread_of(const struct baseline *b)
{
	double spread = (double)b->spread;

	spread = spread < SPREAD_MIN ? SPREAD_MIN : spread > SPREAD_MAX ? SPREAD_MAX : spread;
	return spread * (1 + 1 / ((double)b->days + MEAN_DAYS));
}

static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

double baseline_chance(const struct baseline *b, const struct expected *e, unsigned seen)
{
	double spread = spread_of(b), mean = e->mean;
	double size = mean / (spread - 1), success = 1 / spread;

	if (seen == 0)
		return 1;
	double term = exp(log_gamma(seen + size) - log_gamma(size) - log_gamma(seen + 1.0) +
		size * log(success) + seen * log(1 - success));
	double tail = 0;
	for (unsigned k = seen; k < seen + 10000 && term > tail * 1e-12; k++) {
		tail += term;
		term *= (k + size) / (k + 1.0) * (1 - success);
	}
	/* Too small for a double: of few it is certainty, of many as unlikely as can be said. */
	if (tail < DBL_MIN)
		return seen > mean ? DBL_MIN : 1;
	return tail > 1 ? 1 : tail;
}

static bool is_amount(float value)
{
	return value >= 0 && value < 1e7F;
}

bool baseline_is_sane(const struct baseline *b)
{
	bool sane = is_amount(b->days) && is_amount(b->season_seen) &&
		is_amount(b->season_expected) && is_amount(b->spread) &&
		is_amount(b->spread_weight) && is_amount(b->block_seen) &&
		is_amount(b->block_expected) && b->next_hour >= 0 && b->next_hour < 10000000;

	for (int i = 0; i < 24; i++)
		sane = sane && is_amount(b->sum[i]);
	for (int i = 0; i < DAY_KINDS; i++)
		sane = sane && is_amount(b->kind_seen[i]) && is_amount(b->kind_expected[i]);
	return sane;
}
