/* haidang-courier: takes alerts to the Centre. */
#include "courier/courier.h"
#include "courier/secret.h"
#include "courier/trial.h"
#include "lib/mem.h"
#include "lib/program.h"

#include <stdio.h>
#include <string.h>

enum { BAD_USE = 2 };

static const struct program courier;

/* The command line as given, for reading the configuration again. */
static int line_count;
static char **line_words;

static int64_t log_level(const void *config)
{
	return ((const struct courier_config *)config)->shared.log_level;
}

static const struct courier_config *reread(struct arena *a, struct err *err)
{
	int count = line_count;
	char **words = arena_array(a, (size_t)count + 1, sizeof(*words));

	memcpy(words, line_words, (size_t)count * sizeof(*words));
	return program_options(&courier, a, &count, words, err);
}

static int run(void *config, struct arena *a)
{
	(void)a;
	return courier_run(config, reread);
}

static int complain(struct err *err)
{
	(void)fprintf(stderr, "haidang-courier: %s\n", err_text(err));
	return BAD_USE;
}

static int run_test(int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct err err = {0};
	struct courier_config *config = program_options(&courier, a, &argc, argv, &err);

	if (!config)
		return complain(&err);
	if (argc != 2) {
		err_set(&err, NULL, 0, "expected: test TARGET");
		return complain(&err);
	}
	if (!courier_config_check(config, &err))
		return complain(&err);
	for (size_t i = 0; i < config->targets.count; i++) {
		const struct target_config *target = &courier_targets(config)[i];

		if (strcmp(target->name, argv[1]) == 0)
			return trial_run(&(struct target_place){.config = target,
				.source = config->source,
				.state_dir = config->shared.state_dir,
				.console = config->console_url,
				.clock = clock_system()});
	}
	err_set(&err, NULL, 0, "no target '%s' among the %zu of courier.targets", argv[1],
		config->targets.count);
	return complain(&err);
}

static int run_secret(int argc, char **argv)
{
	char text[SECRET_TEXT_LEN + 1];
	struct err err = {0};

	(void)argv;
	if (argc != 1) {
		err_set(&err, NULL, 0, "secret takes no argument");
		return complain(&err);
	}
	int failed = secret_make(text);

	if (failed) {
		err_set(&err, NULL, 0, "no random bytes: %s", strerrordesc_np(-failed));
		(void)complain(&err);
		return 1;
	}
	return printf("%s\n", text) > 0 && fflush(stdout) == 0 ? 0 : 1;
}

static const struct program_command commands[] = {
	{"test", "[--config FILE] TARGET",
		"Send a marked test alert to a target and say what it answered", run_test},
	{"secret", "", "Print a fresh signing secret for a secret_file", run_secret},
	{.name = NULL},
};

static const struct program courier = {
	.name = "haidang-courier",
	.summary =
		"takes alerts from Redis to the receivers configured, signed, until each has them",
	.schema = &courier_schema,
	.commands = commands,
	.check = courier_config_check,
	.run = run,
	.log_level = log_level,
};

int main(int argc, char **argv)
{
	line_count = argc;
	line_words = argv;
	return program_main(&courier, argc, argv);
}
