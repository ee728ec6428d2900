/* haidang: the command for operators and analysts. */
#include "ctl/alerts.h"
#include "ctl/assets.h"
#include "ctl/beside.h"
#include "ctl/import.h"
#include "ctl/mutes.h"
#include "ctl/refused.h"
#include "ctl/rules.h"
#include "ctl/sources.h"
#include "ctl/status.h"
#include "event/fields.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/program.h"

#include <stdio.h>
#include <string.h>

enum { BAD_USE = 2 };

static int64_t log_level(const void *config)
{
	return ((const struct ctl_config *)config)->shared.log_level;
}

static const struct program_option status_options[] = {
	{.name = "redis", .key = "redis.address"},
	{.name = "json", .key = "ctl.json"},
	{.key = NULL},
};

static const struct program_option alerts_options[] = {
	{.name = "redis", .key = "redis.address"},
	{.letter = 'f', .name = "follow", .key = "ctl.follow"},
	{.name = "since", .key = "ctl.since"},
	{.name = "level", .key = "ctl.level"},
	{.name = "limit", .key = "ctl.limit"},
	{.name = "lang", .key = "ctl.lang"},
	{.name = "json", .key = "ctl.json"},
	{.key = NULL},
};

static const struct program_option refused_options[] = {
	{.name = "redis", .key = "redis.address"},
	{.name = "limit", .key = "ctl.limit"},
	{.name = "json", .key = "ctl.json"},
	{.key = NULL},
};

/* Each command that reads the configuration is a program of its own to lib/program.h. */
static const struct program status_program = {
	.name = "haidang status",
	.summary = "what runs, since when and how well; exit status 0 all is well, 1 degraded",
	.schema = &ctl_schema,
	.options = status_options,
	.run = status_run,
	.log_level = log_level,
};

static const struct program alerts_program = {
	.name = "haidang alerts",
	.summary = "alerts in words, oldest first",
	.schema = &ctl_schema,
	.options = alerts_options,
	.run = alerts_run,
	.log_level = log_level,
};

static const struct program refused_program = {
	.name = "haidang refused",
	.summary = "events that the correlator could not use, oldest first",
	.schema = &ctl_schema,
	.options = refused_options,
	.run = refused_run,
	.log_level = log_level,
};

static int run_refused(int argc, char **argv)
{
	return program_main(&refused_program, argc, argv);
}

static int run_status(int argc, char **argv)
{
	return program_main(&status_program, argc, argv);
}

static int run_alerts(int argc, char **argv)
{
	return program_main(&alerts_program, argc, argv);
}

static int run_sources(int argc, char **argv)
{
	return program_main(&sources_program, argc, argv);
}

static int takes_nothing(const char *command)
{
	(void)fprintf(stderr, "haidang: %s takes no argument\n", command);
	return BAD_USE;
}

/* What of the courier's own commands is an operator's daily work. */
static int run_courier(int argc, char **argv)
{
	static const char *const known[] = {
		"status", "test", "dead", "retry", "drop", "route", NULL};
	char name[] = "haidang-courier";
	size_t at = 0;

	while (argc > 1 && known[at] && strcmp(argv[1], known[at]) != 0)
		at++;
	if (argc < 2 || !known[at]) {
		(void)fprintf(stderr,
			"haidang: expected: haidang courier "
			"status|test|dead|retry|drop|route …\n");
		return BAD_USE;
	}
	argv[0] = name;
	return beside_run(argv);
}

static int run_fields(int argc, char **argv)
{
	CLEANUP(buf_release) struct buf out = {0};

	if (argc > 1)
		return takes_nothing(argv[0]);
	event_fields_document(&out);
	return fwrite(out.at, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
}

static int run_version(int argc, char **argv)
{
	if (argc > 1)
		return takes_nothing(argv[0]);
	return printf("haidang " VERSION "\n") > 0 && fflush(stdout) == 0 ? 0 : 1;
}

static const struct program_command commands[] = {
	{"status", "[--redis ADDRESS] [--json]", "Show what runs and how well", run_status},
	{"alerts",
		"[--follow] [--since 1h] [--level high] [--limit N] [--lang vi|en] [--json] "
		"[--redis ADDRESS]",
		"Show alerts in words", run_alerts},
	{"refused", "[--limit N] [--json] [--redis ADDRESS]",
		"Show events that could not be used, and why", run_refused},
	{"assets",
		"[--site S] [--kind address|service|protocol|client|domain] [--json] [--redis ADDRESS]",
		"Show what each site has, by the inventory", assets_run},
	{"mutes", "list|add|remove|dry-run|log [OPTIONS]",
		"Mute alerts for a while, with an owner and a reason", mutes_run},
	{"sources", "[--redis ADDRESS] [--json]",
		"Show what becomes of each source the crawlers read", run_sources},
	{"import", "[--config FILE] [--socket PATH] FILE|-",
		"Hand items to the crawler, one JSON object a line", import_command},
	{"rules", "check|test|list [PATH]... | stats [--since 7d] [--json]",
		"Check and test rules, list them as Markdown, or count their alerts and errors",
		rules_run},
	{"courier", "status|test|dead|retry|drop|route [--config FILE] ...",
		"Deliveries: how targets do, test alerts, dead letters, where an alert would go",
		run_courier},
	{"fields", "", "Print the fields of all events as Markdown", run_fields},
	{"version", "", "Print the version", run_version},
	{.name = NULL},
};

static const struct program haidang = {
	.name = "haidang",
	.summary = "the command of the Hải Đăng appliance for operators and analysts",
	.commands = commands,
};

int main(int argc, char **argv)
{
	return program_main(&haidang, argc, argv);
}
