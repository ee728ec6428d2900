#include "ctl/figures.h"

static const struct figure figures[] = {
	{"probe", "haidang_probe_packets_total", "packets", FIGURE_COUNT},
	{"probe", "haidang_probe_drops_total", "dropped", FIGURE_COUNT},
	{"probe", "haidang_probe_flows_active", "flows", FIGURE_COUNT},
	{"probe", "haidang_probe_events_total", "events", FIGURE_COUNT},
	{"probe", "haidang_publish_dropped_total", "events lost", FIGURE_COUNT},
	{"probe", "haidang_publish_spool_bytes", "spooled bytes", FIGURE_COUNT},
	{"probe", "haidang_probe_capture_up", "capturing", FIGURE_UP},
	{"crawler", "haidang_crawler_fetches_total", "fetches", FIGURE_COUNT},
	{"crawler", "haidang_crawler_articles_total", "articles", FIGURE_COUNT},
	{"crawler", "haidang_crawler_failures_total", "failed visits", FIGURE_COUNT},
	{"crawler", "haidang_crawler_waiting", "addresses waiting", FIGURE_COUNT},
	{"crawler", "haidang_publish_events_total", "events", FIGURE_COUNT},
	{"crawler", "haidang_publish_dropped_total", "events lost", FIGURE_COUNT},
	{"crawler", "haidang_publish_spool_bytes", "spooled bytes", FIGURE_COUNT},
	{"correlator", "haidang_correlator_rules", "rules", FIGURE_COUNT},
	{"correlator", "haidang_correlator_rules_refused", "rules refused", FIGURE_FAULTS},
	{"correlator", "haidang_correlator_streams", "streams", FIGURE_COUNT},
	{"correlator", "haidang_correlator_events_total", "events", FIGURE_COUNT},
	{"correlator", "haidang_correlator_refused_total", "events refused", FIGURE_COUNT},
	{"correlator", "haidang_correlator_alerts_total", "alerts", FIGURE_COUNT},
	{"correlator", "haidang_correlator_lag_ms", "lag ms", FIGURE_LARGEST},
	{"courier", "haidang_courier_targets", "targets", FIGURE_COUNT},
	{"courier", "haidang_courier_targets_failing", "targets failing", FIGURE_FAULTS},
	{"courier", "haidang_courier_delivered_total", "delivered", FIGURE_COUNT},
	{"courier", "haidang_courier_pending", "waiting", FIGURE_COUNT},
	{"courier", "haidang_courier_dead_letters", "dead letters", FIGURE_COUNT},
	{"courier", "haidang_courier_lost_total", "lost", FIGURE_COUNT},
	{"console", "haidang_console_alerts_total", "alerts read", FIGURE_COUNT},
	{"console", "haidang_console_viewers", "viewers", FIGURE_COUNT},
};

struct sum {
	const struct figure *figure;
	int64_t value;
	bool found;
};

/* A member's key is the metric's name, or that with labels in braces. */
static bool add_up(void *ctx, struct slice key, struct json_value value)
{
	struct sum *sum = ctx;
	struct slice name = slice_over(key.at, slice_find_byte(key, '{'));
	int64_t one;

	if (!slice_is(name, sum->figure->metric) || !json_to_i64(value, &one))
		return true;
	if (sum->figure->meaning != FIGURE_LARGEST)
		sum->value += one;
	else if (!sum->found || one > sum->value)
		sum->value = one;
	sum->found = true;
	return true;
}

bool figure_is_fault(const struct figure *figure, int64_t value)
{
	switch (figure->meaning) {
	case FIGURE_COUNT:
	case FIGURE_LARGEST: return false;
	case FIGURE_FAULTS: return value != 0;
	case FIGURE_UP: return value == 0;
	}
	return false;
}

void figures_each(struct slice program, struct json_value metrics, figures_fn *fn, void *ctx)
{
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		struct sum sum = {.figure = &figures[i]};

		if (!slice_is(program, figures[i].program))
			continue;
		json_each(metrics, add_up, &sum);
		if (sum.found)
			fn(ctx, &figures[i], sum.value);
	}
}
