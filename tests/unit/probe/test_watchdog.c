#include "lib/log.h"
#include "probe/watchdog.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 80, WORK_MS = 1500 };

static int64_t cpu_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Works for WORK_MS, in one packet or in many; how the process ended. */
static int status_of_work(bool one_packet)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		const struct rlimit no_core = {0, 0};
		struct busy busy = {0};
		struct watchdog *d;
		int64_t end = cpu_ms() + WORK_MS;

		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)close(2);
		d = watchdog_new(&busy, LIMIT_MS);
		busy_begin(&busy);
		while (cpu_ms() < end) {
			if (one_packet)
				continue;
			busy_end(&busy);
			busy_begin(&busy);
		}
		busy_end(&busy);
		watchdog_free(&d);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void one_packet_for_too_long_ends_the_program(void **state)
{
	(void)state;
	int status = status_of_work(true);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void many_packets_may_take_as_long_as_they_need(void **state)
{
	(void)state;
	int status = status_of_work(false);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_packet_for_too_long_ends_the_program),
		cmocka_unit_test(many_packets_may_take_as_long_as_they_need),
	};

	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
