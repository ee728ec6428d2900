#include "courier/config.h"

#include "courier/audit.h"
#include "courier/routes.h"
#include "courier/target.h"
#include "event/alert.h"
#include "event/streams.h"
#include "lib/mem.h"
#include "lib/must.h"

enum {
	MINUTE_MS = 60 * 1000,
	HOUR_MS = 60 * MINUTE_MS,
	DAY_MS = 24 * HOUR_MS,
	TIMEOUT_MAX_MS = 2 * MINUTE_MS,
	COMMON_FIELDS = 10 /* of target_fields: of every kind */
};

/* In the order of enum alert_level. */
static const char *const level_names[] = {
	"informational", "low", "medium", "high", "critical", NULL};

static const char *const recipient_names[] = {"other", "police", NULL};
static const char *const fsync_names[] = {"alert", "second", "never", NULL};
static const char *const format_names[] = {"rfc5424", "cef", NULL};

/* Those of every target come first, name the first, refused_max the last of them. */
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
		.help = "How alerts leave; haidang-courier(8) tells the kinds"},
	{.key = "recipient",
		.type = CONFIG_CHOICE,
		.offset = offsetof(struct target_config, recipient),
		.fallback = "other",
		.choices = recipient_names,
		.help = "Whose it is; routes of the information side to police are refused but for four classes"},
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
		.help = "Alerts under way at once; 1 keeps strict order"},
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
	{.key = "url",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, url),
		.fallback = "",
		.max = 2048,
		.help = "webhook, mail, syslog: where to; encrypted, or in the clear on this machine"},
	{.key = "secret_file",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, secret_file),
		.fallback = "",
		.max = 4096,
		.help = "File with secrets, one a line: whsec_…, the newest first; a password; NAME sha256:… of readers"},
	{.key = "ca_file",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, ca_file),
		.fallback = "",
		.help = "PEM file of the certificate authorities to trust; empty for the system's"},
	{.key = "allow_plain",
		.type = CONFIG_BOOL,
		.offset = offsetof(struct target_config, allow_plain),
		.fallback = "false",
		.help = "Permit an unencrypted way to another machine (alerts then travel readable)"},
	{.key = "listen",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, listen),
		.fallback = "",
		.max = 256,
		.help = "taxii, atom: address:port to serve at"},
	{.key = "cert_file",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, cert_file),
		.fallback = "",
		.max = 4096,
		.help = "PEM certificate shown to the other side"},
	{.key = "key_file",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, key_file),
		.fallback = "",
		.max = 4096,
		.help = "PEM key of cert_file"},
	{.key = "user",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, user),
		.fallback = "",
		.max = 256,
		.help = "mail: user name for AUTH; the password is in secret_file"},
	{.key = "from",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, from),
		.fallback = "",
		.max = 256,
		.help = "mail: address of the sender"},
	{.key = "to",
		.type = CONFIG_TEXTS,
		.offset = offsetof(struct target_config, to),
		.fallback = "[]",
		.help = "mail: addresses of the receivers"},
	{.key = "digest",
		.type = CONFIG_DURATION,
		.offset = offsetof(struct target_config, digest_ms),
		.fallback = "0s",
		.min = 0,
		.max = DAY_MS,
		.help = "mail: one mail every so long with all alerts since; 0s for a mail per alert"},
	{.key = "digest_at",
		.type = CONFIG_TEXTS,
		.offset = offsetof(struct target_config, digest_at),
		.fallback = "[]",
		.help = "mail: one mail at these times of day (UTC+7), as [\"06:00\", \"11:00\"]"},
	{.key = "path",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct target_config, path),
		.fallback = "",
		.max = 4096,
		.help = "file: where alerts are appended, one JSON object a line"},
	{.key = "fsync",
		.type = CONFIG_CHOICE,
		.offset = offsetof(struct target_config, fsync),
		.fallback = "alert",
		.choices = fsync_names,
		.help = "file: when written lines are forced to disk: alert (before each is acknowledged), second, never"},
	{.key = "size_max",
		.type = CONFIG_SIZE,
		.offset = offsetof(struct target_config, size_max),
		.fallback = "256MiB",
		.min = 0,
		.max = INT64_C(1) << 40,
		.help = "file: a longer file becomes PATH.1 and a new one begins; 0 for never"},
	{.key = "files_max",
		.type = CONFIG_INT,
		.offset = offsetof(struct target_config, files_max),
		.fallback = "8",
		.min = 1,
		.max = 1000,
		.help = "file: old files kept (PATH.1 is the newest)"},
	{.key = "format",
		.type = CONFIG_CHOICE,
		.offset = offsetof(struct target_config, format),
		.fallback = "rfc5424",
		.choices = format_names,
		.help = "syslog: rfc5424 or cef"},
	{.key = "facility",
		.type = CONFIG_INT,
		.offset = offsetof(struct target_config, facility),
		.fallback = "16",
		.min = 0,
		.max = 23,
		.help = "syslog: facility by number; 16 is local0"},
	{.key = "enterprise",
		.type = CONFIG_INT,
		.offset = offsetof(struct target_config, enterprise),
		.fallback = "32473",
		.min = 1,
		.max = UINT32_MAX,
		.help = "syslog: private enterprise number in our SD-ID; 32473 is the one for examples"},
	{.key = "kept",
		.type = CONFIG_DURATION,
		.offset = offsetof(struct target_config, kept_ms),
		.fallback = "90d",
		.min = HOUR_MS,
		.max = 3660LL * DAY_MS,
		.help = "taxii, atom: how long an alert is offered"},
	{.key = "kept_max",
		.type = CONFIG_INT,
		.offset = offsetof(struct target_config, kept_max),
		.fallback = "10000",
		.min = 1,
		.max = 10000000,
		.help = "taxii, atom: alerts offered at most, about"},
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
	{.key = "courier.console_url",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct courier_config, console_url),
		.fallback = "",
		.max = 512,
		.help = "Address of the console, for links to alerts in mails; empty for none"},
	{.key = "courier.routes",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct courier_config, routes),
		.fallback = "",
		.max = 4096,
		.help = "File that says which alerts go where; empty: each target gets all it wants"},
	{.key = "courier.reminder_lead",
		.type = CONFIG_DURATION,
		.offset = offsetof(struct courier_config, reminder_lead_ms),
		.fallback = "2h",
		.min = 0,
		.max = DAY_MS,
		.help = "How long before a legal clock ends a reminder goes out"},
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

static bool is_same(
	const struct config_field *f, const struct target_config *a, const struct target_config *b)
{
	const char *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;

	switch (f->type) {
	case CONFIG_TEXT: return slice_is(slice_of(*(char *const *)x), *(char *const *)y);
	case CONFIG_BOOL: return *(const bool *)x == *(const bool *)y;
	case CONFIG_INT:
	case CONFIG_DURATION:
	case CONFIG_SIZE:
	case CONFIG_CHOICE: return *(const int64_t *)x == *(const int64_t *)y;
	case CONFIG_TEXTS: return !((const struct config_texts *)x)->count;
	case CONFIG_LIST: break;
	}
	return true;
}

static bool is_understood(const struct target_kind *kind, const char *key)
{
	for (const char *const *setting = kind->settings; *setting; setting++)
		if (slice_is(slice_of(key), *setting))
			return true;
	return false;
}

/* A setting that the kind does not understand would be a promise that is not kept. */
static bool settings_check(const struct target_config *t, struct err *err)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct target_kind *kind = target_kinds[t->kind];
	struct target_config unset = {0};

	must(config_read(&target_schema, NULL, a, &unset, err));
	for (size_t i = COMMON_FIELDS; i < target_schema.count; i++) {
		const struct config_field *f = &target_fields[i];

		if (!is_same(f, t, &unset) && !is_understood(kind, f->key))
			return err_set(
				err, NULL, 0, "kind %s has no setting '%s'", kind->name, f->key);
	}
	return true;
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
	return settings_check(t, err) && target_kinds[t->kind]->check(t, err);
}

static bool routes_check(const struct courier_config *c, struct err *err)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	bool refused;

	if (routes_read(a, c, &refused, err))
		return true;
	if (refused)
		audit_refusal(c, err_text(err));
	return false;
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
	return routes_check(c, err);
}
