/* The alerts that a file of events would have raised: to try rules on what was recorded. */
#include "correlator/commands.h"
#include "correlator/replay.h"
#include "lib/mem.h"

#include <stdio.h>

enum { EXIT_BAD_INPUT = 2, LATENESS_US = 60000000 };

static void on_alert(void *ctx, struct slice alert, unsigned line)
{
	(void)ctx;
	(void)line;
	(void)printf("%.*s\n", SLICE_ARG(alert));
}

int command_alerts(int argc, char **argv)
{
	const struct replay_listener listener = {.alerted = on_alert};
	struct ruleset_options options = {.paths = (const char *const *)argv + 1,
		.path_count = (size_t)argc - 2,
		.lateness_us = LATENESS_US};
	struct err err = {0};

	if (argc < 3) {
		(void)fprintf(stderr, "usage: haidang-correlator alerts RULES… EVENTS.ndjson\n");
		return EXIT_BAD_INPUT;
	}
	CLEANUP(ruleset_free) struct ruleset *rules = ruleset_load(&options);
	for (size_t i = 0; i < rules->refused_count; i++)
		(void)fprintf(stderr, "%s\n", rules->refused[i]);
	CLEANUP(replay_free) struct replay *replay = replay_new(rules, &listener);
	if (!replay_file(replay, argv[argc - 1], &err))
		(void)fprintf(stderr, "%s\n", err_text(&err));
	return rules->refused_count > 0 || err_is_set(&err) ? EXIT_BAD_INPUT : 0;
}
