#include "correlator/window.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

#define SECOND INT64_C(1000000)

static const struct window_spec three_events = {.kind = WINDOW_EVENT_COUNT,
	.timespan_us = 60 * SECOND,
	.lateness_us = 60 * SECOND,
	.suppress_us = 600 * SECOND,
	.range = {3, UINT64_MAX}};

static struct hit hit_at(int64_t seconds, uint64_t seq, uint64_t value)
{
	return (struct hit){.stream = 1,
		.id = {.ms = 1000, .seq = (uint32_t)seq},
		.time_us = (1000 + seconds) * SECOND,
		.value = value,
		.sample = SLICE("{}")};
}

/* One hit given at a time, each through the blob, as in the service. */
struct step {
	int64_t seconds;
	uint64_t value;
	enum window_outcome expected;
};

static void check_steps(const struct window_spec *spec, const struct step *steps, size_t count)
{
	CLEANUP(buf_release) struct buf blob = {0};

	for (size_t i = 0; i < count; i++) {
		CLEANUP(window_release) struct window w = {0};
		struct hit hit = hit_at(steps[i].seconds, i + 1, steps[i].value);
		struct window_verdict verdict;

		assert_true(window_read(&w, spec, buf_slice(&blob)));
		enum window_outcome found = window_apply(&w, spec, &hit, &verdict);
		if (found != steps[i].expected)
			fail_msg(
				"step %zu gives %d, not %d", i, (int)found, (int)steps[i].expected);
		buf_clear(&blob);
		window_write(&w, spec, i + 1, &blob);
		assert_true(w.element_count <= window_room(spec));
	}
}

#define CHECK(spec, steps) check_steps(spec, steps, sizeof(steps) / sizeof *(steps))

static void the_threshold_counts_within_a_sliding_timespan(void **state)
{
	static const struct step steps[] = {
		{0, 0, WINDOW_COUNTED}, {50, 0, WINDOW_COUNTED},
		{61, 0, WINDOW_COUNTED}, /* the first has left */
		{110, 0, WINDOW_FIRED},  /* 50, 61, 110: sixty seconds, both ends in */
	};

	(void)state;
	CHECK(&three_events, steps);
}

static void an_alert_is_raised_once_and_again_after_its_suppression(void **state)
{
	static const struct step steps[] = {
		{0, 0, WINDOW_COUNTED},
		{1, 0, WINDOW_COUNTED},
		{2, 0, WINDOW_FIRED},
		{3, 0, WINDOW_SUPPRESSED},
		{590, 0, WINDOW_COUNTED},
		{600, 0, WINDOW_COUNTED},
		{601, 0, WINDOW_SUPPRESSED},
		{602, 0, WINDOW_FIRED},
	};

	(void)state;
	CHECK(&three_events, steps);
}

static void events_out_of_order_count_and_too_late_ones_do_not(void **state)
{
	static const struct step steps[] = {
		{100, 0, WINDOW_COUNTED},
		{0, 0, WINDOW_COUNTED}, /* within timespan and lateness of the newest */
		{-21, 0, WINDOW_LATE},
		{55, 0, WINDOW_COUNTED}, /* 0 and 55; 55 and 100: never three */
		{50, 0, WINDOW_FIRED},   /* 50, 55, 100 */
	};

	(void)state;
	CHECK(&three_events, steps);
}

static void distinct_values_count_once(void **state)
{
	static const struct window_spec spec = {.kind = WINDOW_VALUE_COUNT,
		.timespan_us = 60 * SECOND,
		.suppress_us = 600 * SECOND,
		.range = {3, UINT64_MAX}};
	static const struct step steps[] = {
		{0, 1, WINDOW_COUNTED}, {1, 2, WINDOW_COUNTED}, {2, 2, WINDOW_COUNTED},
		{3, 1, WINDOW_COUNTED},
		{62, 3, WINDOW_FIRED}, /* 1 and 2 were seen again at 3 and 2 */
	};
	static const struct step slow[] = {
		{0, 1, WINDOW_COUNTED},
		{1, 2, WINDOW_COUNTED},
		{61, 3, WINDOW_COUNTED},
	};

	(void)state;
	CHECK(&spec, steps);
	CHECK(&spec, slow);
}

static void a_value_seen_again_keeps_its_first_time_in_the_verdict(void **state)
{
	static const struct window_spec spec = {
		.kind = WINDOW_VALUE_COUNT, .timespan_us = 60 * SECOND, .range = {2, UINT64_MAX}};
	static const int64_t posts[] = {0, 5, 20, 40}; /* the one at 0 has left at 61 */
	CLEANUP(window_release) struct window w = {0};
	struct window_verdict verdict;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct hit hit = hit_at(posts[i], i + 1, 1);

		assert_int_equal(window_apply(&w, &spec, &hit, &verdict), WINDOW_COUNTED);
	}
	struct hit denial = hit_at(61, 9, 2);

	assert_int_equal(window_apply(&w, &spec, &denial, &verdict), WINDOW_FIRED);
	assert_int_equal(verdict.first_us, 1005 * SECOND);
	assert_int_equal(verdict.last_us, 1061 * SECOND);
	assert_int_equal(verdict.count, 2);
}

static void an_order_must_be_kept(void **state)
{
	static const struct window_spec spec = {.kind = WINDOW_ORDERED,
		.timespan_us = 60 * SECOND,
		.lateness_us = 60 * SECOND,
		.suppress_us = 600 * SECOND,
		.range = {3, UINT64_MAX},
		.places = 3};
	static const struct step in_order[] = {
		{0, 0, WINDOW_COUNTED},
		{10, 1, WINDOW_COUNTED},
		{20, 2, WINDOW_FIRED},
	};
	static const struct step out_of_order[] = {
		{0, 1, WINDOW_COUNTED}, {10, 0, WINDOW_COUNTED}, {20, 2, WINDOW_COUNTED},
		{30, 1, WINDOW_COUNTED}, {40, 2, WINDOW_FIRED}, /* 10, 30, 40 */
	};
	static const struct step too_slow[] = {
		{0, 0, WINDOW_COUNTED},
		{30, 1, WINDOW_COUNTED},
		{61, 2, WINDOW_COUNTED},
		{62, 0, WINDOW_COUNTED},
	};
	static const struct step late[] = {
		{0, 0, WINDOW_COUNTED}, {20, 2, WINDOW_COUNTED},
		{10, 1, WINDOW_FIRED}, /* the middle one came last */
	};

	(void)state;
	CHECK(&spec, in_order);
	CHECK(&spec, out_of_order);
	CHECK(&spec, too_slow);
	CHECK(&spec, late);
}

static void a_range_has_two_ends(void **state)
{
	struct window_spec spec = three_events;
	static const struct step steps[] = {
		{0, 0, WINDOW_FIRED}, /* one is at most two */
		{1, 0, WINDOW_FIRED},
		{2, 0, WINDOW_COUNTED},
	};

	(void)state;
	spec.range = (struct window_range){1, 2};
	spec.suppress_us = 0;
	CHECK(&spec, steps);
}

static void an_event_is_never_applied_twice(void **state)
{
	CLEANUP(window_release) struct window w = {0};
	struct window_verdict verdict;
	struct hit first = hit_at(0, 5, 0), again = first, other_stream = first, older = first;

	(void)state;
	other_stream.stream = 2;
	older.id.seq = 4;
	assert_int_equal(window_apply(&w, &three_events, &first, &verdict), WINDOW_COUNTED);
	assert_int_equal(window_apply(&w, &three_events, &other_stream, &verdict), WINDOW_COUNTED);
	assert_int_equal(window_apply(&w, &three_events, &older, &verdict), WINDOW_KNOWN);
	assert_int_equal(window_apply(&w, &three_events, &again, &verdict), WINDOW_KNOWN);
	assert_int_equal(w.element_count, 2);
}

static void all_values_of_one_event_are_applied(void **state)
{
	static const struct window_spec spec = {
		.kind = WINDOW_VALUE_COUNT, .timespan_us = 60 * SECOND, .range = {3, UINT64_MAX}};
	CLEANUP(window_release) struct window w = {0};
	struct window_verdict verdict;

	(void)state;
	for (uint64_t value = 1; value <= 3; value++) {
		struct hit hit = hit_at(0, 1, value);

		assert_int_equal(window_apply(&w, &spec, &hit, &verdict),
			value < 3 ? WINDOW_COUNTED : WINDOW_FIRED);
	}
	assert_int_equal(verdict.count, 3);
}

static void one_event_raises_one_alert(void **state)
{
	static const struct window_spec spec = {
		.kind = WINDOW_VALUE_COUNT, .timespan_us = 60 * SECOND, .range = {2, UINT64_MAX}};
	static const enum window_outcome expected[] = {
		WINDOW_COUNTED, WINDOW_FIRED, WINDOW_SUPPRESSED, WINDOW_FIRED};
	CLEANUP(window_release) struct window w = {0};
	struct window_verdict verdict;

	(void)state;
	for (uint64_t value = 1; value <= 4; value++) {
		struct hit hit = hit_at(0, value < 4 ? 1 : 2, value);

		assert_int_equal(window_apply(&w, &spec, &hit, &verdict), expected[value - 1]);
	}
	assert_int_equal(w.alerts, 2);
}

static void a_flood_of_one_sign_does_not_push_out_the_others(void **state)
{
	static const struct window_spec spec = {.kind = WINDOW_ORDERED,
		.timespan_us = 60 * SECOND,
		.range = {3, UINT64_MAX},
		.places = 3};
	CLEANUP(window_release) struct window w = {0};
	struct window_verdict verdict;
	struct hit hit = hit_at(0, 1, 0);

	(void)state;
	(void)window_apply(&w, &spec, &hit, &verdict);
	for (uint64_t i = 2; i < 500; i++) {
		hit = hit_at(1 + (int64_t)i / 20, i, 1);
		assert_int_equal(window_apply(&w, &spec, &hit, &verdict), WINDOW_COUNTED);
	}
	assert_int_equal(w.element_count, window_room(&spec));
	hit = hit_at(50, 500, 2);
	assert_int_equal(window_apply(&w, &spec, &hit, &verdict), WINDOW_FIRED);
	assert_int_equal(verdict.first_us, 1000 * SECOND);
}

static void marks_and_alerts_survive_another_shape_of_the_rule(void **state)
{
	CLEANUP(window_release) struct window w = {0};
	CLEANUP(buf_release) struct buf blob = {0};
	struct window_spec longer = three_events;
	struct window_verdict verdict;
	struct hit hit = hit_at(0, 1, 0);

	(void)state;
	(void)window_apply(&w, &three_events, &hit, &verdict);
	w.alerts = 7;
	window_write(&w, &three_events, 1, &blob);
	window_release(&w);
	longer.timespan_us *= 2;
	assert_true(window_read(&w, &longer, buf_slice(&blob)));
	assert_int_equal(w.element_count, 0);
	assert_int_equal(w.sample_count, 0);
	assert_int_equal(w.alerts, 7);
	assert_int_equal(window_apply(&w, &longer, &hit, &verdict), WINDOW_KNOWN);
}

static void a_window_keeps_no_more_than_it_needs(void **state)
{
	CLEANUP(window_release) struct window w = {0};
	CLEANUP(buf_release) struct buf blob = {0};
	struct window_verdict verdict;

	(void)state;
	for (uint64_t i = 1; i <= 5000; i++) {
		struct hit hit = hit_at((int64_t)(i % 7), i, 0);

		(void)window_apply(&w, &three_events, &hit, &verdict);
	}
	assert_true(w.element_count <= window_room(&three_events));
	assert_true(w.sample_count <= WINDOW_SAMPLES_MAX);
	window_write(&w, &three_events, 1, &blob);
	assert_true(blob.len < 2048);
	assert_true(w.muted > 0);
}

static void a_blob_reads_back_as_it_was_written(void **state)
{
	CLEANUP(window_release) struct window w = {0};
	CLEANUP(window_release) struct window back = {0};
	CLEANUP(buf_release) struct buf one = {0};
	CLEANUP(buf_release) struct buf two = {0};
	struct window_verdict verdict;

	(void)state;
	for (uint64_t i = 1; i <= 4; i++) {
		struct hit hit = hit_at((int64_t)i, i, i);

		hit.stream = i % 2;
		hit.sample = SLICE("{\"a\":1}");
		(void)window_apply(&w, &three_events, &hit, &verdict);
	}
	window_write(&w, &three_events, 42, &one);
	assert_true(window_read(&back, &three_events, buf_slice(&one)));
	window_write(&back, &three_events, 42, &two);
	assert_true(slice_equal(buf_slice(&one), buf_slice(&two)));
	assert_int_equal(back.sample_count, 4);
	assert_int_equal(back.mark_count, 2);
}

static void a_blob_cut_short_is_refused(void **state)
{
	CLEANUP(window_release) struct window w = {0};
	CLEANUP(buf_release) struct buf blob = {0};
	struct window_verdict verdict;
	struct hit hit = hit_at(0, 1, 0);

	(void)state;
	(void)window_apply(&w, &three_events, &hit, &verdict);
	window_write(&w, &three_events, 1, &blob);
	for (size_t len = 1; len < blob.len; len++) {
		CLEANUP(window_release) struct window cut = {0};

		assert_false(window_read(&cut, &three_events, slice_over(blob.at, len)));
		assert_int_equal(cut.element_count, 0);
	}
}

/* Whether a timespan that holds the newest hit has enough different values (or events), by looking at
 * all of them. */
static bool some_timespan_has(
	const struct window_spec *spec, const struct hit *hits, size_t count, bool different)
{
	const struct hit *newest = &hits[count - 1];

	for (size_t s = 0; s < count; s++) {
		int64_t start = hits[s].time_us, end = start + spec->timespan_us;
		uint64_t found = 0;

		if (newest->time_us < start || newest->time_us > end)
			continue;
		for (size_t i = 0; i < count; i++) {
			bool counts = hits[i].time_us >= start && hits[i].time_us <= end;

			for (size_t k = 0; k < i && counts && different; k++)
				counts = hits[k].time_us < start || hits[k].time_us > end ||
					hits[k].value != hits[i].value;
			found += counts;
		}
		if (found >= spec->range.min)
			return true;
	}
	return false;
}

static void check_random(enum window_kind kind, uint64_t seed)
{
	const struct window_spec spec = {.kind = kind,
		.timespan_us = 30 * SECOND,
		.lateness_us = 60 * SECOND,
		.range = {4, UINT64_MAX}};
	CLEANUP(buf_release) struct buf blob = {0};
	struct hit hits[300];
	int64_t newest = 0;
	size_t count = 0;

	for (uint32_t i = 0; i < 300; i++) {
		CLEANUP(window_release) struct window w = {0};
		struct window_verdict verdict;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
		int64_t late = seed >> 60 < 4 ? (int64_t)(seed >> 40 & 63) : 0;
		hits[count] = hit_at((int64_t)i * 4 - late, i + 1, seed >> 33 & 7);
		if (hits[count].time_us < newest - spec.timespan_us - spec.lateness_us)
			continue;
		newest = hits[count].time_us > newest ? hits[count].time_us : newest;
		count++;
		assert_true(window_read(&w, &spec, buf_slice(&blob)));
		enum window_outcome found = window_apply(&w, &spec, &hits[count - 1], &verdict);
		bool expected = some_timespan_has(&spec, hits, count, kind == WINDOW_VALUE_COUNT);
		if ((found == WINDOW_FIRED) != expected)
			fail_msg("kind %d, hit %u gives %d", (int)kind, i, (int)found);
		buf_clear(&blob);
		window_write(&w, &spec, i + 1, &blob);
	}
}

static void counts_are_those_of_looking_at_everything(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		check_random(WINDOW_VALUE_COUNT, seed);
		check_random(WINDOW_EVENT_COUNT, seed);
	}
}

static void twenty_thousand_events_fit_in_a_small_blob(void **state)
{
	const struct window_spec spec = {.kind = WINDOW_EVENT_COUNT,
		.timespan_us = 60 * SECOND,
		.lateness_us = 60 * SECOND,
		.range = {20000, UINT64_MAX}};
	CLEANUP(window_release) struct window w = {0};
	CLEANUP(buf_release) struct buf blob = {0};
	struct window_verdict verdict;

	(void)state;
	for (uint32_t i = 1; i <= 20000; i++) {
		struct hit hit = hit_at(0, i, 0);

		hit.time_us += (int64_t)i * 2500;
		enum window_outcome found = window_apply(&w, &spec, &hit, &verdict);
		assert_int_equal(found, i < 20000 ? WINDOW_COUNTED : WINDOW_FIRED);
		assert_true(w.element_count <= window_room(&spec));
	}
	assert_int_equal(verdict.count, 20000);
	window_write(&w, &spec, 1, &blob);
	assert_true(blob.len < 32 << 10);
	struct hit later = hit_at(120, 200000, 0);
	assert_int_equal(window_apply(&w, &spec, &later, &verdict), WINDOW_COUNTED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_those_of_looking_at_everything),
		cmocka_unit_test(twenty_thousand_events_fit_in_a_small_blob),
		cmocka_unit_test(the_threshold_counts_within_a_sliding_timespan),
		cmocka_unit_test(an_alert_is_raised_once_and_again_after_its_suppression),
		cmocka_unit_test(events_out_of_order_count_and_too_late_ones_do_not),
		cmocka_unit_test(distinct_values_count_once),
		cmocka_unit_test(a_value_seen_again_keeps_its_first_time_in_the_verdict),
		cmocka_unit_test(an_order_must_be_kept),
		cmocka_unit_test(a_range_has_two_ends),
		cmocka_unit_test(an_event_is_never_applied_twice),
		cmocka_unit_test(all_values_of_one_event_are_applied),
		cmocka_unit_test(one_event_raises_one_alert),
		cmocka_unit_test(a_flood_of_one_sign_does_not_push_out_the_others),
		cmocka_unit_test(marks_and_alerts_survive_another_shape_of_the_rule),
		cmocka_unit_test(a_window_keeps_no_more_than_it_needs),
		cmocka_unit_test(a_blob_reads_back_as_it_was_written),
		cmocka_unit_test(a_blob_cut_short_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
