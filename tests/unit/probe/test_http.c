#include "lib/mem.h"
#include "tests/unit/probe/heard.h"

enum { STEPS = 3 };

static const size_t steps[STEPS] = {1, 7, 100000};

/* Whatever the segments, the same is heard. */
static void assert_talk(const struct talk_line *lines, const char *expected)
{
	for (int i = 0; i < STEPS; i++) {
		struct talk t;

		talk_begin(&t, 80);
		talk_lines(&t, lines, steps[i]);
		talk_end(&t);
		assert_string_equal(buf_text(&t.heard), expected);
		talk_release(&t);
	}
}

#define C     SIDE_SERVER
#define S     SIDE_CLIENT
#define EVENT "{\"event_type\":\"http\",\"http\":{"

static void not_heard(void *ctx, struct slice url)
{
	(void)ctx, (void)url;
}

static void a_request_is_told_with_its_answer(void **state)
{
	static const struct talk_line lines[] = {
		{C, "GET /a?b=1 HTTP/1.1\r\nHost: www.example.vn:8080\r\nUser-Agent: x/1\r\n\r\n"},
		{S, "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nContent-Length: 5\r\n\r\nhello"},
		{0, NULL}};

	(void)state;
	assert_talk(lines,
		"app http\nurl /a?b=1\nhost http www.example.vn\n" EVENT
		"\"hostname\":\"www.example.vn:8080\",\"url\":\"/a?b=1\","
		"\"http_method\":\"GET\",\"http_user_agent\":\"x/1\","
		"\"http_content_type\":\"text/html\",\"status\":200,\"length\":5}}\n");
}

static void bodies_are_passed_over(void **state)
{
	static const struct talk_line lines[] = {
		{C, "POST /1 HTTP/1.1\r\nContent-Length: 18\r\n\r\nGET /no HTTP/1.1\r\n"},
		{C, "PUT /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nGET /\r\n0\r\nA: b\r\n\r\n"},
		{C, "GET /3 HTTP/1.1\r\n\r\n"},
		{S,
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			"a\r\nHTTP/1.1 4\r\n0\r\n\r\n"},
		{S, "HTTP/1.1 204 No\r\n\r\nHTTP/1.1 404 Not\r\nContent-Length: 0\r\n\r\n"},
		{0, NULL}};

	(void)state;
	assert_talk(lines,
		"app http\nurl /1\nurl /2\nurl /3\n" EVENT
		"\"url\":\"/1\",\"http_method\":\"POST\",\"status\":200}}\n" EVENT
		"\"url\":\"/2\",\"http_method\":\"PUT\",\"status\":204}}\n" EVENT
		"\"url\":\"/3\",\"http_method\":\"GET\",\"status\":404}}\n");
}

static void the_answer_to_head_has_no_body(void **state)
{
	static const struct talk_line lines[] = {
		{C, "HEAD /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"},
		{S, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nHTTP/1.1 403 No\r\n\r\n"},
		{0, NULL}};

	(void)state;
	assert_talk(lines,
		"app http\nurl /1\nurl /2\n" EVENT
		"\"url\":\"/1\",\"http_method\":\"HEAD\",\"status\":200,\"length\":999}}\n" EVENT
		"\"url\":\"/2\",\"http_method\":\"GET\",\"status\":403}}\n");
}

static void a_request_without_an_answer_is_told_at_the_end(void **state)
{
	static const struct talk_line lines[] = {{C, "GET / HTTP/1.0\r\n\r\n"}, {0, NULL}};

	(void)state;
	assert_talk(lines, "app http\nurl /\n" EVENT "\"url\":\"/\",\"http_method\":\"GET\"}}\n");
}

static void a_basic_login_is_told_without_its_secret(void **state)
{
	static const struct talk_line lines[] = {
		{C, "GET / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0\r\n\r\n"}, {0, NULL}};
	static const struct talk_line other[] = {
		{C, "GET / HTTP/1.1\r\nAuthorization: Bearer c2VjcmV0\r\n\r\n"}, {0, NULL}};

	(void)state;
	assert_talk(lines,
		"app http\nurl /\ncredential http\n" EVENT
		"\"url\":\"/\",\"http_method\":\"GET\"}}\n");
	assert_talk(other, "app http\nurl /\n" EVENT "\"url\":\"/\",\"http_method\":\"GET\"}}\n");
}

static void every_login_header_counts(void **state)
{
	static const struct talk_line lines[] = {
		{C,
			"GET / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0\r\n"
			"Proxy-Authorization: Bearer x\r\n\r\n"},
		{0, NULL}};

	(void)state;
	assert_talk(lines,
		"app http\nurl /\ncredential http\n" EVENT
		"\"url\":\"/\",\"http_method\":\"GET\"}}\n");
}

static void secrets_in_an_address_are_not_told(void **state)
{
	static const struct talk_line lines[] = {
		{C,
			"GET http://an:not-to-be-seen@a.vn/x?page=2&Access_Token=not-to-be-seen&b "
			"HTTP/1.1\r\nHost: an:not-to-be-seen@a.vn\r\n\r\n"},
		{0, NULL}};
	struct talk t;

	(void)state;
	talk_begin(&t, 80);
	t.sink.url = not_heard; /* it sees all, for the injections that nDPI looks for */
	talk_lines(&t, lines, 100);
	talk_end(&t);
	assert_string_equal(buf_text(&t.heard),
		"app http\nhost http a.vn\n" EVENT
		"\"hostname\":\"a.vn\",\"url\":\"http://a.vn/x?page=2&Access_Token=*&b\","
		"\"http_method\":\"GET\"}}\n");
	talk_release(&t);
}

/* What follows a head that two readers would end differently is no request. */
static void nothing_is_smuggled_behind_an_unclear_body(void **state)
{
	static const char *const heads[] = {
		"Content-Length: 2000000000\r\n",
		"Content-Length: 5\r\nContent-Length: 0\r\n",
		"Content-Length: 0, 0\r\n",
		"Content-Length: x\r\n",
		"Transfer-Encoding: xchunked\r\n",
		"Transfer-Encoding: chunked, identity\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		CLEANUP(buf_release) struct buf said = {0};

		buf_printf(&said, "POST /1 HTTP/1.1\r\n%s\r\nGET /no HTTP/1.1\r\n\r\n", heads[i]);
		const struct talk_line lines[] = {{C, buf_text(&said)}, {0, NULL}};
		assert_talk(lines,
			"app http\nurl /1\n" EVENT "\"url\":\"/1\",\"http_method\":\"POST\"}}\n");
	}
}

static void a_length_behind_too_many_headers_is_not_overlooked(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, 80);
	talk_say(&t, C, SLICE("POST /1 HTTP/1.1\r\n"), 100);
	for (int i = 0; i < 130; i++)
		talk_say(&t, C, SLICE("A: b\r\n"), 100);
	talk_say(&t, C, SLICE("Content-Length: 22\r\n\r\nGET /no HTTP/1.1\r\n\r\n"), 1000);
	assert_null(strstr(buf_text(&t.heard), "/no"));
	talk_release(&t);
}

static void what_runs_through_a_tunnel_is_read_too(void **state)
{
	static const struct talk_line lines[] = {
		{C, "CONNECT a.vn:80 HTTP/1.1\r\nHost: a.vn:80\r\n\r\n"},
		{S, "HTTP/1.1 200 Connection established\r\n\r\n"},
		{C, "GET /inner HTTP/1.1\r\n\r\n"}, {0, NULL}};

	(void)state;
	assert_talk(lines,
		"app http\nurl a.vn:80\nhost http a.vn\n" EVENT
		"\"hostname\":\"a.vn:80\",\"url\":\"a.vn:80\","
		"\"http_method\":\"CONNECT\",\"status\":200}}\n"
		"app http\nurl /inner\n" EVENT "\"url\":\"/inner\",\"http_method\":\"GET\"}}\n");
}

static void an_address_with_spaces_is_read_whole(void **state)
{
	static const struct talk_line lines[] = {
		{C, "GET /x;cat /etc/passwd HTTP/1.1\r\n\r\n"}, {0, NULL}};

	(void)state;
	assert_talk(lines,
		"app http\nurl /x;cat /etc/passwd\n" EVENT
		"\"url\":\"/x;cat /etc/passwd\",\"http_method\":\"GET\"}}\n");
}

static void many_requests_in_a_row_are_all_told(void **state)
{
	struct talk t;
	size_t count = 0;

	(void)state;
	talk_begin(&t, 80);
	for (int i = 0; i < 50; i++)
		talk_say(&t, C, SLICE("GET /again HTTP/1.1\r\nHost: h\r\n\r\n"), 1000);
	talk_end(&t);
	for (const char *p = buf_text(&t.heard); (p = strstr(p, "\"http_method\":\"GET\"")); p++)
		count++;
	assert_int_equal(count, 50);
	talk_release(&t);
}

static void lost_answers_do_not_hold_requests_back(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, 80);
	talk_say(&t, C, SLICE("GET /1 HTTP/1.1\r\n\r\n"), 1000);
	talk_segment(&t, S, STREAM_BUFFER_LEN, SLICE("lost before"));
	assert_non_null(strstr(buf_text(&t.heard), "\"url\":\"/1\""));
	assert_int_equal(sessions_losses(t.all).gaps, 1);
	talk_say(&t, C, SLICE("GET /2 HTTP/1.1\r\n\r\n"), 1000);
	assert_non_null(strstr(buf_text(&t.heard), "\"url\":\"/2\""));
	talk_release(&t);
}

static void a_head_without_end_is_given_up(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, 80);
	talk_say(&t, C, SLICE("GET / HTTP/1.1\r\n"), 1000);
	for (int i = 0; i < 300; i++)
		talk_say(&t, C,
			SLICE("X: 0123456789012345678901234567890123456789012345678901234567\r\n"),
			64);
	assert_int_equal(sessions_losses(t.all).full, 1);
	talk_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_told_with_its_answer),
		cmocka_unit_test(bodies_are_passed_over),
		cmocka_unit_test(the_answer_to_head_has_no_body),
		cmocka_unit_test(a_request_without_an_answer_is_told_at_the_end),
		cmocka_unit_test(a_basic_login_is_told_without_its_secret),
		cmocka_unit_test(every_login_header_counts),
		cmocka_unit_test(secrets_in_an_address_are_not_told),
		cmocka_unit_test(nothing_is_smuggled_behind_an_unclear_body),
		cmocka_unit_test(a_length_behind_too_many_headers_is_not_overlooked),
		cmocka_unit_test(what_runs_through_a_tunnel_is_read_too),
		cmocka_unit_test(an_address_with_spaces_is_read_whole),
		cmocka_unit_test(many_requests_in_a_row_are_all_told),
		cmocka_unit_test(lost_answers_do_not_hold_requests_back),
		cmocka_unit_test(a_head_without_end_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
