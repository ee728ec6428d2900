#include "crawler/program.h"

#include "crawler/commands.h"
#include "crawler/service.h"

static const struct program_option options[] = {
	{0, "sources", "crawler.sources"},
	{0, "topics", "crawler.topics"},
	{0, "places", "crawler.places"},
	{0, "assets", "crawler.assets"},
	{'o', "eve", "crawler.eve"},
	{0, NULL, NULL},
};

static int64_t log_level(const void *config)
{
	return ((const struct crawler_config *)config)->shared.log_level;
}

const struct program crawler_program = {
	.name = "haidang-crawler",
	.summary = "reads public pages about the province and checks its own sites",
	.schema = &crawler_schema,
	.options = options,
	.commands = crawler_commands,
	.check = crawler_check,
	.run = crawler_run,
	.log_level = log_level,
};
