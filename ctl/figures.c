#include "ctl/figures.h"

static const struct figure figures[] = {
	{"probe", "haidang_probe_packets_total", "packets", FIGURE_COUNT},
	{"probe", "haidang_probe_kernel_drops_total", "kernel drops", FIGURE_LOSS},
	{"probe", "haidang_probe_dropped_total", "own drops", FIGURE_LOSS},
	{"probe", "haidang_probe_flows", "flows now", FIGURE_COUNT},
	{"probe", "haidang_publish_events_total", "events", FIGURE_COUNT},
	{"probe", "haidang_publish_dropped_total", "events lost", FIGURE_LOSS},
	{"crawler", "haidang_crawler_sources", "sources", FIGURE_COUNT},
	{"crawler", "haidang_crawler_fetches_total", "fetches", FIGURE_COUNT},
	{"crawler", "haidang_crawler_articles_total", "articles", FIGURE_COUNT},
	{"crawler", "haidang_publish_events_total", "events", FIGURE_COUNT},
	{"crawler", "haidang_publish_dropped_total", "events lost", FIGURE_LOSS},
	{"correlator", "haidang_correlator_rules", "rules", FIGURE_COUNT},
	{"correlator", "haidang_correlator_events_total", "events", FIGURE_COUNT},
	{"correlator", "haidang_correlator_alerts_total", "alerts", FIGURE_COUNT},
	{"correlator", "haidang_correlator_lag_events", "waiting", FIGURE_COUNT},
	{"courier", "haidang_courier_targets", "targets", FIGURE_COUNT},
	{"courier", "haidang_courier_delivered_total", "delivered", FIGURE_COUNT},
	{"courier", "haidang_courier_pending", "waiting", FIGURE_COUNT},
	{"courier", "haidang_courier_dead_letters", "dead letters", FIGURE_COUNT},
	{"courier", "haidang_courier_targets_failing", "targets failing", FIGURE_FAILING},
	{"courier", "haidang_courier_lost_total", "lost", FIGURE_LOSS},
	{"console", "haidang_console_alerts_total", "alerts kept", FIGURE_COUNT},
	{"console", "haidang_console_viewers", "viewers", FIGURE_COUNT},
};

struct sum {
	const char *metric;
	int64_t value;
	bool found;
};

/* A member's key is the metric's name, or that with labels in braces. */
static bool add_up(void *ctx, struct slice key, struct json_value value)
{
	struct sum *sum = ctx;
	struct slice name = slice_over(key.at, slice_find_byte(key, '{'));
	int64_t one;

	if (slice_is(name, sum->metric) && json_to_i64(value, &one)) {
		sum->value += one;
		sum->found = true;
	}
	return true;
}

void figures_each(struct slice program, struct json_value metrics, figures_fn *fn, void *ctx)
{
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		struct sum sum = {.metric = figures[i].metric};

		if (!slice_is(program, figures[i].program))
			continue;
		json_each(metrics, add_up, &sum);
		if (sum.found)
			fn(ctx, &figures[i], sum.value);
	}
}
