/* The collector's part of haidang.yaml: the other sensors whose events it takes in. */
#pragma once

#include "event/settings.h"

enum input_kind { INPUT_EVE_FILE, INPUT_REDIS_LIST, INPUT_REDIS_STREAM, INPUT_SYSLOG };
enum list_order { LIST_LPUSH, LIST_RPUSH };

/* Which of these a kind understands stands in docs/collector.md. Texts not given are "". */
struct input_config {
	char *name;   /* sensor name in the events, and of the producer stream */
	int64_t kind; /* enum input_kind */

	char *path; /* eve_file */
	bool from_start;
	char *key; /* redis_list, redis_stream */
	char *address;
	int64_t order; /* enum list_order */
	struct config_texts types;

	struct config_texts listen; /* syslog: udp:ADDRESS:PORT, tcp:…, tls:… */
	struct config_texts allow;
	char *zone;
	char *cert_file, *key_file, *ca_file;
};

struct collector_config {
	struct settings shared;
	char *mappings;
	struct config_texts home_networks;
	int64_t stream_len_max; /* entries */
	int64_t spool_len_max;
	struct config_list inputs; /* of struct input_config */
};

extern const struct config_schema collector_schema;

const struct input_config *collector_inputs(const struct collector_config *config);

/* For program.check: names, what each kind needs, the mapping file. */
bool collector_check(void *config, struct err *err);

/* "+07:00" as seconds east of UTC. */
bool zone_read(struct slice text, int64_t *ret_seconds);
