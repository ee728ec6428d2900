#include "event/eve.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAIT_MS = 20000 };

struct bench {
	char folder[64], path[96];
	struct metrics *metrics;
	struct metric *lost;
};

static int bench_make(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);

	(void)snprintf(b->folder, sizeof b->folder, "/tmp/haidang-eve-XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	(void)snprintf(b->path, sizeof b->path, "%s/eve.json", b->folder);
	b->metrics = metrics_new();
	b->lost = metrics_counter(b->metrics, "lost", "", "");
	*state = b;
	return 0;
}

static int bench_remove(void **state)
{
	struct bench *b = *state;

	metrics_free(&b->metrics);
	(void)unlink(b->path);
	(void)rmdir(b->folder);
	mem_free(b);
	return 0;
}

static void assert_file_is(const struct bench *b, const char *text)
{
	CLEANUP(buf_release) struct buf found = {0};
	struct err err = {0};

	assert_true(file_read(b->path, 1 << 20, &found, &err));
	assert_string_equal(buf_text(&found), text);
}

static void limit_files(rlim_t len)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = len;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void lines_are_appended(void **state)
{
	struct bench *b = *state;

	assert_int_equal(file_write(b->path, SLICE("{\"old\":1}\n")), 0);
	struct eve *eve = eve_new(b->path, 10, b->lost);

	eve_line(eve, SLICE("{\"a\":1}"));
	eve_line(eve, SLICE("{\"b\":2}"));
	assert_true(eve_wait(eve, WAIT_MS));
	assert_file_is(b, "{\"old\":1}\n{\"a\":1}\n{\"b\":2}\n");
	eve_line(eve, SLICE("{\"c\":3}"));
	eve_free(&eve);
	assert_null(eve);
	assert_file_is(b, "{\"old\":1}\n{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
}

/* A disk that takes only a part of the lines: one line is spoilt, later ones are whole. */
static void a_disk_that_fills_up_spoils_one_line_at_most(void **state)
{
	struct bench *b = *state;

	(void)signal(SIGXFSZ, SIG_IGN);
	limit_files(12);
	struct eve *eve = eve_new(b->path, 600000, b->lost);

	eve_line(eve, SLICE("{\"a\":1}"));
	eve_line(eve, SLICE("{\"b\":2}"));
	eve_line(eve, SLICE("{\"c\":3}"));
	assert_true(eve_wait(eve, WAIT_MS));
	assert_int_equal(eve_error(eve), -EFBIG);
	assert_int_equal(metric_value(b->lost), 2);
	limit_files(RLIM_INFINITY);
	eve_line(eve, SLICE("{\"d\":4}"));
	assert_true(eve_wait(eve, WAIT_MS));
	assert_int_equal(eve_error(eve), 0);
	eve_free(&eve);
	assert_file_is(b, "{\"a\":1}\n{\"b\"\n{\"d\":4}\n");
}

static void a_disk_full_between_two_lines_spoils_none(void **state)
{
	struct bench *b = *state;

	(void)signal(SIGXFSZ, SIG_IGN);
	limit_files(8);
	struct eve *eve = eve_new(b->path, 600000, b->lost);

	eve_line(eve, SLICE("{\"a\":1}"));
	eve_line(eve, SLICE("{\"b\":2}"));
	assert_true(eve_wait(eve, WAIT_MS));
	assert_int_equal(metric_value(b->lost), 1);
	limit_files(RLIM_INFINITY);
	eve_line(eve, SLICE("{\"d\":4}"));
	eve_free(&eve);
	assert_file_is(b, "{\"a\":1}\n{\"d\":4}\n");
}

static void a_file_that_cannot_be_opened_is_tried_again(void **state)
{
	struct bench *b = *state;

	assert_int_equal(rmdir(b->folder), 0);
	struct eve *eve = eve_new(b->path, 600000, b->lost);

	assert_int_equal(eve_error(eve), -ENOENT);
	eve_line(eve, SLICE("{\"a\":1}"));
	assert_true(eve_wait(eve, WAIT_MS));
	assert_int_equal(metric_value(b->lost), 1);
	assert_int_equal(mkdir(b->folder, 0700), 0);
	eve_line(eve, SLICE("{\"b\":2}"));
	eve_free(&eve);
	assert_file_is(b, "{\"b\":2}\n");
}

static void stdout_is_a_file_too(void **state)
{
	struct bench *b = *state;
	int kept = dup(STDOUT_FILENO);

	assert_true(kept >= 0 && fflush(stdout) == 0 && freopen(b->path, "we", stdout) != NULL);
	struct eve *eve = eve_new("-", 10, b->lost);

	eve_line(eve, SLICE("{\"a\":1}"));
	eve_free(&eve);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	(void)close(kept);
	assert_file_is(b, "{\"a\":1}\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(lines_are_appended),
		CASE(a_disk_that_fills_up_spoils_one_line_at_most),
		CASE(a_disk_full_between_two_lines_spoils_none),
		CASE(a_file_that_cannot_be_opened_is_tried_again),
		CASE(stdout_is_a_file_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
