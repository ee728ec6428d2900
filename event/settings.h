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
	bool redis_cluster;
	struct config_texts redis_nodes;
	char *redis_master;
	struct config_texts redis_sentinels;
	int64_t redis_replicas;
	char *state_dir; /* where a program keeps what must survive it */
	char *run_dir;   /* metrics files: NAME.prom; "" = none */
	int64_t log_level;
};

enum { SETTINGS_NODES_MAX = 64 };

extern const char *const settings_log_levels[];

#define SETTINGS_FIELDS(holder, member)                                                                \
	{.key = "redis.address",                                                                       \
		.type = CONFIG_TEXT,                                                                   \
		.offset = offsetof(holder, member.redis_address),                                      \
		.fallback = "unix:/run/haidang/redis.sock",                                            \
		.help = "unix:/path or host:port; empty for none"},                                    \
		{.key = "redis.user",                                                                  \
			.type = CONFIG_TEXT,                                                           \
			.offset = offsetof(holder, member.redis_user),                                 \
			.fallback = "",                                                                \
			.help = "ACL user; empty for the default one"},                                \
		{.key = "redis.password_file",                                                         \
			.type = CONFIG_TEXT,                                                           \
			.offset = offsetof(holder, member.redis_password_file),                        \
			.fallback = "",                                                                \
			.help = "File with the password; empty for none"},                             \
		{.key = "redis.cluster",                                                               \
			.type = CONFIG_BOOL,                                                           \
			.offset = offsetof(holder, member.redis_cluster),                              \
			.fallback = "false",                                                           \
			.help = "Whether redis.address is one node of a Redis Cluster"},               \
		{.key = "redis.nodes",                                                                 \
			.type = CONFIG_TEXTS,                                                          \
			.offset = offsetof(holder, member.redis_nodes),                                \
			.fallback = "[]",                                                              \
			.max = SETTINGS_NODES_MAX,                                                     \
			.help = "More nodes of the cluster to ask for the others, host:port"},         \
		{.key = "redis.master",                                                                \
			.type = CONFIG_TEXT,                                                           \
			.offset = offsetof(holder, member.redis_master),                               \
			.fallback = "",                                                                \
			.help = "Name of the master that sentinels watch, in place of redis.address"}, \
		{.key = "redis.sentinels",                                                             \
			.type = CONFIG_TEXTS,                                                          \
			.offset = offsetof(holder, member.redis_sentinels),                            \
			.fallback = "[]",                                                              \
			.max = SETTINGS_NODES_MAX,                                                     \
			.help = "Where the sentinels are, host:port"},                                 \
		{.key = "redis.replicas",                                                              \
			.type = CONFIG_INT,                                                            \
			.offset = offsetof(holder, member.redis_replicas),                             \
			.fallback = "0",                                                               \
			.min = 0,                                                                      \
			.max = 5,                                                                      \
			.help = "Replicas that must have what was written before it counts"},          \
		{.key = "paths.state",                                                                 \
			.type = CONFIG_TEXT,                                                           \
			.offset = offsetof(holder, member.state_dir),                                  \
			.fallback = "/var/lib/haidang",                                                \
			.help = "Folder for what must survive a program"},                             \
		{.key = "paths.run",                                                                   \
			.type = CONFIG_TEXT,                                                           \
			.offset = offsetof(holder, member.run_dir),                                    \
			.fallback = "",                                                                \
			.help = "Folder for metrics files (NAME.prom); empty for none"},               \
	{                                                                                              \
		.key = "log.level", .type = CONFIG_CHOICE,                                             \
		.offset = offsetof(holder, member.log_level), .fallback = "notice",                    \
		.choices = settings_log_levels, .help = "error, warning, notice, info or debug"        \
	}

/* Options for redis_new() with the password read from its file; texts live in the arena. */
bool settings_redis(
	const struct settings *s, struct arena *a, struct redis_options *ret, struct err *err);
