#include "collector/limits.h"
#include "collector/listener.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A listener on loopback, its Redis away: what it takes goes to the spool. */
struct fixture {
	struct clock_manual clock;
	struct service *service;
	struct metrics *metrics;
	struct networks *home;
	struct listener *listener;
	char folder[32];
	char at[32], from[16], *listen[1], *allow[1];
	struct sockaddr_in address;
	struct input_config config;
	struct publish_options publish;
	char spool[64];
};

static void pick_port(struct fixture *f)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof f->address;

	f->address = (struct sockaddr_in){.sin_family = AF_INET};
	f->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&f->address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&f->address, &len), 0);
	(void)close(fd);
	(void)snprintf(f->at, sizeof f->at, "tcp:127.0.0.1:%u", ntohs(f->address.sin_port));
}

static void open_listener(struct fixture *f)
{
	struct err err = {0};
	const struct listener_options options = {
		.config = &f->config,
		.home = f->home,
		.publish = &f->publish,
		.service = f->service,
		.clock = &f->clock.clock,
		.metrics = f->metrics,
	};

	f->listener = listener_new(&options, &err);
	assert_string_equal(err_text(&err), "");
}

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);
	struct err err = {0};

	(void)snprintf(f->folder, sizeof f->folder, "/tmp/hd-lst-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->spool, sizeof f->spool, "%s/spool", f->folder);
	clock_manual_init(&f->clock, INT64_C(1764000000000000));
	f->service = service_new(&f->clock.clock);
	f->metrics = metrics_new();
	pick_port(f);
	(void)snprintf(f->from, sizeof f->from, "127.0.0.0/8");
	f->listen[0] = f->at;
	f->allow[0] = f->from;
	f->home = networks_new(f->allow, 1, &err);
	f->config = (struct input_config){.name = mem_text("fw"),
		.kind = INPUT_SYSLOG,
		.listen = {f->listen, 1},
		.allow = {f->allow, 1},
		.zone = mem_text("Z"),
		.cert_file = mem_text(""),
		.key_file = mem_text(""),
		.ca_file = mem_text("")};
	f->publish = (struct publish_options){.redis = {.address = "unix:/nonexistent/redis"},
		.kind = "net",
		.name = "fw",
		.spool_path = f->spool,
		.spool_len_max = 1 << 20,
		.stream_len_max = 100};
	open_listener(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	listener_free(&f->listener);
	service_free(&f->service);
	metrics_free(&f->metrics);
	networks_free(&f->home);
	(void)unlink(f->spool);
	(void)rmdir(f->folder);
	mem_free(f->config.name);
	mem_free(f->config.zone);
	mem_free(f->config.cert_file);
	mem_free(f->config.key_file);
	mem_free(f->config.ca_file);
	mem_free(f);
	return 0;
}

static int sender(struct fixture *f)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&f->address, sizeof f->address), 0);
	service_wait(f->service, 100);
	return fd;
}

static void say(struct fixture *f, int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	service_wait(f->service, 100);
}

static bool is_cut_off(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void pass(struct fixture *f, int64_t seconds)
{
	clock_manual_advance(&f->clock, seconds * 1000);
	listener_sweep(f->listener);
}

/* Bytes that never make a message keep nothing open. */
static void a_connection_without_messages_is_ended(void **state)
{
	struct fixture *f = *state;
	int silent = sender(f), slow = sender(f), lively = sender(f);

	say(f, slow, "100 a");
	pass(f, IDLE_MAX_S / 2);
	say(f, slow, "b");
	say(f, lively, "\n");
	pass(f, IDLE_MAX_S / 2 - 1);
	assert_false(is_cut_off(silent));
	assert_false(is_cut_off(slow));
	pass(f, 1);
	assert_true(is_cut_off(silent));
	assert_true(is_cut_off(slow));
	assert_false(is_cut_off(lively));
	(void)close(silent);
	(void)close(slow);
	(void)close(lively);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_connection_without_messages_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
