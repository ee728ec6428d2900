/* The courier's part of haidang.yaml: who it is, and the only receivers it ever speaks to. */
#pragma once

#include "event/settings.h"

struct target_config {
	char *name;   /* also in the names of its consumer group and dead-letter stream */
	int64_t kind; /* index into target_kind_names (target.h) */
	char *url;
	char *secret_file;
	char *ca_file; /* "" = the system's */
	bool allow_plain;
	int64_t min_level;           /* enum alert_level */
	struct config_texts domains; /* none = all */
	int64_t concurrency;
	int64_t timeout_ms;
	int64_t retry_min_ms, retry_max_ms;
	int64_t refused_max;
};

struct courier_config {
	struct settings shared;
	char *name;
	char *source;
	struct config_list targets; /* of struct target_config */
};

extern const struct config_schema courier_schema;

const struct target_config *courier_targets(const struct courier_config *config);

/* What the schema cannot say: names valid and unique, known domains, and all that a target's kind
 * needs (address, secrets). For program.check. */
bool courier_config_check(void *config, struct err *err);
