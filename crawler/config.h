/* Settings of the crawler: section `crawler:` of the configuration file. */
#pragma once

#include "event/settings.h"

struct crawler_config {
	struct settings shared;
	char *name;
	char *sources, *topics, *places, *assets, *calendar; /* files */
	char *user_agent, *contact;
	int64_t delay_ms;
	struct config_texts resolve; /* host:port:address, as curl's --resolve */
	int64_t page_len_max, feed_len_max;
	int64_t timeout_ms;
	int64_t parallel;
	bool disaster;
	int64_t page_limit;
	int64_t seen_ms, baseline_ms, story_ms;
	int64_t revisit_ms;
	int64_t site_report_ms;
	bool cloaking;
	char *import_listen, *import_secret;
	char *eve, *spool;
	int64_t spool_len_max, stream_len_max;
};

extern const struct config_schema crawler_schema;

/* "haidang/0.1.0 (+CONTACT)" unless the setting says otherwise. */
const char *crawler_user_agent(const struct crawler_config *config, struct arena *a);

/* The product token that robots.txt files name. */
#define CRAWLER_PRODUCT "haidang"
