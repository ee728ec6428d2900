#include "correlator/window_elements.h"

#include "correlator/limits.h"
#include "lib/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROOM_FOR_LATE = 32, /* beyond the threshold: a late event still finds those around it */
	ROOM_PER_PLACE = 32,
	SINGLE_EVENTS_MAX = 2048, /* beyond: events of one slot are one element */
	SLOT_COUNT = 1024,        /* of timespan and lateness together */
	AMOUNTS_MAX = 1024,       /* a percentile is of the newest so many */
};

/* The least count that decides a condition, whatever comes on top of it. */
static uint64_t deciding_count(const struct window_spec *spec)
{
	uint64_t decided = spec->range.max == UINT64_MAX ? spec->range.min : spec->range.max + 1;

	return spec->except >= decided ? spec->except + 1 : decided;
}

static bool is_slotted(const struct window_spec *spec)
{
	switch (spec->kind) {
	case WINDOW_SUM:
	case WINDOW_AVERAGE: return true;
	case WINDOW_EVENT_COUNT: return deciding_count(spec) + ROOM_FOR_LATE > SINGLE_EVENTS_MAX;
	case WINDOW_SINGLE:
	case WINDOW_VALUE_COUNT:
	case WINDOW_PLACES:
	case WINDOW_ORDERED:
	case WINDOW_PERCENTILE:
	case WINDOW_SHARE: return false;
	}
	return false;
}

size_t window_room(const struct window_spec *spec)
{
	switch (spec->kind) {
	case WINDOW_SINGLE: return 0;
	case WINDOW_PLACES:
	case WINDOW_ORDERED: return (size_t)spec->places * ROOM_PER_PLACE;
	case WINDOW_EVENT_COUNT:
		return is_slotted(spec) ? SINGLE_EVENTS_MAX
					: (size_t)deciding_count(spec) + ROOM_FOR_LATE;
	/* At most two elements of a value stand in one timespan. */
	case WINDOW_VALUE_COUNT: return 2 * ((size_t)deciding_count(spec) + ROOM_FOR_LATE);
	case WINDOW_SUM:
	case WINDOW_AVERAGE: return SINGLE_EVENTS_MAX;
	case WINDOW_PERCENTILE:
	case WINDOW_SHARE: return AMOUNTS_MAX;
	}
	return 0;
}

void elements_drop(struct window *w, size_t at, size_t count)
{
	if (count == 0)
		return;
	memmove(w->elements + at, w->elements + at + count,
		(w->element_count - at - count) * sizeof *w->elements);
	w->element_count -= count;
}

void elements_clean(struct window *w, int64_t horizon_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->element_count; i++)
		if (w->elements[i].count > 0 && w->elements[i].time_us >= horizon_us)
			w->elements[kept++] = w->elements[i];
	w->element_count = kept;
}

size_t elements_insert(struct window *w, const struct hit *hit)
{
	size_t at = w->element_count;

	if (w->element_count == w->element_room) {
		w->element_room = w->element_room ? w->element_room * 2 : 8;
		w->elements = mem_resize(w->elements, w->element_room, sizeof *w->elements);
	}
	while (at > 0 && w->elements[at - 1].time_us > hit->time_us)
		at--;
	memmove(w->elements + at + 1, w->elements + at,
		(w->element_count - at) * sizeof *w->elements);
	w->elements[at] = (struct window_element){hit->time_us, hit->value, 1, hit->amount};
	w->element_count++;
	return at;
}

/* Events of one slot become one element, at the time of their last; gives where that of `at` is. */
static size_t merge_slots(struct window *w, const struct window_spec *spec, size_t at)
{
	int64_t slot_us = (spec->timespan_us + spec->lateness_us) / SLOT_COUNT + 1;
	size_t kept = 0, found = 0;

	for (size_t i = 0; i < w->element_count; i++) {
		struct window_element e = w->elements[i];
		struct window_element *last = kept > 0 ? &w->elements[kept - 1] : NULL;

		if (last && last->time_us / slot_us == e.time_us / slot_us) {
			e.count += last->count;
			e.amount += last->amount;
			kept--;
		}
		w->elements[kept++] = e;
		found = i == at ? kept - 1 : found;
	}
	w->element_count = kept;
	return found;
}

/* The oldest one; of rules that occurred, the oldest of the place that has most: a flood of one sign
 * must not push out the others. */
static size_t element_to_drop(const struct window *w, const struct window_spec *spec)
{
	size_t counts[CORRELATION_RULES_MAX] = {0}, fullest = 0, at = 0;

	if (spec->kind != WINDOW_ORDERED && spec->kind != WINDOW_PLACES)
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
	if (is_slotted(spec)) {
		*at = merge_slots(w, spec, *at);
		return true;
	}

	size_t out = element_to_drop(w, spec);
	elements_drop(w, out, 1);
	if (out == *at)
		return false;
	*at -= out < *at;
	return true;
}

bool window_count_fits(const struct window_spec *spec, uint64_t count)
{
	return count >= spec->range.min && count <= spec->range.max &&
		(spec->except == 0 || count != spec->except);
}

static bool value_fits(const struct window_bounds *b, double value)
{
	if (value < b->min || (b->min_open && value == b->min))
		return false;
	if (value > b->max || (b->max_open && value == b->max))
		return false;
	return !b->has_except || value != b->except;
}

/* Elements `start` to `end` of a timespan, added up. */
struct sums {
	size_t start, end;
	uint64_t count;
	double amount;
	uint32_t places[CORRELATION_RULES_MAX];
};

static void sums_add(struct sums *s, const struct window_element *e)
{
	s->count += e->count;
	s->amount += e->amount;
	if (e->value < CORRELATION_RULES_MAX)
		s->places[e->value]++;
}

static void sums_take_off(struct sums *s, const struct window_element *e)
{
	s->count -= e->count;
	s->amount -= e->amount;
	if (e->value < CORRELATION_RULES_MAX)
		s->places[e->value]--;
}

/* The timespan that ends with element `at`. */
static struct sums sums_until(const struct window *w, const struct window_spec *spec, size_t at)
{
	const struct window_element *e = w->elements;
	struct sums s = {.start = at, .end = at};

	while (s.start > 0 && e[at].time_us - e[s.start - 1].time_us <= spec->timespan_us)
		s.start--;
	for (size_t i = s.start; i <= at; i++)
		sums_add(&s, &e[i]);
	return s;
}

static uint32_t present(const struct sums *s, unsigned places)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < places; i++)
		set |= s->places[i] > 0 ? UINT32_C(1) << i : 0;
	return set;
}

static bool is_true(const uint64_t *truth, uint32_t set)
{
	return truth[set / 64] >> set % 64 & 1;
}

static int by_amount(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Between the two values next to it in proportion, as most databases do (PERCENTILE_CONT). */
static double percentile(const struct window *w, const struct sums *s, double p)
{
	double amounts[AMOUNTS_MAX + 1];
	size_t count = s->end - s->start + 1;

	for (size_t i = 0; i < count; i++)
		amounts[i] = w->elements[s->start + i].amount;
	qsort(amounts, count, sizeof *amounts, by_amount);
	double rank = p / 100 * (double)(count - 1);
	size_t below = (size_t)rank;
	if (below + 1 >= count)
		return amounts[count - 1];
	return amounts[below] + (rank - (double)below) * (amounts[below + 1] - amounts[below]);
}

static double share(const struct window *w, const struct sums *s)
{
	size_t same = 0;

	for (size_t i = s->start; i <= s->end; i++)
		same += w->elements[i].value == w->elements[s->end].value;
	return 100.0 * (double)same / (double)(s->end - s->start + 1);
}

static bool fits_counted(const struct window_spec *spec, uint64_t count, double *ret)
{
	*ret = (double)count;
	return window_count_fits(spec, count);
}

static bool fits(
	const struct window *w, const struct window_spec *spec, const struct sums *s, double *ret)
{
	uint32_t set;

	switch (spec->kind) {
	case WINDOW_EVENT_COUNT: return fits_counted(spec, s->count, ret);
	case WINDOW_PLACES:
		set = present(s, spec->places);
		*ret = __builtin_popcount(set);
		return spec->truth ? is_true(spec->truth, set)
				   : window_count_fits(spec, (uint64_t)*ret);
	case WINDOW_SUM: *ret = s->amount; break;
	case WINDOW_AVERAGE: *ret = s->amount / (double)s->count; break;
	case WINDOW_PERCENTILE: *ret = percentile(w, s, spec->percentile); break;
	case WINDOW_SHARE: *ret = share(w, s); break;
	case WINDOW_SINGLE:
	case WINDOW_VALUE_COUNT:
	case WINDOW_ORDERED: return false;
	}
	return value_fits(&spec->bounds, *ret);
}

static void set_verdict(
	const struct window *w, const struct sums *s, double value, struct window_verdict *ret)
{
	ret->value = value;
	ret->count = value < 0 ? 0 : value > 9e18 ? UINT64_MAX : (uint64_t)(value + 0.5);
	ret->first_us = w->elements[s->start].time_us;
	ret->last_us = w->elements[s->end].time_us;
}

/* The timespan with most that holds element `at`, among those that meet the condition. */
static bool any_timespan_fits(const struct window *w, const struct window_spec *spec, size_t at,
	struct window_verdict *ret)
{
	const struct window_element *e = w->elements;
	struct sums s = sums_until(w, spec, at);
	bool met = false;
	double value = 0;

	for (;;) {
		if (fits(w, spec, &s, &value) && (!met || value > ret->value)) {
			set_verdict(w, &s, value, ret);
			met = true;
		}
		if (++s.end == w->element_count ||
			e[s.end].time_us - e[at].time_us > spec->timespan_us)
			return met;
		sums_add(&s, &e[s.end]);
		while (e[s.end].time_us - e[s.start].time_us > spec->timespan_us)
			sums_take_off(&s, &e[s.start++]);
	}
}

/* The latest start of a chain through each set of places, which ends with the last of them. */
struct chains {
	int64_t starts[1 << ORDERED_CONDITION_RULES_MAX];
	bool reached[1 << ORDERED_CONDITION_RULES_MAX];
	size_t news; /* only chains that end at or after this element are */
};

static bool chain_fits(
	const struct window *w, const struct window_spec *spec, size_t end, uint32_t chain)
{
	struct sums s = sums_until(w, spec, end);

	return is_true(spec->truth, chain) && is_true(spec->truth, present(&s, spec->places));
}

/* Goes on all chains with element `i`; true when a new one that it ends meets the condition. */
static bool chains_extend(struct chains *c, const struct window *w, const struct window_spec *spec,
	size_t i, struct window_verdict *ret)
{
	const struct window_element *e = &w->elements[i];
	uint32_t own = UINT32_C(1) << e->value;
	bool met = false;

	for (uint32_t before = 0; before < own; before++) {
		int64_t start = before == 0 ? e->time_us : c->starts[before];
		uint32_t chain = before | own;

		if (before > 0 && (!c->reached[before] || e->time_us - start > spec->timespan_us))
			continue;
		if (!c->reached[chain] || start > c->starts[chain])
			c->starts[chain] = start;
		c->reached[chain] = true;
		if (i < c->news || met || !chain_fits(w, spec, i, chain))
			continue;
		met = true;
		ret->count = (uint64_t)__builtin_popcount(chain);
		ret->value = (double)ret->count;
		ret->first_us = start;
		ret->last_us = e->time_us;
	}
	return met;
}

static bool some_chain_ends(const struct window *w, const struct window_spec *spec, size_t at,
	struct window_verdict *ret)
{
	struct chains c = {.news = at};

	for (size_t i = 0; i < w->element_count; i++)
		if (w->elements[i].value < spec->places && chains_extend(&c, w, spec, i, ret) &&
			i >= at)
			return true;
	return false;
}

/* Whether an element at or after `at` ends a chain through all places within the timespan. */
static bool whole_chain_ends(const struct window *w, const struct window_spec *spec, size_t at,
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
		if (place + 1 < spec->places || i < at)
			continue;
		*ret = (struct window_verdict){.count = spec->places,
			.value = spec->places,
			.first_us = start,
			.last_us = e->time_us};
		return true;
	}
	return false;
}

bool elements_take(struct window *w, const struct window_spec *spec, const struct hit *hit,
	struct window_verdict *ret)
{
	if (spec->kind == WINDOW_VALUE_COUNT)
		return values_take(w, spec, hit, ret);

	size_t at = elements_insert(w, hit);
	if (!keep_in_room(w, spec, &at))
		return false;
	if (spec->kind != WINDOW_ORDERED)
		return any_timespan_fits(w, spec, at, ret);
	return spec->truth ? some_chain_ends(w, spec, at, ret) : whole_chain_ends(w, spec, at, ret);
}
