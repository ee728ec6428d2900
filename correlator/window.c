#include "correlator/window.h"

#include "correlator/limits.h"
#include "correlator/told.h"
#include "correlator/window_elements.h"
#include "lib/mem.h"

#include <string.h>

int64_t window_ttl_ms(const struct window *w, const struct window_spec *spec, int64_t outage_ms)
{
	int64_t longest =
		spec->timespan_us > spec->suppress_us ? spec->timespan_us : spec->suppress_us;

	if (w->alerts > 0)
		return (longest + spec->lateness_us) / 1000 + INT64_C(86400000);
	return (spec->timespan_us + spec->lateness_us) / 1000 + 1000 + outage_ms;
}

void window_release(struct window *w)
{
	for (size_t i = 0; i < w->sample_count; i++)
		mem_free(w->samples[i].json);
	told_release(&w->told);
	mem_free(w->marks);
	mem_free(w->fired);
	values_free(&w->values);
	mem_free(w->elements);
	*w = (struct window){0};
}

/* The stream's mark, made when there is none. The oldest makes room for one too many: only a
 * stream that has been silent longest can lose its mark. */
static struct window_mark *mark_of(struct window *w, uint64_t stream)
{
	size_t oldest = 0;

	for (size_t i = 0; i < w->mark_count; i++) {
		if (w->marks[i].stream == stream)
			return &w->marks[i];
		if (w->marks[i].id.ms < w->marks[oldest].id.ms)
			oldest = i;
	}
	if (w->mark_count == WINDOW_MARKS_MAX) {
		w->marks[oldest] = (struct window_mark){.stream = stream};
		return &w->marks[oldest];
	}
	w->marks = mem_resize(w->marks, w->mark_count + 1, sizeof *w->marks);
	w->marks[w->mark_count] = (struct window_mark){.stream = stream};
	return &w->marks[w->mark_count++];
}

/* Moves the mark; false when the event was applied before. */
static bool passes_mark(struct window *w, const struct hit *hit)
{
	if (w->is_going_on && w->going_on.stream == hit->stream &&
		event_id_compare(w->going_on.id, hit->id) == 0)
		return true;

	struct window_mark *mark = mark_of(w, hit->stream);
	if (event_id_compare(hit->id, mark->id) <= 0)
		return false;
	mark->id = hit->id;
	w->going_on = *hit;
	w->is_going_on = true;
	w->has_fired = false;
	return true;
}

static void drop_sample(struct window *w, size_t at)
{
	mem_free(w->samples[at].json);
	memmove(w->samples + at, w->samples + at + 1,
		(w->sample_count - at - 1) * sizeof *w->samples);
	w->sample_count--;
}

static void forget_before(struct window *w, const struct window_spec *spec, int64_t horizon_us)
{
	size_t old = 0;

	while (w->sample_count > 0 && w->samples[0].time_us < horizon_us)
		drop_sample(w, 0);
	if (spec->kind == WINDOW_VALUE_COUNT) /* which cleans up by itself, now and then */
		return;
	while (old < w->element_count && w->elements[old].time_us < horizon_us)
		old++;
	elements_drop(w, 0, old);
}

/* The oldest one whose value another sample has too, else the oldest. */
static size_t sample_to_drop(const struct window *w)
{
	for (size_t i = 0; i < w->sample_count; i++)
		for (size_t k = i + 1; k < w->sample_count; k++)
			if (w->samples[i].value == w->samples[k].value)
				return i;
	return 0;
}

static void insert_sample(struct window *w, const struct hit *hit)
{
	if (w->sample_count == WINDOW_SAMPLES_MAX)
		drop_sample(w, sample_to_drop(w));

	size_t at = w->sample_count;
	while (at > 0 && w->samples[at - 1].time_us > hit->time_us)
		at--;
	memmove(w->samples + at + 1, w->samples + at, (w->sample_count - at) * sizeof *w->samples);
	w->samples[at] = (struct window_sample){.time_us = hit->time_us,
		.value = hit->value,
		.json = mem_copy(hit->sample.at, hit->sample.len),
		.len = hit->sample.len};
	w->sample_count++;
}

/* The first event still known of the timespan that ends with the verdict: a value counts at its
 * latest time, but people ask since when. */
static int64_t first_seen_us(const struct window *w, const struct window_spec *spec,
	const struct window_verdict *verdict)
{
	size_t i = 0;

	while (i < w->sample_count && w->samples[i].time_us < verdict->last_us - spec->timespan_us)
		i++;
	return i < w->sample_count && w->samples[i].time_us < verdict->first_us
		? w->samples[i].time_us
		: verdict->first_us;
}

static bool condition_met(struct window *w, const struct window_spec *spec, const struct hit *hit,
	struct window_verdict *ret)
{
	if (spec->kind == WINDOW_SINGLE) {
		*ret = (struct window_verdict){1, 1, hit->time_us, hit->time_us};
		return true;
	}
	insert_sample(w, hit);
	return elements_take(w, spec, hit, ret);
}

static void remember_fired(struct window *w, const struct hit *hit)
{
	if (w->fired_count == WINDOW_FIRED_MAX)
		memmove(w->fired, w->fired + 1, --w->fired_count * sizeof *w->fired);
	else
		w->fired = mem_resize(w->fired, w->fired_count + 1, sizeof *w->fired);
	w->fired[w->fired_count++] = (struct window_mark){hit->stream, hit->id};
}

bool window_fired(const struct window *w, const struct hit *hit)
{
	for (size_t i = w->fired_count; i-- > 0;)
		if (w->fired[i].stream == hit->stream &&
			event_id_compare(w->fired[i].id, hit->id) == 0)
			return true;
	return false;
}

enum window_outcome window_apply(struct window *w, const struct window_spec *spec,
	const struct hit *hit, struct window_verdict *ret)
{
	if (!passes_mark(w, hit))
		return WINDOW_KNOWN;

	int64_t reach = spec->timespan_us + spec->lateness_us;
	if (spec->kind != WINDOW_SINGLE && hit->time_us < w->newest_us - reach)
		return WINDOW_LATE;
	if (hit->time_us > w->newest_us)
		w->newest_us = hit->time_us;
	forget_before(w, spec, w->newest_us - reach);

	bool met = condition_met(w, spec, hit, ret);
	if (w->has_fired || (w->alerts > 0 && hit->time_us < w->suppressed_until_us)) {
		w->muted++;
		return met ? WINDOW_SUPPRESSED : WINDOW_COUNTED;
	}
	if (!met)
		return WINDOW_COUNTED;
	w->has_fired = true;
	w->alerts++;
	w->muted = 0;
	if (spec->kind == WINDOW_VALUE_COUNT || spec->kind == WINDOW_PLACES)
		ret->first_us = first_seen_us(w, spec, ret);
	w->last_alert_us = hit->time_us;
	if (spec->is_chained)
		remember_fired(w, hit);
	w->suppressed_until_us = spec->suppress_us > 0 ? hit->time_us + spec->suppress_us : 0;
	return WINDOW_FIRED;
}
