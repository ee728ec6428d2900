#include "ctl/config.h"

#include <stdio.h>

static const char *const langs[] = {"vi", "en", NULL};

/* In the order of enum alert_level. */
static const char *const levels[] = {"informational", "low", "medium", "high", "critical", NULL};

static const struct config_field fields[] = {
	SETTINGS_FIELDS(struct ctl_config, shared),
	{.key = "ctl.lang",
		.type = CONFIG_CHOICE,
		.offset = offsetof(struct ctl_config, lang),
		.fallback = "vi",
		.choices = langs,
		.help = "Language of alerts: vi or en"},
	{.key = "ctl.since",
		.type = CONFIG_DURATION,
		.offset = offsetof(struct ctl_config, since_ms),
		.fallback = "24h",
		.help = "Alerts at most this old: 30m, 1h, 7d"},
	{.key = "ctl.level",
		.type = CONFIG_CHOICE,
		.offset = offsetof(struct ctl_config, level),
		.fallback = "informational",
		.choices = levels,
		.help = "Alerts of this level and above: informational, low, medium, high, critical"},
	{.key = "ctl.limit",
		.type = CONFIG_INT,
		.offset = offsetof(struct ctl_config, limit),
		.fallback = "1000",
		.min = 1,
		.max = 100000,
		.help = "Alerts shown at most, the newest"},
	{.key = "ctl.follow",
		.type = CONFIG_BOOL,
		.offset = offsetof(struct ctl_config, follow),
		.fallback = "false",
		.help = "Go on showing alerts as they come"},
	{.key = "ctl.import_socket",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct ctl_config, import_socket),
		.fallback = "",
		.help = "Socket where the crawler takes items in; empty for crawler-import.sock in "
			"paths.run or /run/haidang"},
	{.key = "ctl.json",
		.type = CONFIG_BOOL,
		.offset = offsetof(struct ctl_config, json),
		.fallback = "false",
		.help = "Print JSON, one object a line"},
};

const struct config_schema ctl_schema = {
	.fields = fields,
	.count = sizeof(fields) / sizeof(fields[0]),
	.size = sizeof(struct ctl_config),
};

struct redis *ctl_redis(const struct ctl_config *config, struct arena *a)
{
	struct redis_options options;
	struct err err = {0};

	if (!settings_redis(&config->shared, a, &options, &err)) {
		(void)fprintf(stderr, "haidang: %s\n", err_text(&err));
		return NULL;
	}
	if (!options.address || !options.address[0]) {
		(void)fprintf(
			stderr, "haidang: redis.address is empty; say which Redis with --redis\n");
		return NULL;
	}
	return redis_new(&options, clock_system());
}
