#include "lib/mem.h"
#include "lib/redis.h"
#include "tests/redis_server.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

/* A master, and a sentinel that names it to the first who asks, hangs up, and is silent to all later
 * ones; it writes a byte to `heard` for each that connected. */
struct pair {
	struct redis_server master;
	char port[8], sentinel[32];
	int heard;
	pid_t child;
};

static int listen_anywhere(unsigned *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void say(int fd, const char *text)
{
	char in[256];

	if (read(fd, in, sizeof in) <= 0 || write(fd, text, strlen(text)) < 0)
		_exit(1);
}

static void be_a_sentinel(int listener, int told, const char *port)
{
	char master[64];

	(void)snprintf(master, sizeof master, "*2\r\n$9\r\n127.0.0.1\r\n$%zu\r\n%s\r\n",
		strlen(port), port);
	for (unsigned count = 0;; count++) {
		int fd = accept(listener, NULL, NULL);

		if (count == 0) {
			say(fd, "+PONG\r\n");
			say(fd, master);
			say(fd, "*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n");
			(void)close(fd);
		}
		if (write(told, "c", 1) != 1)
			_exit(1);
	}
}

static int pair_make(void **state)
{
	struct pair *p = mem_alloc(sizeof *p);
	unsigned port;
	int told[2], listener = listen_anywhere(&port);

	(void)close(listener);
	(void)snprintf(p->port, sizeof p->port, "%u", port);
	redis_server_make(&p->master, "port", p->port, "bind", "127.0.0.1", NULL);
	redis_server_start(&p->master);
	listener = listen_anywhere(&port);
	(void)snprintf(p->sentinel, sizeof p->sentinel, "127.0.0.1:%u", port);
	assert_int_equal(pipe(told), 0);
	p->child = fork();
	if (p->child == 0)
		be_a_sentinel(listener, told[1], p->port);
	(void)close(listener);
	(void)close(told[1]);
	p->heard = told[0];
	*state = p;
	return 0;
}

static int pair_remove(void **state)
{
	struct pair *p = *state;

	(void)kill(p->child, SIGKILL);
	(void)waitpid(p->child, NULL, 0);
	(void)close(p->heard);
	redis_server_remove(&p->master);
	mem_free(p);
	return 0;
}

/* How many more have connected to the sentinel; it is given `wait_ms` to say so. */
static size_t asked(const struct pair *p, int wait_ms)
{
	struct pollfd fd = {.fd = p->heard, .events = POLLIN};
	char bytes[16];
	size_t count = 0;

	for (; poll(&fd, 1, wait_ms) > 0; wait_ms = 0) {
		ssize_t len = read(p->heard, bytes, sizeof bytes);

		assert_true(len > 0);
		count += (size_t)len;
	}
	return count;
}

static int ping(struct redis *r)
{
	const struct slice args[] = {SLICE("GET"), SLICE("k")};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;

	return redis_call(r, args[1], args, 2, &reply);
}

static void silent_sentinels_do_not_hold_up_a_master_that_can_be_reached(void **state)
{
	struct pair *p = *state;
	const char *const sentinels[] = {p->sentinel};
	struct clock_manual clock;
	const struct redis_options options = {.address = "127.0.0.1:1",
		.master = "m",
		.nodes = sentinels,
		.node_count = 1,
		.timeout_ms = 300};

	clock_manual_init(&clock, 0);
	CLEANUP(redis_free) struct redis *r = redis_new(&options, &clock.clock);

	assert_int_equal(ping(r), 0);
	assert_int_equal(asked(p, 1000), 1);
	assert_int_equal(ping(r), 0);
	assert_int_equal(asked(p, 1000), 1);
	for (int i = 0; i < 3; i++) {
		clock_manual_advance(&clock, 3000); /* past every back-off */
		assert_int_equal(ping(r), 0);
	}
	assert_int_equal(asked(p, 0), 0);
	clock_manual_advance(&clock, 3000);
	assert_int_equal(ping(r), 0);
	assert_int_equal(asked(p, 1000), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			silent_sentinels_do_not_hold_up_a_master_that_can_be_reached, pair_make,
			pair_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
