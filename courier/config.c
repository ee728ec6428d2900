#include "courier/config.h"

#include "courier/target.h"
#include "event/alert.h"
#include "event/streams.h"

enum {
	MINUTE_MS = 60 * 1000,
	HOUR_MS = 60 * MINUTE_MS,
	DAY_MS = 24 * HOUR_MS,
	TIMEOUT_MAX_MS = 2 * MINUTE_MS
};

/* In the order of enum alert_level. */
static const char *const level_names[] = {
	"informational", "low", "medium", "high", "critical", NULL};

static const struct config_field target_fields[] = {
	{.key = "name",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, name),
		.min = 1,
		.max = 32,
		.help = "Name: letters, digits, '-' and '_'"},
	{.key = "kind",
		.type = CONFIG_CHOICE,
		.offset = offsetof(struct target_config, kind),
		.fallback = "webhook",
		.choices = target_kind_names,
		.help = "How alerts are sent: webhook (Standard Webhooks 1.0, CloudEvents 1.0)"},
	{.key = "url",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, url),
		.min = 1,
		.max = 2048,
		.help = "Where to; https://, or http:// on this machine"},
	{.key = "secret_file",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, secret_file),
		.min = 1,
		.max = 4096,
		.help = "File with signing secrets, one whsec_… a line, the newest first"},
	{.key = "ca_file",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, ca_file),
		.fallback = "",
		.help = "PEM file of the certificate authorities to trust; empty for the system's"},
	{.key = "allow_plain",
		.type = CONFIG_BOOL,
		.offset = offsetof(struct target_config, allow_plain),
		.fallback = "false",
		.help = "Permit http:// to another machine (alerts then travel readable)"},
	{.key = "min_level",
		.type = CONFIG_CHOICE,
		.offset = offsetof(struct target_config, min_level),
		.fallback = "informational",
		.choices = level_names,
		.help = "Alerts below this level are not sent"},
	{.key = "domains",
		.type = CONFIG_TEXTS,
		.offset = offsetof(struct target_config, domains),
		.fallback = "[]",
		.help = "Only alerts of these: network, information, bridge; empty for all"},
	{.key = "concurrency",
		.type = CONFIG_INT,
		.offset = offsetof(struct target_config, concurrency),
		.fallback = "4",
		.min = 1,
		.max = 64,
		.help = "Requests under way at once; 1 keeps strict order"},
	{.key = "timeout",
		.type = CONFIG_DURATION,
		.offset = offsetof(struct target_config, timeout_ms),
		.fallback = "15s",
		.min = 100,
		.max = TIMEOUT_MAX_MS,
		.help = "Longest wait for one answer"},
	{.key = "retry_min",
		.type = CONFIG_DURATION,
		.offset = offsetof(struct target_config, retry_min_ms),
		.fallback = "1s",
		.min = 10,
		.max = HOUR_MS,
		.help = "Pause after a first failure; doubles with each further one"},
	{.key = "retry_max",
		.type = CONFIG_DURATION,
		.offset = offsetof(struct target_config, retry_max_ms),
		.fallback = "1m",
		.min = 10,
		.max = DAY_MS,
		.help = "Longest pause between attempts"},
	{.key = "refused_max",
		.type = CONFIG_INT,
		.offset = offsetof(struct target_config, refused_max),
		.fallback = "5",
		.min = 1,
		.max = 1000,
		.help = "Refusals of one alert (400, 413, 422 …) before it becomes a dead letter"},
};

static const struct config_schema target_schema = {
	.fields = target_fields,
	.count = sizeof(target_fields) / sizeof(target_fields[0]),
	.size = sizeof(struct target_config),
};

static const struct config_field courier_fields[] = {
	SETTINGS_FIELDS(struct courier_config, shared),
	{.key = "courier.name",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct courier_config, name),
		.fallback = "c1",
		.min = 1,
		.max = 32,
		.help = "Name of this courier in `haidang status`"},
	{.key = "courier.source",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct courier_config, source),
		.fallback = "/haidang",
		.min = 1,
		.max = 256,
		.help = "URI that names this appliance to receivers (CloudEvents source)"},
	{.key = "courier.targets",
		.type = CONFIG_LIST,
		.offset = offsetof(struct courier_config, targets),
		.fallback = "[]",
		.max = TARGETS_MAX,
		.item = &target_schema,
		.help = "The receivers; alerts go nowhere else"},
};

const struct config_schema courier_schema = {
	.fields = courier_fields,
	.count = sizeof(courier_fields) / sizeof(courier_fields[0]),
	.size = sizeof(struct courier_config),
};

const struct target_config *courier_targets(const struct courier_config *config)
{
	return config->targets.items;
}

static bool is_domain(const char *name)
{
	for (int d = ALERT_NETWORK; d <= ALERT_BRIDGE; d++)
		if (slice_is(slice_of(alert_domain_name((enum alert_domain)d)), name))
			return true;
	return false;
}

static bool target_check(const struct target_config *t, struct err *err)
{
	if (!stream_name_is_valid(t->name))
		return err_set(err, NULL, 0, "a name may hold only letters, digits, '-' and '_'");
	if (t->retry_max_ms < t->retry_min_ms)
		return err_set(err, NULL, 0, "retry_max is below retry_min");
	for (size_t i = 0; i < t->domains.count; i++)
		if (!is_domain(t->domains.at[i]))
			return err_set(err, NULL, 0,
				"domain '%s' is none of network, information, bridge",
				t->domains.at[i]);
	return target_kinds[t->kind]->check(t, err);
}

bool courier_config_check(void *config, struct err *err)
{
	const struct courier_config *c = config;
	const struct target_config *targets = courier_targets(c);

	for (size_t i = 0; i < c->targets.count; i++) {
		struct err why = {0};

		if (!target_check(&targets[i], &why))
			return err_set(err, NULL, 0, "courier.targets: %s: %s", targets[i].name,
				err_text(&why));
		for (size_t k = 0; k < i; k++)
			if (slice_is(slice_of(targets[i].name), targets[k].name))
				return err_set(err, NULL, 0,
					"courier.targets: name '%s' stands twice", targets[i].name);
	}
	return true;
}
