/* The courier's part of haidang.yaml: who it is, and the only receivers it ever speaks to. */
#pragma once

#include "event/settings.h"

/* One struct for all kinds; which of the settings a kind understands, it says itself
 * (target_kind.settings). Texts that are not given are "". */
struct target_config {
	/* of every target */
	char *name;                  /* also in the names of its consumer group and streams */
	int64_t kind;                /* index into target_kind_names (target.h) */
	int64_t recipient;           /* enum recipient */
	int64_t min_level;           /* enum alert_level */
	struct config_texts domains; /* none = all */
	int64_t concurrency;
	int64_t timeout_ms;
	int64_t retry_min_ms, retry_max_ms;
	int64_t refused_max;

	/* of some kinds */
	char *url;
	char *secret_file;
	char *ca_file; /* "" = the system's */
	bool allow_plain;
	char *listen; /* address:port */
	char *cert_file, *key_file;
	char *user;
	char *from;             /* mail */
	struct config_texts to; /* mail */
	int64_t digest_ms;      /* mail: every so long; 0: a mail per alert */
	struct config_texts digest_at;
	char *path; /* file */
	int64_t fsync;
	int64_t size_max, files_max;
	int64_t format;               /* syslog: enum syslog_format */
	int64_t facility, enterprise; /* syslog */
	int64_t kept_ms, kept_max;
};

struct courier_config {
	struct settings shared;
	char *name;
	char *source;
	char *console_url;
	char *routes; /* file; "" = every target gets all that it wants */
	int64_t reminder_lead_ms;
	struct config_list targets; /* of struct target_config */
};

extern const struct config_schema courier_schema;

/* Values of target_config.recipient, .fsync and .format. */
enum recipient { RECIPIENT_OTHER, RECIPIENT_POLICE };
enum fsync_policy { FSYNC_ALERT, FSYNC_SECOND, FSYNC_NEVER };
enum syslog_format { SYSLOG_RFC5424, SYSLOG_CEF };

const struct target_config *courier_targets(const struct courier_config *config);

/* What the schema cannot say: names valid and unique, known domains, and all that a target's kind
 * needs (address, secrets). For program.check. */
bool courier_config_check(void *config, struct err *err);
