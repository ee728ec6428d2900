#include "lib/redis_slots.h"
#include "tests/unit/test.h"

#include <stdio.h>

/* Known values: the CRC16 of "123456789" in the specification, and CLUSTER KEYSLOT of Redis 7. */
static void keys_fall_into_the_slots_of_the_specification(void **state)
{
	static const struct {
		const char *key;
		unsigned slot;
	} rows[] = {
		{"123456789", 0x31c3},
		{"", 0},
		{"foo", 12182},
		{"{user1000}.following", 3443},
		{"{user1000}.followers", 3443},
		{"user1000", 3443},
		{"foo{}{bar}", 8363},
		{"foo{{bar}}zap", 4015},
		{"{bar", 4015},
		{"foo{bar}{zap}", 5061},
		{"bar", 5061},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(redis_slot_of(slice_of(rows[i].key)), rows[i].slot);
}

static struct redis_reply *reply_of(const char *bytes)
{
	struct redis_reader *reader = redis_reader_new();
	struct redis_reply *reply = NULL;

	assert_true(redis_reader_feed(reader, slice_of(bytes)));
	assert_true(redis_reader_next(reader, &reply));
	assert_non_null(reply);
	redis_reader_free(&reader);
	return reply;
}

static struct redis_address asked(void)
{
	struct redis_address a;
	struct err err = {0};

	assert_true(redis_address_read("10.0.0.9:7000", &a, &err));
	return a;
}

static void note_range(void *ctx, const struct redis_slot_range *range)
{
	char *text = ctx;
	size_t len = strlen(text);

	(void)snprintf(text + len, 256 - len, "%u-%u %s:%s;", range->first, range->last,
		range->master.host, range->master.port);
}

static void a_map_names_the_master_of_each_range(void **state)
{
	static const struct {
		const char *reply, *ranges; /* NULL: no map */
	} rows[] = {
		{"*2\r\n*4\r\n:0\r\n:8191\r\n*3\r\n$8\r\n10.0.0.1\r\n:7001\r\n$2\r\nid\r\n"
		 "*3\r\n$8\r\n10.0.0.3\r\n:7003\r\n$2\r\nid\r\n"
		 "*3\r\n:8192\r\n:16383\r\n*3\r\n$0\r\n\r\n:7002\r\n$2\r\nid\r\n",
			"0-8191 10.0.0.1:7001;8192-16383 10.0.0.9:7002;"},
		{"*1\r\n*3\r\n:5\r\n:5\r\n*3\r\n$-1\r\n:7002\r\n$2\r\nid\r\n",
			"5-5 10.0.0.9:7002;"},
		{"*0\r\n", NULL},
		{"-ERR This instance has cluster support disabled\r\n", NULL},
		{"*1\r\n*2\r\n:0\r\n:1\r\n", NULL},
		{"*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n", NULL},
		{"*1\r\n*3\r\n:9\r\n:8\r\n*2\r\n$1\r\na\r\n:1\r\n", NULL},
		{"*1\r\n*3\r\n:-1\r\n:8\r\n*2\r\n$1\r\na\r\n:1\r\n", NULL},
		{"*1\r\n*3\r\n:0\r\n:8\r\n*2\r\n$1\r\na\r\n:70000\r\n", NULL},
	};
	struct redis_address from = asked();

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char ranges[256] = "";
		struct redis_reply *reply = reply_of(rows[i].reply);

		assert_int_equal(
			redis_slots_read(reply, &from, note_range, ranges), rows[i].ranges != NULL);
		if (rows[i].ranges)
			assert_string_equal(ranges, rows[i].ranges);
		redis_reply_free(&reply);
	}
}

static void a_node_says_where_else_to_go(void **state)
{
	static const struct {
		const char *reply;
		enum redis_turn turn;
		const char *host, *port;
	} rows[] = {
		{"-MOVED 3999 127.0.0.1:6381\r\n", REDIS_MOVED, "127.0.0.1", "6381"},
		{"-MOVED 3999 :6381\r\n", REDIS_MOVED, "10.0.0.9", "6381"},
		{"-MOVED 3999 fd00::1:6381\r\n", REDIS_MOVED, "fd00::1", "6381"},
		{"-ASK 3999 r2.example:6381\r\n", REDIS_ASK, "r2.example", "6381"},
		{"-MOVED 3999\r\n", REDIS_LATER, "", ""},
		{"-MOVED 3999 host:none\r\n", REDIS_LATER, "", ""},
		{"-TRYAGAIN Multiple keys request during rehashing of slot\r\n", REDIS_LATER, "",
			""},
		{"-CLUSTERDOWN The cluster is down\r\n", REDIS_LATER, "", ""},
		{"-LOADING Redis is loading the dataset in memory\r\n", REDIS_LATER, "", ""},
		{"-ERR no\r\n", REDIS_HERE, "", ""},
		{"$11\r\nMOVED 1 a:1\r\n", REDIS_HERE, "", ""},
		{":1\r\n", REDIS_HERE, "", ""},
	};
	struct redis_address from = asked(), to;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct redis_reply *reply = reply_of(rows[i].reply);

		assert_int_equal(redis_turn_read(reply, &from, &to), rows[i].turn);
		if (*rows[i].host) {
			assert_string_equal(to.host, rows[i].host);
			assert_string_equal(to.port, rows[i].port);
		}
		redis_reply_free(&reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_fall_into_the_slots_of_the_specification),
		cmocka_unit_test(a_map_names_the_master_of_each_range),
		cmocka_unit_test(a_node_says_where_else_to_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
