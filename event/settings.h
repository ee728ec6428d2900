/* The settings every program shares, to be put into its own schema table:
 *
 *     struct courier_config { struct settings shared; … };
 *     static const struct config_field fields[] = {
 *             SETTINGS_FIELDS(struct courier_config, shared),
 *             {"courier.targets", …},
 *     }; */
#pragma once

#include "lib/config.h"
#include "lib/redis.h"

struct settings {
	char *redis_address; /* "" = no Redis */
	char *redis_user;
	char *redis_password_file;
	char *state_dir; /* where a program keeps what must survive it */
	char *run_dir;   /* metrics files: NAME.prom; "" = none */
	int64_t log_level;
};

extern const char *const settings_log_levels[];

#define SETTINGS_FIELDS(holder, member)                                                            \
	{.key = "redis.address",                                                                   \
		.type = CONFIG_TEXT,                                                               \
		.offset = offsetof(holder, member.redis_address),                                  \
		.fallback = "unix:/run/haidang/redis.sock",                                        \
		.help = "unix:/path or host:port; empty for none"},                                \
		{.key = "redis.user",                                                              \
			.type = CONFIG_TEXT,                                                       \
			.offset = offsetof(holder, member.redis_user),                             \
			.fallback = "",                                                            \
			.help = "ACL user; empty for the default one"},                            \
		{.key = "redis.password_file",                                                     \
			.type = CONFIG_TEXT,                                                       \
			.offset = offsetof(holder, member.redis_password_file),                    \
			.fallback = "",                                                            \
			.help = "File with the password; empty for none"},                         \
		{.key = "paths.state",                                                             \
			.type = CONFIG_TEXT,                                                       \
			.offset = offsetof(holder, member.state_dir),                              \
			.fallback = "/var/lib/haidang",                                            \
			.help = "Folder for what must survive a program"},                         \
		{.key = "paths.run",                                                               \
			.type = CONFIG_TEXT,                                                       \
			.offset = offsetof(holder, member.run_dir),                                \
			.fallback = "",                                                            \
			.help = "Folder for metrics files (NAME.prom); empty for none"},           \
	{                                                                                          \
		.key = "log.level", .type = CONFIG_CHOICE,                                         \
		.offset = offsetof(holder, member.log_level), .fallback = "notice",                \
		.choices = settings_log_levels, .help = "error, warning, notice, info or debug"    \
	}

/* Options for redis_new() with the password read from its file; texts live in the arena. */
bool settings_redis(
	const struct settings *s, struct arena *a, struct redis_options *ret, struct err *err);
