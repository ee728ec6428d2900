#include "lib/program.h"
#include "probe/run.h"

static const struct program_option options[] = {
	{'r', "read", "probe.read"},
	{'i', "interface", "probe.interface"},
	{'o', "output", "probe.output"},
	{'f', "filter", "probe.filter"},
	{0, "sensor", "probe.sensor"},
	{0, "redis", "redis.address"},
	{0, NULL, NULL},
};

static bool check(void *config, struct err *err)
{
	return probe_config_check(config, err) && probe_check_files(config, err);
}

static int run(void *config, struct arena *a)
{
	return probe_run(config, a);
}

static int64_t log_level(const void *config)
{
	const struct probe_config *c = config;

	return c->shared.log_level;
}

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "haidang-probe",
		.summary = "watches network traffic and writes what it sees as events (EVE)",
		.schema = &probe_config_schema,
		.options = options,
		.check = check,
		.run = run,
		.log_level = log_level,
	};

	return program_main(&program, argc, argv);
}
