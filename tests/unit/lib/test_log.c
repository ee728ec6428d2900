#include "lib/log.h"
#include "lib/slice.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_ROOM = 1 << 18 };

/* What `f` logs, told by a child that ends as programs do. */
static const char *said_by(void (*f)(void))
{
	static char said[SAID_ROOM];
	int fds[2], status;
	size_t len = 0;
	ssize_t got;

	assert_return_code(pipe(fds), 0);
	pid_t child = fork();

	if (child == 0) {
		(void)dup2(fds[1], STDERR_FILENO);
		(void)close(fds[0]);
		(void)close(fds[1]);
		f();
		exit(0); // NOLINT(concurrency-mt-unsafe): its one thread
	}
	(void)close(fds[1]);
	while ((got = read(fds[0], said + len, SAID_ROOM - 1 - len)) > 0)
		len += (size_t)got;
	said[len] = '\0';
	(void)close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	return said;
}

static void each_level(void)
{
	log_error("broken key=%d", 1);
	log_warning("slow");
	log_notice("up");
	log_info("one page");
	log_debug("details");
}

static void at_a_terminal(void)
{
	(void)unsetenv("JOURNAL_STREAM"); // NOLINT(concurrency-mt-unsafe): the one thread
	log_init("haidang-probe", LOG_LEVEL_INFO);
	each_level();
}

static void in_a_journal(void)
{
	(void)setenv("JOURNAL_STREAM", "8:1", 1); // NOLINT(concurrency-mt-unsafe): the one thread
	log_init("haidang-probe", LOG_LEVEL_DEBUG);
	each_level();
}

static void lines_above_the_level_are_left_out(void **state)
{
	(void)state;
	assert_string_equal(said_by(at_a_terminal),
		"haidang-probe: broken key=1\n"
		"haidang-probe: slow\n"
		"haidang-probe: up\n"
		"haidang-probe: one page\n");
}

static void a_journal_is_told_priorities(void **state)
{
	(void)state;
	assert_string_equal(said_by(in_a_journal),
		"<3>broken key=1\n<4>slow\n<5>up\n<6>one page\n<7>details\n");
}

static void repeats(void)
{
	log_init("p", LOG_LEVEL_NOTICE);
	for (int i = 0; i < 4; i++)
		log_error("a");
	log_warning("a"); /* another level is another message */
	log_error("b");
	log_error("b");
	log_error("b");
}

static void repeats_are_counted_also_at_the_end(void **state)
{
	(void)state;
	assert_string_equal(said_by(repeats),
		"p: a\np: last message repeated 3 times\np: a\n"
		"p: b\np: last message repeated 2 times\n");
}

static void hostile_texts(void)
{
	char longest[3000] = {0};

	memset(longest, 'x', sizeof(longest) - 1);
	/* A character of three bytes, which the limit cuts. */
	longest[1021] = '\xe1';
	longest[1022] = '\xbb';
	longest[1023] = '\x99';
	log_init("p", LOG_LEVEL_NOTICE);
	log_error("a\nb\r\x1b[31mc\x7f");
	log_error("%s", longest);
}

static void a_line_stays_one_line_and_text(void **state)
{
	const char *said = said_by(hostile_texts);

	(void)state;
	assert_memory_equal(said, "p: a b  [31mc \np: xxx", 21);
	assert_int_equal(strlen(said), 15 + 3 + 1021 + 1);
}

static void *thread_main(void *name)
{
	for (int i = 0; i < 200; i++)
		log_error("thread %s line %d end", (const char *)name, i);
	return NULL;
}

static void from_threads(void)
{
	static char names[][2] = {"a", "b", "c", "d"};
	pthread_t threads[4];

	log_init("p", LOG_LEVEL_NOTICE);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thread_main, names[i]), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void threads_do_not_mix_their_lines(void **state)
{
	struct slice rest = slice_of(said_by(from_threads)), line;
	size_t count = 0;

	(void)state;
	for (; slice_cut(&rest, '\n', &line); count++) {
		assert_true(slice_starts(line, SLICE("p: thread ")));
		assert_true(slice_ends(line, SLICE(" end")));
	}
	assert_int_equal(count, 800);
}

static void with_stderr_closed(void)
{
	char name[] = "/tmp/haidang-log-XXXXXX", byte;

	(void)close(STDERR_FILENO);
	log_init("p", LOG_LEVEL_NOTICE);
	int fd = mkstemp(name);

	assert_true(fd > STDERR_FILENO);
	log_error("lost");
	assert_int_equal(pread(fd, &byte, 1, 0), 0);
	(void)unlink(name);
}

static void a_closed_stderr_does_not_turn_a_file_into_the_log(void **state)
{
	(void)state;
	assert_string_equal(said_by(with_stderr_closed), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_above_the_level_are_left_out),
		cmocka_unit_test(a_journal_is_told_priorities),
		cmocka_unit_test(repeats_are_counted_also_at_the_end),
		cmocka_unit_test(a_line_stays_one_line_and_text),
		cmocka_unit_test(threads_do_not_mix_their_lines),
		cmocka_unit_test(a_closed_stderr_does_not_turn_a_file_into_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
