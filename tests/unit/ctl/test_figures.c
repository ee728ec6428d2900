#include "ctl/figures.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <inttypes.h>

static void add_words(void *ctx, const struct figure *figure, int64_t value)
{
	buf_printf(ctx, "%s=%" PRId64 ";", figure->label, value);
}

static void labels_are_added_up_and_unknown_metrics_left_out(void **state)
{
	static const struct {
		const char *program, *metrics, *words;
	} rows[] = {
		{"courier",
			"{\"haidang_courier_delivered_total{target=\\\"a\\\"}\": 3,"
			"\"haidang_courier_delivered_total{target=\\\"b\\\"}\": 4,"
			"\"haidang_courier_delivered_total_other\": 5, \"x\": 1}",
			"delivered=7;"},
		{"courier", "{}", ""},
		{"courier", "{\"haidang_courier_delivered_total\": \"many\"}", ""},
		{"correlator",
			"{\"haidang_correlator_lag_ms{s=\\\"a\\\"}\": 3,"
			"\"haidang_correlator_lag_ms{s=\\\"b\\\"}\": 7,"
			"\"haidang_correlator_lag_ms{s=\\\"c\\\"}\": 5}",
			"lag ms=7;"},
		{"nobody", "{\"haidang_courier_delivered_total\": 1}", ""},
	};
	CLEANUP(json_reader_free) struct json_reader *reader = json_reader_new(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_release) struct buf words = {0};
		struct json_value metrics;
		struct err err = {0};

		assert_true(json_read(reader, slice_of(rows[i].metrics), &metrics, &err));
		figures_each(slice_of(rows[i].program), metrics, add_words, &words);
		assert_string_equal(buf_text(&words), rows[i].words);
	}
}

static void a_fault_is_what_does_not_work_now(void **state)
{
	static const struct {
		int64_t value;
		enum figure_meaning meaning;
		bool fault;
	} rows[] = {
		{0, FIGURE_COUNT, false},
		{9, FIGURE_COUNT, false},
		{9, FIGURE_LARGEST, false},
		{0, FIGURE_FAULTS, false},
		{1, FIGURE_FAULTS, true},
		{1, FIGURE_UP, false},
		{0, FIGURE_UP, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(figure_is_fault(&(struct figure){.meaning = rows[i].meaning},
					 rows[i].value),
			rows[i].fault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_added_up_and_unknown_metrics_left_out),
		cmocka_unit_test(a_fault_is_what_does_not_work_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
