#include "console/settings.h"

#include "console/limits.h"

#define AT(member) offsetof(struct console_settings, member)

static const struct config_field fields[] = {
	SETTINGS_FIELDS(struct console_settings, shared),
	{.key = "console.listen",
		.type = CONFIG_TEXT,
		.offset = AT(listen),
		.fallback = "127.0.0.1:8480",
		.help = "Address and port in numbers; port 0: any free one"},
	{.key = "console.database",
		.type = CONFIG_TEXT,
		.offset = AT(database),
		.fallback = "",
		.help = "File of the record; empty: console.db in paths.state"},
	{.key = "console.origin",
		.type = CONFIG_TEXT,
		.offset = AT(origin),
		.fallback = "",
		.help = "What browsers have in the address bar, such as https://haidang.example, "
			"when a proxy stands before the console; empty: the console itself"},
	{.key = "console.ui",
		.type = CONFIG_TEXT,
		.offset = AT(ui),
		.fallback = "",
		.help = "Folder of the user interface's files; empty: those built in"},
	{.key = "console.session_idle",
		.type = CONFIG_DURATION,
		.offset = AT(session_idle_ms),
		.fallback = "30m",
		.min = INT64_C(60) * 1000,
		.max = 24LL * 3600 * 1000,
		.help = "A session ends after so long without its user"},
	{.key = "console.session_max",
		.type = CONFIG_DURATION,
		.offset = AT(session_max_ms),
		.fallback = "12h",
		.min = INT64_C(60) * 1000,
		.max = 7LL * 24 * 3600 * 1000,
		.help = "A session ends after so long in any case"},
	{.key = "console.connections_per_address",
		.type = CONFIG_INT,
		.offset = AT(connections_per_address),
		.fallback = "256",
		.min = 1,
		.max = CONNECTIONS_MAX,
		.help = "Connections from one address at once; a proxy is one address"},
};

const struct config_schema console_schema = {
	fields, sizeof fields / sizeof *fields, sizeof(struct console_settings)};

const char *console_record_path(const struct console_settings *s, struct arena *a)
{
	if (s->database[0])
		return s->database;
	return arena_printf(a, "%s/console.db", s->shared.state_dir);
}
