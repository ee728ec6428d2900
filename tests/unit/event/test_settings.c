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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_appliance),
		cmocka_unit_test(an_empty_address_means_no_redis),
		cmocka_unit_test(passwords_come_from_their_file),
		cmocka_unit_test(what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
