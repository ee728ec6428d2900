#include "crawler/trend_series.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A series that passes for one can go on learning and judging. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct trend_series s;
	struct expected e = {0};
	struct calendar_day day = {.kind = DAY_HOLIDAY, .in_season = true};

	if (!trend_series_read(slice_over(bytes, len), &s))
		return 0;
	trend_series_learn(&s, NULL, s.baseline.next_hour + 50);
	baseline_expect(&s.baseline, s.baseline.next_hour, &day, &e);
	double chance = baseline_chance(&s.baseline, &e, 7);
	must(chance >= 0 && chance <= 1);
	trend_series_release(&s);
	return 0;
}
