#include "courier/http.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void only_urls_that_keep_alerts_private_are_taken(void **state)
{
	static const struct {
		const char *url;
		bool allow_plain, good;
	} rows[] = {
		{"https://centre.example/hook?x=1", false, true},
		{"HTTPS://centre.example:8443/", false, true},
		{"http://127.0.0.1:8080/hook", false, true},
		{"http://127.9.8.7/", false, true},
		{"http://localhost/", false, true},
		{"http://[::1]:80/", false, true},
		{"http://10.0.0.1/", false, false},
		{"http://10.0.0.1/", true, true},
		{"http://127.0.0.1.example/", false, false},
		{"http://localhost.example/", false, false},
		{"http://[::2]/", false, false},
		{"https://user@centre.example/", false, false},
		{"https://user:w0rd@centre.example/", true, false},
		{"file:///etc/passwd", true, false},
		{"ftp://centre.example/", true, false},
		{"centre.example", true, false},
		{"https://", true, false},
		{"https://a b/", true, false},
		{"", true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = {0};

		assert_int_equal(
			http_url_check(rows[i].url, rows[i].allow_plain, &err), rows[i].good);
		assert_null(strstr(err.said, "w0rd"));
	}
}

/* A listening socket whose peer is this test itself: no second thread is needed to answer. */
struct server {
	int fd;
	char url[64];
};

static void server_start(struct server *s)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(s->fd, 8), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&address, &len), 0);
	(void)snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
}

struct got {
	int count, status;
	char said[REASON_MAX], retry_after[RETRY_AFTER_LEN_MAX + 1];
	size_t body_len;
	void *token;
};

static void on_response(void *ctx, void *token, const struct http_response *response)
{
	struct got *got = ctx;

	got->count++;
	got->status = response->status;
	got->token = token;
	got->body_len = response->body.len;
	memcpy(got->said, response->said, sizeof(got->said));
	memcpy(got->retry_after, response->retry_after.at, response->retry_after.len);
}

/* Posts, answers with `answer` and `fill` more bytes of 'x', and waits for the response. */
static void exchange(const char *answer, size_t fill, struct got *ret)
{
	static const char *const headers[] = {"webhook-id: 1", NULL};
	CLEANUP(http_free)
	struct http *h = http_new(&(struct http_options){.timeout_ms = 2000, .connections = 1});
	struct server server;
	int peer = -1;

	*ret = (struct got){0};
	server_start(&server);
	http_post(h,
		&(struct http_request){
			.url = server.url, .headers = headers, .body = SLICE("{}"), .token = ret});
	while (ret->count == 0) {
		char bytes[512];

		http_run(h, 5, on_response, ret);
		if (peer < 0) {
			peer = accept4(server.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
			http_run(h, 5, on_response, ret);
			(void)recv(peer, bytes, sizeof(bytes), 0);
			(void)send(peer, answer, strlen(answer), MSG_NOSIGNAL);
			if (fill == 0)
				(void)shutdown(peer, SHUT_WR);
		}
		memset(bytes, 'x', sizeof(bytes));
		while (fill > 0 && send(peer, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
			fill -= fill < sizeof(bytes) ? fill : sizeof(bytes);
	}
	assert_ptr_equal(ret->token, ret);
	(void)close(peer);
	(void)close(server.fd);
}

static void an_answer_comes_with_status_and_retry_after(void **state)
{
	struct got got;

	(void)state;
	exchange("HTTP/1.1 503 Busy\r\nRETRY-after:  12 \r\ncontent-length: 2\r\n\r\nno", 0, &got);
	assert_int_equal(got.status, 503);
	assert_string_equal(got.retry_after, "12");
	assert_int_equal(got.body_len, 2);
}

static void garbage_is_a_failure_with_a_reason(void **state)
{
	static const char *const answers[] = {
		"",
		"\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n",
		"HTTP/1.1 abc\r\n\r\n",
		"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
		"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct got got;

		exchange(answers[i], 0, &got);
		assert_int_equal(got.status, 0);
		assert_true(strlen(got.said) > 5);
	}
}

static void a_redirect_is_not_followed(void **state)
{
	struct got got;

	(void)state;
	exchange("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
		0, &got);
	assert_int_equal(got.status, 302);
}

static void an_endless_answer_is_cut_off(void **state)
{
	static const struct {
		const char *start, *said;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n", "longer than 65536"},
		{"HTTP/1.1 200 OK\r\nx: ",
			"longer than 65536"}, /* beyond libcurl's own limit of a line */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct got got;

		exchange(rows[i].start, (size_t)4 << 20, &got);
		assert_int_equal(got.status, 0);
		assert_true(got.body_len <= ANSWER_KEPT_MAX);
		assert_non_null(strcasestr(got.said, rows[i].said));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_urls_that_keep_alerts_private_are_taken),
		cmocka_unit_test(an_answer_comes_with_status_and_retry_after),
		cmocka_unit_test(garbage_is_a_failure_with_a_reason),
		cmocka_unit_test(a_redirect_is_not_followed),
		cmocka_unit_test(an_endless_answer_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
