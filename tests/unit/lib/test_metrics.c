#include "lib/file.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void samples_of_a_name_stand_together_under_one_type(void **state)
{
	CLEANUP(metrics_free) struct metrics *m = metrics_new();
	CLEANUP(buf_release) struct buf text = {0};
	struct metric *seen =
		metrics_counter(m, "seen_total", "if=\"a\"", "Packets.\nOf \\any\\ kind");
	struct metric *lag = metrics_gauge(m, "lag_ms", "", "Lag.");

	(void)state;
	metric_add(seen, 3);
	metric_add(metrics_counter(m, "seen_total", "if=\"b\"", "Packets"), 1);
	metric_add(metrics_counter(m, "seen_total", "if=\"a\"", ""), 4);
	metric_set(lag, -5);
	metrics_write(m, &text);
	assert_string_equal(buf_text(&text),
		"# HELP seen_total Packets.\\nOf \\\\any\\\\ kind\n# TYPE seen_total counter\n"
		"seen_total{if=\"a\"} 7\nseen_total{if=\"b\"} 1\n"
		"# HELP lag_ms Lag.\n# TYPE lag_ms gauge\nlag_ms -5\n");
	assert_int_equal(metric_value(seen), 7);
}

static void *adder(void *metric)
{
	for (int i = 0; i < 10000; i++)
		metric_add(metric, 1);
	return NULL;
}

static void threads_lose_no_count(void **state)
{
	CLEANUP(metrics_free) struct metrics *m = metrics_new();
	struct metric *metric = metrics_counter(m, "n_total", "", "");
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, adder, metric), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(metric_value(metric), 40000);
}

static void the_file_holds_what_is_written(void **state)
{
	char folder[] = "/tmp/haidang-metrics-XXXXXX";
	CLEANUP(metrics_free) struct metrics *m = metrics_new();
	CLEANUP(buf_release) struct buf text = {0}, got = {0};
	struct err err = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/probe.prom", folder);

	metrics_counter(m, "n_total", "", "Things.");
	metrics_write(m, &text);
	assert_int_equal(metrics_write_file(m, path), 0);
	assert_true(file_read(path, 1000, &got, &err));
	assert_string_equal(buf_text(&got), buf_text(&text));
	assert_return_code(unlink(path), 0);
	assert_return_code(rmdir(folder), 0); /* nothing else was left in it */
	assert_int_equal(metrics_write_file(m, path), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_of_a_name_stand_together_under_one_type),
		cmocka_unit_test(threads_lose_no_count),
		cmocka_unit_test(the_file_holds_what_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
