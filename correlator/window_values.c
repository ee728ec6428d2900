/* Counting different values. Of each value only those times are kept that can matter: one between two
 * others that lie within a timespan of each other adds nothing to any timespan, so that at most two
 * elements of a value stand in one. An index makes an event that comes in order of time cost the
 * same however many values there are. */
#include "correlator/window_elements.h"
#include "lib/mem.h"
#include "lib/must.h"

/* A value and its two latest times. */
struct known {
	uint64_t value;
	int64_t latest_us, before_us; /* NEVER: none */
	bool used;
};

#define NEVER INT64_MIN

struct window_values {
	struct known *at; /* by value */
	size_t room, count;
	size_t head;       /* the first element that is not gone */
	size_t start;      /* the first one inside the timespan that ends with the last */
	size_t gone;       /* elements with .count 0 */
	uint64_t distinct; /* values with an element inside */
};

void values_free(struct window_values **v)
{
	if (!*v)
		return;
	mem_free((*v)->at);
	mem_free(*v);
	*v = NULL;
}

/* Values are hashes of a strong kind already, or places. */
static struct known *find(const struct window_values *v, uint64_t value)
{
	size_t i = (value * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (v->room - 1);

	while (v->at[i].used && v->at[i].value != value)
		i = (i + 1) & (v->room - 1);
	return &v->at[i];
}

static struct known *known_of(struct window_values *v, uint64_t value)
{
	struct known *k = find(v, value);

	must(v->count < v->room / 2);
	if (k->used)
		return k;
	*k = (struct known){value, NEVER, NEVER, true};
	v->count++;
	return k;
}

static bool is_inside(int64_t time_us, int64_t end_us, int64_t timespan_us)
{
	return time_us != NEVER && end_us - time_us <= timespan_us;
}

/* Moves the start of the timespan to where it must be when it ends at `end_us`. */
static void advance(struct window *w, int64_t end_us, int64_t timespan_us)
{
	struct window_values *v = w->values;

	for (; v->start < w->element_count; v->start++) {
		const struct window_element *e = &w->elements[v->start];

		if (is_inside(e->time_us, end_us, timespan_us))
			return;
		v->distinct -= e->count > 0 && find(v, e->value)->latest_us == e->time_us;
	}
}

/* Gone elements are always older than the last of their value. */
static void build(struct window *w, const struct window_spec *spec)
{
	struct window_values *v = mem_alloc(sizeof *v);
	size_t least = 2 * (w->element_count + window_room(spec)) + 16;

	v->room = 64;
	while (v->room < least)
		v->room *= 2;
	v->at = mem_array(v->room, sizeof *v->at);
	w->values = v;
	for (size_t i = 0; i < w->element_count; i++) {
		struct known *k = known_of(v, w->elements[i].value);

		k->before_us = k->latest_us;
		k->latest_us = w->elements[i].time_us;
	}
	v->distinct = v->count;
	if (w->element_count > 0)
		advance(w, w->elements[w->element_count - 1].time_us, spec->timespan_us);
}

static void rebuild(struct window *w, const struct window_spec *spec)
{
	elements_clean(w, w->newest_us - spec->timespan_us - spec->lateness_us);
	values_free(&w->values);
	build(w, spec);
}

/* Marks the element of a value at a time as gone. It lies between others of its value. */
static void mark_gone(struct window *w, uint64_t value, int64_t time_us)
{
	size_t low = 0, high = w->element_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (w->elements[middle].time_us < time_us)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < w->element_count && w->elements[low].value != value)
		low++;
	if (low == w->element_count || w->elements[low].time_us != time_us)
		return;
	w->elements[low].count = 0;
	w->values->gone++;
}

/* The oldest one makes room. */
static void drop_head(struct window *w)
{
	struct window_values *v = w->values;

	while (v->head < w->element_count && w->elements[v->head].count == 0)
		v->head++;
	if (v->head == w->element_count)
		return;
	struct window_element *e = &w->elements[v->head];
	struct known *k = find(v, e->value);
	if (k->latest_us == e->time_us) {
		v->distinct -= v->head >= v->start;
		k->latest_us = NEVER;
	}
	if (k->before_us == e->time_us)
		k->before_us = NEVER;
	e->count = 0;
	v->gone++;
}

static void add_known(
	struct window *w, const struct window_spec *spec, struct known *k, const struct hit *hit)
{
	struct window_values *v = w->values;

	if (k->latest_us == hit->time_us)
		return;
	v->distinct += !is_inside(k->latest_us, hit->time_us, spec->timespan_us);
	if (is_inside(k->before_us, hit->time_us, spec->timespan_us))
		mark_gone(w, k->value, k->latest_us);
	else
		k->before_us = k->latest_us;
	k->latest_us = hit->time_us;
	(void)elements_insert(w, hit);
	if (w->element_count - v->gone > window_room(spec))
		drop_head(w);
}

static bool take_in_order(struct window *w, const struct window_spec *spec, const struct hit *hit,
	struct window_verdict *ret)
{
	struct window_values *v = w->values;

	if (v->count + 1 >= v->room / 2 || v->gone > w->element_count / 2 + 64) {
		rebuild(w, spec);
		v = w->values;
	}
	advance(w, hit->time_us, spec->timespan_us);
	add_known(w, spec, known_of(v, hit->value), hit);
	size_t first = v->start;
	while (first + 1 < w->element_count && w->elements[first].count == 0)
		first++;
	*ret = (struct window_verdict){.count = v->distinct,
		.value = (double)v->distinct,
		.first_us = w->elements[first].time_us,
		.last_us = hit->time_us};
	return window_count_fits(spec, v->distinct);
}

/* Whether two others of the value, within a timespan of each other, have it between them. */
static bool adds_nothing(
	const struct window *w, const struct window_spec *spec, const struct hit *hit)
{
	int64_t before_us = NEVER, after_us = NEVER;

	for (size_t i = 0; i < w->element_count; i++) {
		const struct window_element *e = &w->elements[i];

		if (e->value != hit->value)
			continue;
		if (e->time_us == hit->time_us)
			return true;
		if (e->time_us < hit->time_us)
			before_us = e->time_us;
		else if (after_us == NEVER)
			after_us = e->time_us;
	}
	return before_us != NEVER && after_us != NEVER && after_us - before_us <= spec->timespan_us;
}

/* How often each value stands between two elements. */
struct tally {
	struct window_values table; /* .latest_us holds the number */
	uint64_t distinct;
};

static void tally_add(struct tally *t, uint64_t value)
{
	struct known *k = known_of(&t->table, value);

	if (k->latest_us == NEVER)
		k->latest_us = 0;
	t->distinct += k->latest_us++ == 0;
}

static void tally_take_off(struct tally *t, uint64_t value)
{
	t->distinct -= --find(&t->table, value)->latest_us == 0;
}

/* The timespan with most different values that holds element `at`, among those that meet the
 * condition. */
static bool any_timespan_fits(const struct window *w, const struct window_spec *spec, size_t at,
	struct window_verdict *ret)
{
	const struct window_element *e = w->elements;
	struct tally t = {.table.room = 64};
	size_t start = at;
	bool met = false;

	while (t.table.room < 2 * w->element_count + 4)
		t.table.room *= 2;
	t.table.at = mem_array(t.table.room, sizeof *t.table.at);
	while (start > 0 && e[at].time_us - e[start - 1].time_us <= spec->timespan_us)
		tally_add(&t, e[--start].value);
	for (size_t end = at;
		end < w->element_count && e[end].time_us - e[at].time_us <= spec->timespan_us;
		end++) {
		tally_add(&t, e[end].value);
		while (e[end].time_us - e[start].time_us > spec->timespan_us)
			tally_take_off(&t, e[start++].value);
		if (!window_count_fits(spec, t.distinct) || (met && t.distinct <= ret->count))
			continue;
		*ret = (struct window_verdict){
			t.distinct, (double)t.distinct, e[start].time_us, e[end].time_us};
		met = true;
	}
	mem_free(t.table.at);
	return met;
}

/* An event that is older than the last: all is looked through. */
static bool take_late(struct window *w, const struct window_spec *spec, const struct hit *hit,
	struct window_verdict *ret)
{
	values_free(&w->values);
	elements_clean(w, w->newest_us - spec->timespan_us - spec->lateness_us);
	bool stays = !adds_nothing(w, spec, hit);
	size_t at = elements_insert(w, hit);
	if (stays && w->element_count > window_room(spec)) {
		elements_drop(w, 0, 1);
		if (at-- == 0)
			return false;
	}
	bool met = any_timespan_fits(w, spec, at, ret);
	if (!stays)
		elements_drop(w, at, 1);
	return met;
}

bool values_take(struct window *w, const struct window_spec *spec, const struct hit *hit,
	struct window_verdict *ret)
{
	if (w->element_count > 0 && hit->time_us < w->elements[w->element_count - 1].time_us)
		return take_late(w, spec, hit, ret);
	if (!w->values)
		build(w, spec);
	return take_in_order(w, spec, hit, ret);
}
