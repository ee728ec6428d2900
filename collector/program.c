#include "collector/program.h"

#include "collector/collector.h"
#include "collector/commands.h"

static const struct program_option options[] = {
	{0, "mappings", "collector.mappings"},
	{0, NULL, NULL},
};

static const struct program_command commands[] = {
	{"eve", "FILE [TYPE…]", "Print what is taken of another sensor's EVE lines", command_eve},
	{"map", "[--mappings FILE] FILE", "Print the events that syslog messages become",
		command_map},
	{.name = NULL},
};

static int64_t log_level(const void *config)
{
	return ((const struct collector_config *)config)->shared.log_level;
}

const struct program collector_program = {
	.name = "haidang-collector",
	.summary = "takes in the events of other sensors: Suricata, firewalls, name servers",
	.schema = &collector_schema,
	.options = options,
	.commands = commands,
	.check = collector_check,
	.run = collector_run,
	.log_level = log_level,
};
