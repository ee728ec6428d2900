/* The console's part of the configuration. */
#pragma once

#include "event/settings.h"

struct console_settings {
	struct settings shared;
	char *listen;
	char *database; /* "": console.db in paths.state */
	char *origin;   /* "": http:// and what the request's Host says */
	char *ui;       /* "": the one built in */
	int64_t session_idle_ms, session_max_ms;
	int64_t connections_per_address;
};

extern const struct config_schema console_schema;

/* The path of the record, in the arena. */
const char *console_record_path(const struct console_settings *s, struct arena *a);
