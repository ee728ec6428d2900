/* haidang-courier: takes alerts to the Centre. */
#include "courier/courier.h"
#include "courier/operate.h"
#include "courier/secret.h"
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

typedef int operation(const struct courier_config *config, int argc, char **argv);

static int run_operation(int argc, char **argv, operation *operate)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct err err = {0};
	struct courier_config *config = program_options(&courier, a, &argc, argv, &err);

	if (!config || !courier_config_check(config, &err))
		return complain(&err);
	return operate(config, argc, argv);
}

static int run_status(int argc, char **argv)
{
	return run_operation(argc, argv, operate_status);
}

static int run_dead(int argc, char **argv)
{
	return run_operation(argc, argv, operate_dead);
}

static int run_retry(int argc, char **argv)
{
	return run_operation(argc, argv, operate_retry);
}

static int run_drop(int argc, char **argv)
{
	return run_operation(argc, argv, operate_drop);
}

static int run_route(int argc, char **argv)
{
	return run_operation(argc, argv, operate_route);
}

static int run_stix(int argc, char **argv)
{
	return run_operation(argc, argv, operate_stix);
}

static int run_test(int argc, char **argv)
{
	return run_operation(argc, argv, operate_test);
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
	{"status", "[--config FILE]", "Show what each target does", run_status},
	{"dead", "[--config FILE] [TARGET]", "Show dead letters and what refused them", run_dead},
	{"retry", "[--config FILE] TARGET all|ID...", "Send dead letters once more", run_retry},
	{"drop", "[--config FILE] TARGET all|ID... --reason TEXT",
		"Drop dead letters, with a reason that is recorded", run_drop},
	{"route", "[--config FILE] FILE", "Say where the alert in a file would go", run_route},
	{"stix", "[--config FILE] FILE", "Print the alert in a file as a STIX 2.1 bundle",
		run_stix},
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
