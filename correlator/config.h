/* The settings of haidang-correlator: section `correlator` of the appliance's configuration. */
#pragma once

#include "event/settings.h"

struct correlator_config {
	struct settings shared;
	char *worker;
	struct config_texts rules;
	char *vars;
	char *assets;
	bool inventory;
	int64_t learn_ms;
	int64_t batch;
	int64_t streams_max;
	int64_t lateness_ms;
	int64_t lease_ms;
	int64_t outage_ms;
	int64_t cache_len;
	int64_t alert_len_max;
};

extern const struct config_schema correlator_schema;
