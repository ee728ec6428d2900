#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/redis.h"
#include "tests/redis_server.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <netinet/in.h>

static int server_make(void **state)
{
	struct redis_server *s = mem_alloc(sizeof *s);

	redis_server_make(s, NULL);
	redis_server_start(s);
	*state = s;
	return 0;
}

static int server_remove(void **state)
{
	redis_server_remove(*state);
	mem_free(*state);
	return 0;
}

static struct redis *client(const char *address, const struct clock *clock)
{
	const struct redis_options options = {.address = address, .timeout_ms = 3000};

	return redis_new(&options, clock);
}

static void addresses_are_checked(void **state)
{
	static const struct {
		const char *address, *said; /* NULL: fine */
	} rows[] = {
		{"unix:/run/haidang/redis.sock", NULL},
		{"127.0.0.1:6379", NULL},
		{"redis.example.vn:1", NULL},
		{"[::1]:65535", NULL},
		{"", "Redis address '' is neither unix:/path nor host:port"},
		{"redis", "Redis address 'redis' is neither unix:/path nor host:port"},
		{":6379", "Redis address ':6379' is neither unix:/path nor host:port"},
		{"host:0", "Redis address 'host:0': the port must be 1 to 65535"},
		{"host:65536", "Redis address 'host:65536': the port must be 1 to 65535"},
		{"host:", "Redis address 'host:': the port must be 1 to 65535"},
		{"[]:1", "Redis address '[]:1': no usable host name"},
		{"unix:redis.sock", "Redis address unix:redis.sock: the path must begin with /"},
		{"unix:/00000000000000000000000000000000000000000000000000000000000000000000000000"
		 "0000000000000000000000000000000000",
			"Redis address unix:/00000000000000000000000000000000000000000000000000000"
			"0000000000000000000000000000000000000000000000000000000: the path is over "
			"107 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = {0};

		assert_int_equal(redis_address_check(rows[i].address, &err), rows[i].said == NULL);
		if (rows[i].said)
			assert_string_equal(err_text(&err), rows[i].said);
	}
}

static void a_wrong_address_fails_in_words(void **state)
{
	struct redis *r = client("nonsense", clock_system());
	const struct slice ping = SLICE("PING");
	struct redis_reply *reply;

	(void)state;
	assert_int_equal(redis_call(r, ping, &ping, 1, &reply), -EINVAL);
	assert_string_equal(
		redis_said(r), "Redis address 'nonsense' is neither unix:/path nor host:port");
	redis_free(&r);
	assert_null(r);
}

static struct redis_reply *eval(struct redis *r, const char *script)
{
	const struct slice args[] = {SLICE("EVAL"), slice_of(script), SLICE("0")};
	struct redis_reply *reply;

	assert_int_equal(redis_call(r, args[1], args, 3, &reply), 0);
	return reply;
}

static void replies_of_every_kind_are_read(void **state)
{
	static const struct {
		const char *script;
		enum redis_kind kind;
		const char *text;
		int64_t number;
	} rows[] = {
		{"return 7", REDIS_INT, "", 7},
		{"return -9007199254740993", REDIS_INT, "", -9007199254740992},
		{"return 'a\\0b'", REDIS_TEXT, "a\0b", 0},
		{"return ''", REDIS_TEXT, "", 0},
		{"return redis.status_reply('FINE')", REDIS_STATUS, "FINE", 0},
		{"return redis.error_reply('MY wrong')", REDIS_ERROR, "MY wrong", 0},
		{"return false", REDIS_NIL, "", 0},
		{"return {1,{2,'x'}}", REDIS_ARRAY, "", 0},
	};
	struct redis *r = client(((struct redis_server *)*state)->address, clock_system());

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct redis_reply *reply = eval(r, rows[i].script);
		size_t len = rows[i].kind == REDIS_TEXT && *rows[i].text ? 3 : strlen(rows[i].text);

		assert_int_equal(redis_reply_kind(reply), rows[i].kind);
		assert_true(slice_equal(redis_reply_text(reply), slice_over(rows[i].text, len)));
		assert_int_equal(redis_reply_int(reply), rows[i].number);
		if (rows[i].kind == REDIS_ARRAY) {
			const struct redis_reply *inner = redis_reply_at(reply, 1);

			assert_int_equal(redis_reply_count(reply), 2);
			assert_int_equal(redis_reply_int(redis_reply_at(inner, 0)), 2);
		} else {
			assert_int_equal(redis_reply_count(reply), 0);
		}
		redis_reply_free(&reply);
		assert_null(reply);
	}
	redis_free(&r);
}

struct tally {
	size_t next;
	int64_t sum;
	size_t len;
};

static void count_up(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct tally *t = ctx;

	assert_int_equal(index, t->next++);
	t->sum += redis_reply_int(reply);
	t->len += redis_reply_text(reply).len;
}

static void thousands_of_commands_go_in_one_flush_in_order(void **state)
{
	enum { COUNT = 50000 };
	struct redis *r = client(((struct redis_server *)*state)->address, clock_system());
	const struct slice incr[] = {SLICE("INCR"), SLICE("k")};
	struct tally t = {0};

	for (size_t i = 0; i < COUNT; i++)
		redis_queue(r, incr[1], incr, 2);
	assert_int_equal(redis_flush(r, count_up, &t), 0);
	assert_int_equal(t.next, COUNT);
	assert_int_equal(t.sum, (int64_t)COUNT * (COUNT + 1) / 2);
	assert_int_equal(redis_flush(r, count_up, &t), 0);
	assert_int_equal(t.next, COUNT);
	redis_free(&r);
}

/* Both directions carry far more than the sockets buffer. A Redis that holds back 4 MB of answers
 * drops a client that writes everything before it reads. */
static void big_commands_with_big_answers_do_not_deadlock(void **state)
{
	enum { COUNT = 400, LEN = 100000 };
	struct redis *r = client(((struct redis_server *)*state)->address, clock_system());
	char *big = mem_alloc(LEN);
	const struct slice echo[] = {SLICE("ECHO"), {big, LEN}};
	const struct slice limit[] = {SLICE("CONFIG"), SLICE("SET"),
		SLICE("client-output-buffer-limit"), SLICE("normal 4194304 0 0")};
	struct tally t = {0};

	redis_queue(r, SLICE(""), limit, 4);
	assert_int_equal(redis_flush(r, NULL, NULL), 0);

	for (size_t i = 0; i < COUNT; i++)
		redis_queue(r, SLICE(""), echo, 2);
	assert_int_equal(redis_flush(r, count_up, &t), 0);
	assert_int_equal(t.len, (size_t)COUNT * LEN);
	mem_free(big);
	redis_free(&r);
}

static int call_int(struct redis *r, const char *command, const char *key, int64_t *ret)
{
	const struct slice args[] = {slice_of(command), slice_of(key)};
	struct redis_reply *reply;
	int error = redis_call(r, args[1], args, 2, &reply);

	if (error)
		return error;
	*ret = redis_reply_int(reply);
	redis_reply_free(&reply);
	return 0;
}

static void started_commands_are_answered_by_the_next_flush(void **state)
{
	struct redis_server *server = *state;
	struct redis *r = client(server->address, clock_system());
	const struct slice incr[] = {SLICE("INCR"), SLICE("k")};
	struct tally t = {0};

	redis_queue(r, incr[1], incr, 2);
	redis_queue(r, incr[1], incr, 2);
	redis_start(r);
	assert_int_equal(redis_flush(r, count_up, &t), 0);
	assert_int_equal(t.sum, 1 + 2);
	redis_server_kill(server);
	redis_queue(r, incr[1], incr, 2);
	redis_start(r); /* what fails then is told by the flush */
	assert_true(redis_flush(r, count_up, &t) < 0);
	assert_int_equal(t.next, 2);
	redis_free(&r);
}

static void replicas_that_are_not_there_are_told_and_not_waited_for_again(void **state)
{
	const struct redis_options options = {
		.address = ((struct redis_server *)*state)->address, .replicas = 1};
	struct redis *r = redis_new(&options, clock_system());
	struct redis *careless = client(options.address, clock_system());
	bool confirmed = true;
	int64_t value;
	mono_t until;

	assert_int_equal(call_int(r, "INCR", "k", &value), 0);
	assert_int_equal(redis_confirm(r, &confirmed), 0);
	assert_false(confirmed);
	assert_int_equal(call_int(r, "INCR", "k", &value), 0);
	until = mono_after(clock_mono(clock_system()), 400);
	assert_int_equal(redis_confirm(r, &confirmed), 0);
	assert_false(confirmed);
	assert_true(mono_left_ms(until, clock_mono(clock_system())) > 0);
	assert_int_equal(call_int(careless, "INCR", "k", &value), 0);
	assert_int_equal(redis_confirm(careless, &confirmed), 0);
	assert_true(confirmed);
	redis_free(&r);
	redis_free(&careless);
}

static void a_transaction_is_one_flush_and_every_node_can_be_asked(void **state)
{
	struct redis *r = client(((struct redis_server *)*state)->address, clock_system());
	const struct slice multi = SLICE("MULTI"), exec = SLICE("EXEC");
	const struct slice incr[] = {SLICE("INCR"), SLICE("{k}a")}, ping = SLICE("PING");
	struct tally t = {0}, all = {0};

	redis_queue(r, incr[1], &multi, 1);
	redis_queue(r, SLICE("{k}b"), incr, 2);
	redis_queue(r, incr[1], &exec, 1);
	redis_queue(r, SLICE("other"), incr, 2);
	assert_int_equal(redis_flush(r, count_up, &t), 0);
	assert_int_equal(t.next, 4);
	assert_int_equal(t.sum, 2);
	assert_int_equal(redis_call_each(r, &ping, 1, count_up, &all), 0);
	assert_int_equal(all.next, 1);
	redis_free(&r);
}

static void a_lost_connection_empties_the_queue_and_the_next_flush_connects_again(void **state)
{
	struct redis_server *server = *state;
	struct redis *r = client(server->address, clock_system());
	const struct slice incr[] = {SLICE("INCR"), SLICE("k")};
	int64_t value = 0;

	assert_int_equal(call_int(r, "INCR", "k", &value), 0);
	assert_true(redis_connected(r));
	redis_server_kill(server);
	redis_server_start(server);
	redis_queue(r, incr[1], incr, 2);
	redis_queue(r, incr[1], incr, 2);
	assert_true(redis_flush(r, NULL, NULL) < 0);
	assert_false(redis_connected(r));
	assert_true(*redis_said(r));
	assert_int_equal(call_int(r, "INCR", "k", &value), 0);
	assert_int_equal(value, 1); /* of the two dropped ones none came later */
	redis_free(&r);
}

static void the_back_off_doubles_up_to_two_seconds(void **state)
{
	static const int64_t waits_ms[] = {50, 100, 200, 400, 800, 1600, 2000, 2000};
	struct redis_server *server = *state;
	struct clock_manual clock;
	int64_t value = 0;

	clock_manual_init(&clock, 0);
	redis_server_kill(server);
	struct redis *r = client(server->address, &clock.clock);

	for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
		assert_int_equal(call_int(r, "INCR", "k", &value), -ECONNREFUSED);
		clock_manual_advance(&clock, waits_ms[i] - 1);
		assert_int_equal(call_int(r, "INCR", "k", &value), -EAGAIN);
		assert_string_equal(redis_said(r), "connecting to Redis: Connection refused");
		clock_manual_advance(&clock, 1);
	}
	redis_server_start(server);
	assert_int_equal(call_int(r, "INCR", "k", &value), 0);
	redis_server_kill(server);
	assert_true(call_int(r, "INCR", "k", &value) < 0);
	assert_int_equal(call_int(r, "INCR", "k", &value), -ECONNREFUSED);
	clock_manual_advance(&clock, 50);
	assert_int_equal(call_int(r, "INCR", "k", &value), -ECONNREFUSED);
	redis_free(&r);
}

static void a_missing_socket_is_a_refused_connection(void **state)
{
	struct redis *r = client("unix:/nonexistent/redis.sock", clock_system());
	int64_t value;

	(void)state;
	assert_int_equal(call_int(r, "INCR", "k", &value), -ECONNREFUSED);
	redis_free(&r);
}

static void a_frozen_redis_times_out(void **state)
{
	struct redis_server *server = *state;
	const struct redis_options options = {.address = server->address, .timeout_ms = 50};
	struct redis *r = redis_new(&options, clock_system());
	int64_t value = 0;

	assert_int_equal(call_int(r, "INCR", "k", &value), 0);
	redis_server_signal(server, SIGSTOP);
	assert_int_equal(call_int(r, "INCR", "k", &value), -ETIMEDOUT);
	assert_int_equal(call_int(r, "INCR", "k", &value), -ETIMEDOUT); /* connecting */
	redis_server_signal(server, SIGCONT);
	redis_free(&r);
}

static void patience_lasts_for_one_call(void **state)
{
	const struct redis_options options = {
		.address = ((struct redis_server *)*state)->address, .timeout_ms = 60};
	struct redis *r = redis_new(&options, clock_system());
	const struct slice pop[] = {SLICE("BLPOP"), SLICE("none"), SLICE("0.2")};
	struct redis_reply *reply;

	redis_be_patient(r, 5000);
	assert_int_equal(redis_call(r, pop[1], pop, 3, &reply), 0);
	assert_int_equal(redis_reply_kind(reply), REDIS_NIL);
	redis_reply_free(&reply);
	assert_int_equal(redis_call(r, pop[1], pop, 3, &reply), -ETIMEDOUT);
	redis_free(&r);
}

static void scripts_are_loaded_on_every_connect(void **state)
{
	struct redis_server *server = *state;
	struct redis *r = client(server->address, clock_system());
	struct redis_script add = {
		.source = "return redis.call('INCRBY', KEYS[1], ARGV[1]) + #KEYS"};
	const struct slice amount = SLICE("5");
	struct tally t = {0};

	redis_register_script(r, &add);
	redis_queue_script(r, &add, (struct redis_keys){SLICE("{k}1"), SLICE("")}, &amount, 1);
	redis_queue_script(r, &add, (struct redis_keys){SLICE("{k}1"), SLICE("{k}2")}, &amount, 1);
	assert_int_equal(redis_flush(r, count_up, &t), 0);
	assert_int_equal(t.sum, 5 + 1 + 10 + 2);

	redis_server_kill(server);
	redis_server_start(server);
	redis_queue_script(r, &add, (struct redis_keys){SLICE("k"), SLICE("")}, &amount, 1);
	assert_true(redis_flush(r, NULL, NULL) < 0);
	redis_queue_script(r, &add, (struct redis_keys){SLICE("k"), SLICE("")}, &amount, 1);
	assert_int_equal(redis_flush(r, NULL, NULL), 0);
	redis_free(&r);
}

static void a_script_redis_forgot_is_loaded_by_the_next_connect(void **state)
{
	struct redis *r = client(((struct redis_server *)*state)->address, clock_system());
	struct redis_script one = {.source = "return 1"};
	const struct slice forget[] = {SLICE("SCRIPT"), SLICE("FLUSH")};
	struct redis_reply *reply;

	redis_register_script(r, &one);
	assert_int_equal(redis_call(r, SLICE(""), forget, 2, &reply), 0);
	redis_reply_free(&reply);
	redis_queue_script(r, &one, (struct redis_keys){SLICE("k"), SLICE("")}, NULL, 0);
	assert_int_equal(redis_flush(r, NULL, NULL), -EAGAIN);
	assert_string_equal(redis_said(r), "Redis: a script must be loaded again");
	assert_false(redis_connected(r));
	redis_queue_script(r, &one, (struct redis_keys){SLICE("k"), SLICE("")}, NULL, 0);
	assert_int_equal(redis_flush(r, NULL, NULL), 0);
	redis_free(&r);
}

static void a_script_that_is_wrong_is_said(void **state)
{
	struct redis *r = client(((struct redis_server *)*state)->address, clock_system());
	struct redis_script wrong = {.source = "return ("};
	int64_t value;

	redis_register_script(r, &wrong);
	assert_int_equal(call_int(r, "INCR", "k", &value), -EAGAIN);
	assert_non_null(strstr(redis_said(r), "Error compiling script"));
	redis_free(&r);
}

static void add_user(const struct redis_server *server)
{
	const struct redis_options options = {.address = server->address, .password = "secret"};
	struct redis *r = redis_new(&options, clock_system());
	const struct slice acl[] = {SLICE("ACL"), SLICE("SETUSER"), SLICE("sensor"), SLICE("on"),
		SLICE(">other"), SLICE("~*"), SLICE("+incr")};
	struct redis_reply *reply;

	assert_int_equal(redis_call(r, acl[2], acl, sizeof acl / sizeof *acl, &reply), 0);
	assert_int_equal(redis_reply_kind(reply), REDIS_STATUS);
	redis_reply_free(&reply);
	redis_free(&r);
}

static void users_and_passwords_are_sent(void **state)
{
	struct redis_server *server = *state;
	static const struct {
		const char *user, *password;
		int error;
	} rows[] = {
		{NULL, "secret", 0},
		{"default", "secret", 0},
		{"sensor", "other", 0},
		{NULL, NULL, -EACCES},
		{NULL, "wrong", -EACCES},
		{"nobody", "secret", -EACCES},
		{"", "", -EACCES},
	};

	redis_server_kill(server);
	server->settings[server->setting_count++] = "requirepass";
	server->settings[server->setting_count++] = "secret";
	redis_server_start(server);
	add_user(server);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct redis_options options = {.address = server->address,
			.user = rows[i].user,
			.password = rows[i].password};
		struct redis *r = redis_new(&options, clock_system());
		int64_t value;

		assert_int_equal(call_int(r, "INCR", "k", &value), rows[i].error);
		assert_null(strstr(redis_said(r), "secret"));
		redis_free(&r);
	}
}

static void a_server_that_talks_nonsense_is_left(void **state)
{
	struct redis_server *server = *state;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int64_t value;

	redis_server_kill(server);
	(void)unlink(server->socket);
	memcpy(at.sun_path, server->socket, strlen(server->socket) + 1);
	assert_int_equal(bind(listener, (const struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listener, 4), 0);
	server->pid = fork();
	if (server->pid == 0) {
		int fd = accept(listener, NULL, NULL);
		char in[256];

		if (read(fd, in, sizeof in) > 0 && write(fd, "HTTP/1.1 400\r\n\r\n", 16) == 16)
			(void)pause();
		_exit(0);
	}
	(void)close(listener);
	struct redis *r = client(server->address, clock_system());

	assert_int_equal(call_int(r, "INCR", "k", &value), -EPROTO);
	assert_non_null(strstr(redis_said(r), "nonsense"));
	redis_free(&r);
}

static void tcp_works_too(void **state)
{
	struct redis_server *server = *state;
	struct sockaddr_in free_port = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof free_port;
	int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char port[8], address[32];
	int64_t value = 0;

	assert_int_equal(bind(probe, (const struct sockaddr *)&free_port, len), 0);
	assert_int_equal(getsockname(probe, (struct sockaddr *)&free_port, &len), 0);
	(void)close(probe);
	(void)snprintf(port, sizeof port, "%u", ntohs(free_port.sin_port));
	(void)snprintf(address, sizeof address, "127.0.0.1:%s", port);
	redis_server_kill(server);
	server->settings[server->setting_count++] = "port";
	server->settings[server->setting_count++] = port;
	server->settings[server->setting_count++] = "bind";
	server->settings[server->setting_count++] = "127.0.0.1";
	redis_server_start(server);
	struct redis *r = client(address, clock_system());

	assert_int_equal(call_int(r, "INCR", "k", &value), 0);
	assert_int_equal(value, 1);
	redis_server_kill(server);
	assert_true(call_int(r, "INCR", "k", &value) < 0);
	assert_int_equal(call_int(r, "INCR", "k", &value), -ECONNREFUSED);
	redis_free(&r);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, server_make, server_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_checked),
		cmocka_unit_test(a_wrong_address_fails_in_words),
		cmocka_unit_test(a_missing_socket_is_a_refused_connection),
		CASE(replies_of_every_kind_are_read),
		CASE(thousands_of_commands_go_in_one_flush_in_order),
		CASE(big_commands_with_big_answers_do_not_deadlock),
		CASE(started_commands_are_answered_by_the_next_flush),
		CASE(replicas_that_are_not_there_are_told_and_not_waited_for_again),
		CASE(a_transaction_is_one_flush_and_every_node_can_be_asked),
		CASE(a_lost_connection_empties_the_queue_and_the_next_flush_connects_again),
		CASE(the_back_off_doubles_up_to_two_seconds),
		CASE(a_frozen_redis_times_out),
		CASE(patience_lasts_for_one_call),
		CASE(scripts_are_loaded_on_every_connect),
		CASE(a_script_redis_forgot_is_loaded_by_the_next_connect),
		CASE(a_script_that_is_wrong_is_said),
		CASE(users_and_passwords_are_sent),
		CASE(a_server_that_talks_nonsense_is_left),
		CASE(tcp_works_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
