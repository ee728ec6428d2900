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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_added_up_and_unknown_metrics_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
