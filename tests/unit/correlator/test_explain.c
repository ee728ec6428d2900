#include "correlator/explain.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <time.h>

static void check(const char *text, const char *expected)
{
	static const struct rule rule = {.window = {.kind = WINDOW_EVENT_COUNT,
						 .timespan_us = INT64_C(120000000),
						 .range = {25, 99}}};
	static const struct slice samples[] = {
		SLICE_INIT("{\"tls\":{\"notafter\":\"2025-11-01T00:00:00.000000+00:00\","
			   "\"sni\":\"T2025-11-01\"},\"src_ip\":\"10.0.0.1\"}")};
	const struct explain_facts facts = {.rule = &rule,
		.verdict = {.count = 31, .first_us = 0, .last_us = INT64_C(1795435199000000)},
		.group = SLICE("{\"src_ip\":\"10.77.1.66\"}"),
		.samples = samples,
		.sample_count = 1};
	CLEANUP(explain_free) struct explain *x = explain_new();
	CLEANUP(buf_release) struct buf out = {0};

	explain_about(x, &facts);
	explain_write(x, slice_of(text), EXPLAIN_VI, &out);
	assert_string_equal(buf_text(&out), expected);
}

static void names_become_numbers_and_fields(void **state)
{
	(void)state;
	check("{src_ip}: {count}/{threshold} trong {timespan}", "10.77.1.66: 31/25 trong 2 phút");
	check("{tls.sni} {no.such} {", "T2025-11-01 — {");
}

static void times_are_written_as_people_read_them(void **state)
{
	(void)state;
	check("{last_seen}", "18:59:59 23/11/2026");
	check("{tls.notafter}", "07:00:00 01/11/2025");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_numbers_and_fields),
		cmocka_unit_test(times_are_written_as_people_read_them),
	};

	(void)setenv("TZ", "<+07>-7", 1); /* NOLINT(concurrency-mt-unsafe): the only thread */
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
