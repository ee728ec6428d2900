/* What windows hold of the events in their timespan: window.c's inside. */
#pragma once

#include "correlator/window.h"

/* Takes the event in; true when the condition is then met by a timespan that holds it. Events older
 * than the window's reach have been left out before. */
bool elements_take(struct window *w, const struct window_spec *spec, const struct hit *hit,
	struct window_verdict *ret);

/* The same for WINDOW_VALUE_COUNT, in constant time for events in order of time. */
bool values_take(struct window *w, const struct window_spec *spec, const struct hit *hit,
	struct window_verdict *ret);
void values_free(struct window_values **v);

/* Drops what is older, and what has been marked as gone (.count 0). */
void elements_clean(struct window *w, int64_t horizon_us);

/* Makes room for one more and gives where it stands: after all that are not later. */
size_t elements_insert(struct window *w, const struct hit *hit);
void elements_drop(struct window *w, size_t at, size_t count);

bool window_count_fits(const struct window_spec *spec, uint64_t count);
