#include "crawler/pace.h"

#include <math.h>

static const double KEPT = 0.95;

void pace_note(struct pace *p, int64_t since_last_ms, bool changed)
{
	p->looks = p->looks * KEPT + 1;
	p->changes = p->changes * KEPT + (changed ? 1 : 0);
	p->elapsed_ms = p->elapsed_ms * KEPT + (double)(since_last_ms > 0 ? since_last_ms : 0);
	p->fresh = changed;
}

/* PACE_LOOKS_MIN looks weigh so much: 1 + KEPT + KEPT² … */
static double weight_min(void)
{
	return (1 - pow(KEPT, PACE_LOOKS_MIN)) / (1 - KEPT);
}

int64_t pace_interval_ms(const struct pace *p, int64_t cadence_ms, double stretch_max)
{
	double longest = (double)cadence_ms * stretch_max;

	if (p->fresh || p->looks < weight_min() - 1e-9 || p->elapsed_ms <= 0)
		return cadence_ms;
	double rate =
		-log((p->looks - p->changes + 0.5) / (p->looks + 0.5)) * p->looks / p->elapsed_ms;
	double wanted = rate > 0 ? log(2) / rate : longest;
	if (wanted > longest)
		wanted = longest;
	return wanted > (double)cadence_ms ? (int64_t)wanted : cadence_ms;
}
