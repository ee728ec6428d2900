/* haidang-correlator: matches events against Sigma rules and raises alerts. */
#include "correlator/commands.h"
#include "correlator/offices.h"
#include "correlator/worker.h"
#include "lib/mem.h"
#include "lib/program.h"

static void check_assets(const struct correlator_config *config, struct err *err)
{
	if (*config->assets && !err_is_set(err)) {
		struct offices *offices = offices_load(config->assets, err);

		offices_free(&offices);
	}
}

static bool check(void *config, struct err *err)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct redis_options redis;

	if (!worker_settings(config, a, &redis, err))
		return false;
	struct ruleset *rules = worker_rules(config);
	for (size_t i = 0; i < rules->refused_count; i++)
		(void)err_set(err, NULL, 0, "%s", rules->refused[i]);
	ruleset_free(&rules);
	check_assets(config, err);
	return !err_is_set(err);
}

static int run(void *config, struct arena *a)
{
	return worker_run(config, a);
}

static int64_t log_level(const void *config)
{
	return ((const struct correlator_config *)config)->shared.log_level;
}

int main(int argc, char **argv)
{
	static const struct program_command commands[] = {
		{"test", "[--raw] [--vars FILE] RULES… EVENTS.ndjson",
			"print what the rules match in a file of events", command_test},
		{"test-pack", "DIR…", "run the events that stand beside each rule",
			command_test_pack},
		{"check", "[--vars FILE] RULES…", "say which rules load, and why the others do not",
			command_check},
		{"alerts", "RULES… EVENTS.ndjson",
			"print the alerts that a file of events would have raised", command_alerts},
		{"list", "RULES…", "print the rules that raise alerts as Markdown", command_list},
		{0},
	};
	static const struct program program = {.name = "haidang-correlator",
		.summary = "Matches events against Sigma rules and raises alerts.",
		.schema = &correlator_schema,
		.commands = commands,
		.check = check,
		.run = run,
		.log_level = log_level};

	return program_main(&program, argc, argv);
}
