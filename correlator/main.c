/* haidang-correlator: matches events against Sigma rules and raises alerts. */
#include "correlator/commands.h"
#include "lib/program.h"

int main(int argc, char **argv)
{
	static const struct program_command commands[] = {
		{"test", "[--raw] [--vars FILE] RULES… EVENTS.ndjson",
			"print what the rules match in a file of events", command_test},
		{"test-pack", "DIR…", "run the events that stand beside each rule",
			command_test_pack},
		{"check", "[--vars FILE] RULES…", "say which rules load, and why the others do not",
			command_check},
		{0},
	};
	static const struct program program = {.name = "haidang-correlator",
		.summary = "Matches events against Sigma rules and raises alerts.",
		.commands = commands};

	return program_main(&program, argc, argv);
}
