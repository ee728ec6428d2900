#include "event/settings.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shared_only {
	struct settings shared;
};

static const struct config_field fields[] = {SETTINGS_FIELDS(struct shared_only, shared)};
static const struct config_schema schema = {
	fields, sizeof fields / sizeof *fields, sizeof(struct shared_only)};

static void defaults_are_those_of_the_appliance(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct shared_only config;
	struct redis_options redis;
	struct err err = {0};

	(void)state;
	assert_true(config_read(&schema, NULL, a, &config, &err));
	assert_true(settings_redis(&config.shared, a, &redis, &err));
	assert_string_equal(redis.address, "unix:/run/haidang/redis.sock");
	assert_null(redis.user);
	assert_null(redis.password);
	assert_string_equal(config.shared.state_dir, "/var/lib/haidang");
	assert_string_equal(settings_log_levels[config.shared.log_level], "notice");
}

static void an_empty_address_means_no_redis(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct settings s = {
		.redis_address = (char[]){""}, .redis_password_file = (char[]){"/none"}};
	struct redis_options redis;
	struct err err = {0};

	(void)state;
	assert_true(settings_redis(&s, a, &redis, &err));
	assert_null(redis.address);
}

static void passwords_come_from_their_file(void **state)
{
	static const struct {
		const char *text, *password; /* NULL: refused */
	} rows[] = {
		{"secret", "secret"},
		{"secret\n", "secret"},
		{"  two words \r\n", "two words"},
		{"", NULL},
		{"\n", NULL},
	};
	char path[] = "/tmp/haidang-password-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct settings s = {.redis_address = (char[]){"localhost:6379"},
			.redis_user = (char[]){"sensor"},
			.redis_password_file = path};
		struct redis_options redis;
		struct err err = {0};

		assert_int_equal(file_write(path, slice_of(rows[i].text)), 0);
		assert_int_equal(settings_redis(&s, a, &redis, &err), rows[i].password != NULL);
		if (rows[i].password) {
			assert_string_equal(redis.password, rows[i].password);
			assert_string_equal(redis.user, "sensor");
		} else {
			assert_non_null(strstr(err_text(&err), "the password file is empty"));
		}
	}
	(void)unlink(path);
}

static void what_is_wrong_is_said(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct settings s = {.redis_address = (char[]){"nowhere"}};
	struct redis_options redis;
	struct err address = {0}, file = {0};

	(void)state;
	assert_false(settings_redis(&s, a, &redis, &address));
	assert_string_equal(
		err_text(&address), "Redis address 'nowhere' is neither unix:/path nor host:port");
	s.redis_address = (char[]){"localhost:1"};
	s.redis_password_file = (char[]){"/nonexistent"};
	assert_false(settings_redis(&s, a, &redis, &file));
	assert_non_null(strstr(err_text(&file), "/nonexistent"));
}

static struct config_texts texts(char **at)
{
	size_t count = 0;

	while (at[count])
		count++;
	return (struct config_texts){at, count};
}

static void a_cluster_and_sentinels_are_not_mixed_up(void **state)
{
	char *none[] = {NULL}, *two[] = {(char[]){"h:1"}, (char[]){"[::1]:2"}, NULL};
	char *bad[] = {(char[]){"h:1"}, (char[]){"nowhere"}, NULL};
	const struct {
		bool cluster;
		char **nodes;
		const char *master;
		char **sentinels;
		const char *said; /* NULL: fine */
		size_t count;     /* of addresses to ask beside redis.address */
	} rows[] = {
		{false, none, "", none, NULL, 0},
		{true, none, "", none, NULL, 0},
		{true, two, "", none, NULL, 2},
		{false, none, "m", two, NULL, 2},
		{true, bad, "", none, "'nowhere' is neither", 0},
		{false, none, "m", bad, "'nowhere' is neither", 0},
		{false, two, "", none, "redis.nodes: only a cluster", 0},
		{false, none, "m", none, "both or neither", 0},
		{false, none, "", two, "both or neither", 0},
		{true, none, "m", two, "a cluster has no sentinels", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		CLEANUP(mem_cleanup) char *master = mem_text(rows[i].master);
		struct settings s = {.redis_address = (char[]){"localhost:6379"},
			.redis_password_file = (char[]){""},
			.redis_user = (char[]){""},
			.redis_cluster = rows[i].cluster,
			.redis_nodes = texts(rows[i].nodes),
			.redis_master = master,
			.redis_sentinels = texts(rows[i].sentinels),
			.redis_replicas = 1};
		struct redis_options redis;
		struct err err = {0};

		assert_int_equal(settings_redis(&s, a, &redis, &err), rows[i].said == NULL);
		if (rows[i].said) {
			assert_non_null(strstr(err_text(&err), rows[i].said));
			continue;
		}
		assert_int_equal(redis.cluster, rows[i].cluster);
		assert_int_equal(redis.master != NULL, *rows[i].master != '\0');
		assert_int_equal(redis.node_count, rows[i].count);
		assert_int_equal(redis.replicas, 1);
		if (rows[i].count > 0)
			assert_string_equal(redis.nodes[1], "[::1]:2");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_appliance),
		cmocka_unit_test(an_empty_address_means_no_redis),
		cmocka_unit_test(passwords_come_from_their_file),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(a_cluster_and_sentinels_are_not_mixed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
