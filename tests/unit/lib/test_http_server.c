#include "lib/http_server.h"
#include "lib/listen.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MS_MAX = 20000 };

static const struct http_server_header headers[] = {{"X-Of-Every-Answer", "yes"}, {0}};

struct bench {
	struct clock_manual clock;
	struct metrics *metrics;
	struct http_server *server;
	struct sockaddr_in at;
	struct request *kept; /* the last one deferred or streamed */
	const char *next;     /* what a stream sends next */
	bool ended;
};

static bool next(void *ctx, struct buf *out)
{
	struct bench *b = ctx;

	buf_add_text(out, b->next);
	b->next = "";
	return true;
}

static void end(void *ctx)
{
	struct bench *b = ctx;

	b->ended = true;
}

static void handle(void *ctx, struct request *req)
{
	struct bench *b = ctx;

	b->kept = req;
	if (slice_is(req->target.path, "/later"))
		request_defer(req);
	else if (slice_is(req->target.path, "/stream"))
		request_stream(req, "text/event-stream", &(struct request_stream){next, end, b});
	else
		request_answer(
			req, 200, "text/plain", req->body.len ? req->body : req->target.path);
}

static int bench_make(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);
	struct err err = {0};
	int fd = listen_open("x.listen", "127.0.0.1:0", &err);
	socklen_t len = sizeof b->at;

	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&b->at, &len), 0);
	clock_manual_init(&b->clock, 0);
	b->metrics = metrics_new();
	b->next = "";
	struct http_server_options options = {
		.listen_fd = fd,
		.limits = {.target = {2048, 256},
			.headers_len = 1024,
			.body_len = 64,
			.request_ms = REQUEST_MS_MAX,
			.idle_s = 60,
			.connections = 100,
			.connections_per_address = 4,
			.connection_memory = (size_t)24 * 1024},
		.metrics_prefix = "haidang_x",
		.headers = headers,
		.handle = handle,
		.ctx = b,
	};

	b->server = http_server_new(&options, &b->clock.clock, b->metrics);
	assert_non_null(b->server);
	*state = b;
	return 0;
}

static int bench_remove(void **state)
{
	struct bench *b = *state;

	http_server_drain(b->server);
	for (int i = 0; i < 100 && !http_server_is_idle(b->server); i++)
		http_server_run(b->server);
	http_server_free(&b->server);
	metrics_free(&b->metrics);
	mem_free(b);
	return 0;
}

static int connect_to(struct bench *b)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&b->at, sizeof b->at), 0);
	assert_true(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_usec = 1000},
			    sizeof(struct timeval)) == 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Serves until `wanted` was heard; "" waits for the end of the connection. */
static bool hears(struct bench *b, int fd, const char *wanted)
{
	char heard[8192];
	size_t len = 0;

	for (int i = 0; i < 500 && len + 1 < sizeof heard; i++) {
		http_server_run(b->server);
		ssize_t got = recv(fd, heard + len, sizeof heard - 1 - len, 0);

		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return wanted[0] == '\0';
		len += got > 0 ? (size_t)got : 0;
		heard[len] = '\0';
		if (wanted[0] && strstr(heard, wanted))
			return true;
	}
	return false;
}

static void a_request_in_pieces_is_answered_once_whole(void **state)
{
	struct bench *b = *state;
	int fd = connect_to(b);

	say(fd, "POST /x HTTP/1.1\r\nHost: x\r\n");
	http_server_run(b->server);
	say(fd, "Content-Length: 10\r\n\r\nhello");
	assert_false(hears(b, fd, "HTTP/1.1 200"));
	say(fd, "there");
	assert_true(hears(b, fd, "hellothere"));
	say(fd, "GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(hears(b, fd, "/again"));
	(void)close(fd);
}

static void a_request_that_takes_too_long_is_ended_and_others_are_not(void **state)
{
	struct bench *b = *state;
	int silent = connect_to(b), slow = connect_to(b), waiting = connect_to(b);

	say(slow, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n");
	say(waiting, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_false(hears(b, waiting, "HTTP"));
	for (int i = 0; i < 5; i++) {
		clock_manual_advance(&b->clock, REQUEST_MS_MAX / 5 + 1);
		say(slow, "x");
		http_server_run(b->server);
		http_server_sweep(b->server);
	}
	assert_true(hears(b, silent, ""));
	assert_true(hears(b, slow, ""));
	request_answer(b->kept, 200, "text/plain", SLICE("at last"));
	assert_true(hears(b, waiting, "at last"));
	assert_int_equal(
		metric_value(metrics_counter(b->metrics, "haidang_x_slow_total", "", "")), 2);
	(void)close(silent);
	(void)close(slow);
	(void)close(waiting);
}

static void a_stream_sleeps_until_woken_and_ends_when_drained(void **state)
{
	struct bench *b = *state;
	int fd = connect_to(b);

	b->next = "data: one\n\n";
	say(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(hears(b, fd, "data: one"));
	b->next = "data: two\n\n";
	http_server_run(b->server);
	request_wake(b->kept);
	assert_true(hears(b, fd, "data: two"));
	assert_false(b->ended);
	assert_false(http_server_is_idle(b->server));
	http_server_drain(b->server);
	assert_true(hears(b, fd, "0\r\n\r\n"));
	assert_true(b->ended);
	(void)close(fd);
}

static void a_client_that_left_a_stream_is_noticed_when_woken(void **state)
{
	struct bench *b = *state;
	int fd = connect_to(b);

	say(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(hears(b, fd, "HTTP/1.1 200"));
	(void)close(fd);
	for (int i = 0; i < 10 && !b->ended; i++) {
		b->next = "data: gone\n\n";
		request_wake(b->kept);
		http_server_run(b->server);
	}
	assert_true(b->ended);
}

static void one_address_gets_only_its_share_of_connections(void **state)
{
	struct bench *b = *state;
	int fds[5];

	for (int i = 0; i < 5; i++)
		fds[i] = connect_to(b);
	assert_true(hears(b, fds[4], ""));
	say(fds[3], "GET /mine HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(hears(b, fds[3], "/mine"));
	for (int i = 0; i < 5; i++)
		(void)close(fds[i]);
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_make, bench_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BENCH(a_request_in_pieces_is_answered_once_whole),
		ON_BENCH(a_request_that_takes_too_long_is_ended_and_others_are_not),
		ON_BENCH(a_stream_sleeps_until_woken_and_ends_when_drained),
		ON_BENCH(a_client_that_left_a_stream_is_noticed_when_woken),
		ON_BENCH(one_address_gets_only_its_share_of_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
