/* Settings of the `haidang` command: how it speaks, and what its options set. */
#pragma once

#include "event/settings.h"

enum ctl_lang { LANG_VI, LANG_EN };

struct ctl_config {
	struct settings shared;
	int64_t lang; /* enum ctl_lang */
	int64_t since_ms;
	int64_t level; /* enum alert_level */
	int64_t limit;
	bool follow;
	bool json;
	char *import_socket;
};

extern const struct config_schema ctl_schema;

/* A client for the Redis configured, or NULL after a message on stderr. */
struct redis *ctl_redis(const struct ctl_config *config, struct arena *a);
