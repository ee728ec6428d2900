#include "correlator/window.h"

#include "correlator/limits.h"
#include "correlator/told.h"
#include "lib/mem.h"

#include <string.h>

/* Beyond the threshold, so that an event that comes late still finds those around it. */
enum { ROOM_FOR_LATE = 32, ORDERED_ROOM_PER_PLACE = 32 };

size_t window_room(const struct window_spec *spec)
{
	uint64_t decided = spec->range.max == UINT64_MAX ? spec->range.min : spec->range.max + 1;

	switch (spec->kind) {
	case WINDOW_SINGLE: return 0;
	case WINDOW_ORDERED: return (size_t)spec->places * ORDERED_ROOM_PER_PLACE;
	case WINDOW_EVENT_COUNT:
	case WINDOW_VALUE_COUNT: return (size_t)decided + ROOM_FOR_LATE;
	}
	return 0;
}

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

static void drop_elements(struct window *w, size_t at, size_t count)
{
	memmove(w->elements + at, w->elements + at + count,
		(w->element_count - at - count) * sizeof *w->elements);
	w->element_count -= count;
}

static void drop_sample(struct window *w, size_t at)
{
	mem_free(w->samples[at].json);
	memmove(w->samples + at, w->samples + at + 1,
		(w->sample_count - at - 1) * sizeof *w->samples);
	w->sample_count--;
}

static void forget_before(struct window *w, int64_t horizon_us)
{
	size_t old = 0;

	while (old < w->element_count && w->elements[old].time_us < horizon_us)
		old++;
	if (old > 0)
		drop_elements(w, 0, old);
	while (w->sample_count > 0 && w->samples[0].time_us < horizon_us)
		drop_sample(w, 0);
}

/* Gives where the new element stands. */
static size_t insert_element(struct window *w, const struct hit *hit)
{
	size_t at = w->element_count;

	w->elements = mem_resize(w->elements, w->element_count + 1, sizeof *w->elements);
	while (at > 0 && w->elements[at - 1].time_us > hit->time_us)
		at--;
	memmove(w->elements + at + 1, w->elements + at,
		(w->element_count - at) * sizeof *w->elements);
	w->elements[at] = (struct window_element){hit->time_us, hit->value};
	w->element_count++;
	return at;
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

static bool in_range(const struct window_spec *spec, uint64_t count)
{
	return count >= spec->range.min && count <= spec->range.max;
}

/* The fullest window of the timespan that holds element `at` and meets the range. */
static bool count_around(const struct window *w, const struct window_spec *spec, size_t at,
	struct window_verdict *ret)
{
	const struct window_element *e = w->elements;
	size_t start = 0;
	bool met = false;

	for (size_t end = at; end < w->element_count; end++) {
		if (e[end].time_us - e[at].time_us > spec->timespan_us)
			break;
		while (e[end].time_us - e[start].time_us > spec->timespan_us)
			start++;
		uint64_t count = end - start + 1;
		if (!in_range(spec, count) || (met && count <= ret->count))
			continue;
		*ret = (struct window_verdict){count, e[start].time_us, e[end].time_us};
		met = true;
	}
	return met;
}

/* Whether an element at or after `at` ends a chain through all places within the timespan. */
static bool chain_ends(const struct window *w, const struct window_spec *spec, size_t at,
	struct window_verdict *ret)
{
	int64_t starts[CORRELATION_RULES_MAX] = {0};
	bool reached[CORRELATION_RULES_MAX] = {false};

	for (size_t i = 0; i < w->element_count; i++) {
		const struct window_element *e = &w->elements[i];
		size_t place = (size_t)e->value;

		if (place >= spec->places)
			continue;
		int64_t start = place == 0 ? e->time_us : starts[place - 1];
		if (place > 0 && (!reached[place - 1] || e->time_us - start > spec->timespan_us))
			continue;
		if (!reached[place] || start > starts[place])
			starts[place] = start;
		reached[place] = true;
		if (place + 1 == spec->places && i >= at) {
			*ret = (struct window_verdict){spec->places, start, e->time_us};
			return true;
		}
	}
	return false;
}

/* A value counts once, at its latest time; an older time of a known value adds nothing. */
static bool value_is_news(struct window *w, const struct hit *hit)
{
	for (size_t i = 0; i < w->element_count; i++) {
		if (w->elements[i].value != hit->value)
			continue;
		if (w->elements[i].time_us > hit->time_us)
			return false;
		drop_elements(w, i, 1);
		break;
	}
	return true;
}

/* The oldest one; of an order, the oldest of the place that has most: a flood of one sign must not
 * push out the others. */
static size_t element_to_drop(const struct window *w, const struct window_spec *spec)
{
	size_t counts[CORRELATION_RULES_MAX] = {0}, fullest = 0, at = 0;

	if (spec->kind != WINDOW_ORDERED)
		return 0;
	for (size_t i = 0; i < w->element_count; i++) {
		uint64_t place = w->elements[i].value;

		if (place < spec->places && ++counts[place] > counts[fullest])
			fullest = place;
	}
	while (at + 1 < w->element_count && w->elements[at].value != fullest)
		at++;
	return at;
}

/* False when the element at `*at` was itself the one that had to go. */
static bool keep_in_room(struct window *w, const struct window_spec *spec, size_t *at)
{
	if (w->element_count <= window_room(spec))
		return true;

	size_t out = element_to_drop(w, spec);
	drop_elements(w, out, 1);
	if (out == *at)
		return false;
	*at -= out < *at;
	return true;
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
		*ret = (struct window_verdict){1, hit->time_us, hit->time_us};
		return true;
	}
	if (spec->kind == WINDOW_VALUE_COUNT && !value_is_news(w, hit))
		return false;

	size_t at = insert_element(w, hit);
	insert_sample(w, hit);
	if (!keep_in_room(w, spec, &at))
		return false;
	if (spec->kind == WINDOW_ORDERED)
		return chain_ends(w, spec, at, ret);
	return count_around(w, spec, at, ret);
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
	forget_before(w, w->newest_us - reach);

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
	if (spec->kind == WINDOW_VALUE_COUNT)
		ret->first_us = first_seen_us(w, spec, ret);
	w->last_alert_us = hit->time_us;
	w->suppressed_until_us = hit->time_us + spec->suppress_us;
	return WINDOW_FIRED;
}
