#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/service.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FOREVER_MS = 60000, PATIENCE_S = 30 };

/* A service on a manual clock, and what its callbacks did. */
struct bench {
	struct clock_manual clock;
	struct service *s;
	struct buf did;
	int pipes[3][2];
};

static int bench_make(void **state)
{
	struct bench *b = mem_alloc(sizeof(*b));

	*state = b;
	clock_manual_init(&b->clock, 0);
	b->s = service_new(&b->clock.clock);
	for (size_t i = 0; i < 3; i++) {
		if (pipe(b->pipes[i]) < 0)
			return -1;
	}
	return 0;
}

static int bench_remove(void **state)
{
	struct bench *b = *state;
	sigset_t all;

	service_free(&b->s);
	for (size_t i = 0; i < 3; i++) {
		(void)close(b->pipes[i][0]);
		(void)close(b->pipes[i][1]);
	}
	buf_release(&b->did);
	mem_free(b);
	(void)sigfillset(&all);
	return pthread_sigmask(SIG_UNBLOCK, &all, NULL);
}

static void tick(void *ctx)
{
	struct bench *b = ctx;

	buf_add_byte(&b->did, 't');
}

static void tock(void *ctx)
{
	struct bench *b = ctx;

	buf_add_byte(&b->did, 'o');
}

static void timers_are_called_when_due_and_not_made_up_for(void **state)
{
	static const struct {
		int64_t advance_ms;
		const char *did;
	} rows[] = {{99, ""}, {1, "t"}, {99, ""}, {51, "to"}, {50, "t"}, {1000, "to"}, {99, ""},
		{1, "t"}, {0, ""}};
	struct bench *b = *state;

	service_timer(b->s, 100, tick, b);
	service_timer(b->s, 250, tock, b);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		clock_manual_advance(&b->clock, rows[i].advance_ms);
		service_wait(b->s, 0);
		if (!slice_is(buf_slice(&b->did), rows[i].did))
			fail_msg("row %zu: %s", i, buf_text(&b->did));
		buf_clear(&b->did);
	}
}

static void spawn(void *ctx)
{
	struct bench *b = ctx;

	for (int i = 0; i < 100; i++)
		service_timer(b->s, 5, tock, b);
	tick(b);
}

static void a_timer_may_start_timers(void **state)
{
	struct bench *b = *state;

	service_timer(b->s, 1000, spawn, b);
	clock_manual_advance(&b->clock, 1000);
	service_wait(b->s, 0);
	assert_string_equal(buf_text(&b->did), "t");
	clock_manual_advance(&b->clock, 5);
	service_wait(b->s, 0);
	assert_int_equal(b->did.len, 101);
}

static void note_and_read(void *ctx, int fd, unsigned events)
{
	struct bench *b = ctx;
	char byte;

	assert_true(events & EPOLLIN);
	assert_int_equal(read(fd, &byte, 1), 1);
	buf_add_byte(&b->did, byte);
}

static void descriptors_are_watched_until_unwatched(void **state)
{
	struct bench *b = *state;
	int fd = b->pipes[0][0];

	service_watch(b->s, fd, EPOLLIN, note_and_read, b);
	service_wait(b->s, 0);
	assert_int_equal(write(b->pipes[0][1], "abc", 3), 3);
	service_wait(b->s, FOREVER_MS);
	service_watch(b->s, fd, 0, note_and_read, b);
	service_wait(b->s, 0);
	service_watch(b->s, fd, EPOLLIN, note_and_read, b);
	service_wait(b->s, FOREVER_MS);
	assert_string_equal(buf_text(&b->did), "ab");
	service_unwatch(b->s, fd);
	service_unwatch(b->s, fd);
	service_wait(b->s, 0);
	assert_string_equal(buf_text(&b->did), "ab");
}

/* Whichever of the two is called first ends both; the other one's event is in the same batch. */
static void end_both(void *ctx, int fd, unsigned events)
{
	struct bench *b = ctx;

	(void)fd;
	(void)events;
	buf_add_byte(&b->did, 'x');
	for (size_t i = 0; i < 2; i++) {
		service_unwatch(b->s, b->pipes[i][0]);
		(void)close(b->pipes[i][0]);
	}
	/* The lowest free numbers: those that were just closed. */
	for (size_t i = 0; i < 2; i++) {
		b->pipes[i][0] = dup(b->pipes[2][0]);
		service_watch(b->s, b->pipes[i][0], EPOLLIN, note_and_read, b);
	}
}

static void a_callback_may_unwatch_itself_and_others(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(write(b->pipes[i][1], "a", 1), 1);
		service_watch(b->s, b->pipes[i][0], EPOLLIN, end_both, b);
	}
	/* Were the stale event delivered to the new watch, it would block in read(). */
	service_wait(b->s, FOREVER_MS);
	assert_string_equal(buf_text(&b->did), "x");
	assert_int_equal(write(b->pipes[2][1], "n", 1), 1);
	service_unwatch(b->s, b->pipes[0][0]);
	service_wait(b->s, FOREVER_MS);
	assert_string_equal(buf_text(&b->did), "xn");
}

static void a_descriptor_closed_while_watched_can_be_watched_anew(void **state)
{
	struct bench *b = *state;
	int fd = b->pipes[0][0];

	service_watch(b->s, fd, EPOLLIN, note_and_read, b);
	(void)close(fd);
	assert_int_equal(dup(b->pipes[1][0]), fd);
	service_watch(b->s, fd, EPOLLIN, note_and_read, b);
	assert_int_equal(write(b->pipes[1][1], "n", 1), 1);
	service_wait(b->s, FOREVER_MS);
	assert_string_equal(buf_text(&b->did), "n");
}

static void a_hangup_asks_for_one_reload(void **state)
{
	struct bench *b = *state;

	assert_false(service_reload_wanted(b->s));
	assert_return_code(kill(getpid(), SIGHUP), 0);
	service_wait(b->s, FOREVER_MS);
	assert_true(service_running(b->s));
	assert_true(service_reload_wanted(b->s));
	assert_false(service_reload_wanted(b->s));
}

static void stop_signals_end_the_loop(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct service *s = service_new(clock_system());

		assert_true(service_running(s));
		/* Doubled, as timeout(1) does: the second one must not kill. */
		assert_return_code(kill(getpid(), signals[i]), 0);
		assert_return_code(kill(getpid(), SIGTERM), 0);
		service_wait(s, FOREVER_MS);
		assert_false(service_running(s));
		service_free(&s);
	}
}

static void a_stop_may_come_from_within(void **state)
{
	struct bench *b = *state;

	service_stop(b->s);
	service_stop(b->s);
	assert_false(service_running(b->s));
}

static void drain_forever(int told)
{
	struct service *s = service_new(clock_system());

	while (service_running(s)) {
		assert_int_equal(write(told, "r", 1), 1);
		service_wait(s, FOREVER_MS);
	}
	assert_int_equal(write(told, "d", 1), 1);
	for (;;)
		(void)pause();
}

static void a_second_stop_signal_ends_at_once(void **state)
{
	int told[2], status;
	char byte;

	(void)state;
	assert_return_code(pipe(told), 0);
	pid_t child = fork();

	if (child == 0) {
		(void)alarm(PATIENCE_S);
		(void)signal(SIGTERM, SIG_DFL);
		drain_forever(told[1]);
	}
	assert_true(read(told[0], &byte, 1) == 1 && byte == 'r');
	assert_return_code(kill(child, SIGTERM), 0);
	assert_true(read(told[0], &byte, 1) == 1 && byte == 'd');
	assert_return_code(kill(child, SIGTERM), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	(void)close(told[0]);
	(void)close(told[1]);
}

static void a_closed_pipe_kills_nothing(void **state)
{
	struct bench *b = *state;

	(void)close(b->pipes[0][0]);
	assert_int_equal(write(b->pipes[0][1], "x", 1), -1);
	b->pipes[0][0] = dup(STDIN_FILENO);
}

/* What the service manager is told, in a child whose environment names a socket for it. */
static void notify(const char *path)
{
	char pid[16];
	struct clock_manual clock;

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	// NOLINTBEGIN(concurrency-mt-unsafe): the one thread
	(void)setenv("NOTIFY_SOCKET", path, 1);
	(void)setenv("WATCHDOG_USEC", "10000000", 1);
	(void)setenv("WATCHDOG_PID", pid, 1);
	// NOLINTEND(concurrency-mt-unsafe)
	clock_manual_init(&clock, 0);
	struct service *s = service_new(&clock.clock);

	service_wait(s, 0);
	service_ready(s, "up");
	service_ready(s, "up again");
	service_status(s, "busy");
	for (int i = 0; i < 3; i++) {
		clock_manual_advance(&clock, 2500);
		service_wait(s, 0);
	}
	service_stop(s);
	service_free(&s);
	_exit(0);
}

static void the_service_manager_is_told(void **state)
{
	static const char *const messages[] = {"WATCHDOG=1", "READY=1\nSTATUS=up",
		"STATUS=up again", "STATUS=busy", "WATCHDOG=1", "STOPPING=1"};
	char folder[] = "/tmp/haidang-notify-XXXXXX", got[256];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), status;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
	assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	pid_t child = fork();

	if (child == 0)
		notify(address.sun_path);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		ssize_t len = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

		assert_true(len > 0);
		got[len] = '\0';
		assert_string_equal(got, messages[i]);
	}
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), -1);
	(void)close(fd);
	(void)unlink(address.sun_path);
	assert_return_code(rmdir(folder), 0);
}

#define ON_BENCH(f) cmocka_unit_test_setup_teardown(f, bench_make, bench_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BENCH(timers_are_called_when_due_and_not_made_up_for),
		ON_BENCH(a_timer_may_start_timers),
		ON_BENCH(descriptors_are_watched_until_unwatched),
		ON_BENCH(a_callback_may_unwatch_itself_and_others),
		ON_BENCH(a_descriptor_closed_while_watched_can_be_watched_anew),
		ON_BENCH(a_hangup_asks_for_one_reload),
		ON_BENCH(a_stop_may_come_from_within),
		ON_BENCH(a_closed_pipe_kills_nothing),
		cmocka_unit_test(stop_signals_end_the_loop),
		cmocka_unit_test(a_second_stop_signal_ends_at_once),
		cmocka_unit_test(the_service_manager_is_told),
	};

	/* A hung service blocks SIGTERM, which a test runner would send. */
	(void)alarm(PATIENCE_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
