#include "lib/mem.h"
#include "probe/probe_config.h"
#include "tests/unit/test.h"

#include <string.h>

static void the_defaults_are_sound(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct probe_config config;
	struct err err = {0};

	(void)state;
	assert_true(config_read(&probe_config_schema, NULL, a, &config, &err));
	assert_true(probe_config_check(&config, &err));
	assert_int_equal(config.timeout_unanswered, 5000);
	assert_int_equal(config.memory, 256 << 20);
	assert_string_equal(config.sensor, "s1");
	assert_true(config.home_networks.count >= 4);
}

static void what_the_schema_cannot_say_is_checked(void **state)
{
	static const struct {
		struct config_setting setting;
		const char *said;
	} cases[] = {
		{{"probe.sensor", "a b"}, "probe.sensor"},
		{{"probe.home_networks", "10.0.0.0/40"}, "10.0.0.0/40"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct probe_config config;
		struct err err = {0};

		assert_true(config_read(&probe_config_schema, NULL, a, &config, &err));
		assert_true(config_set(&probe_config_schema, a, &config, cases[i].setting, &err));
		assert_false(probe_config_check(&config, &err));
		assert_non_null(strstr(err_text(&err), cases[i].said));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_sound),
		cmocka_unit_test(what_the_schema_cannot_say_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
