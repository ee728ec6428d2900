/* The settings of haidang-probe: the section "probe" of haidang.yaml and the shared ones. */
#pragma once

#include "event/settings.h"
#include "lib/address.h"

/* The limits of what an outsider controls stand with their modules: decode.h, stream.h,
 * proto/proto.h, proto/dns.h; docs/probe.md lists them. */
struct probe_config {
	struct settings shared;
	char *sensor;
	char *interface;
	struct config_texts read;
	char *output;
	char *filter;
	int64_t snaplen, capture_buffer, memory;
	int64_t timeout_unanswered, timeout_closed, timeout_tcp, timeout_udp, timeout_other,
		timeout_active;
	struct config_texts home_networks;
	char *assets;
	char *ndpi_protocols;
	int64_t lookalike_silence;
	int64_t stats_interval;
	int64_t spool;
};

extern const struct config_schema probe_config_schema;

/* What the schema cannot say: the name of the sensor, networks, a source. */
bool probe_config_check(const struct probe_config *config, struct err *err);
