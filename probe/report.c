#include "probe/report.h"

#include "event/health.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "probe/ticker.h"

#include <string.h>

/* Every counter of a worker, and how it is told. */
#define COUNTERS(X)                                                                                \
	X(packets, "haidang_probe_packets_total", "", "Packets taken from the capture.")           \
	X(bytes, "haidang_probe_bytes_total", "", "Bytes of them on the wire.")                    \
	X(decode_short, "haidang_probe_undecoded_total", "reason=\"short\"",                       \
		"Packets that could not be decoded.")                                              \
	X(decode_bad, "haidang_probe_undecoded_total", "reason=\"bad\"",                           \
		"Packets that could not be decoded.")                                              \
	X(decode_other, "haidang_probe_undecoded_total", "reason=\"not_ip\"",                      \
		"Packets that could not be decoded.")                                              \
	X(fragments, "haidang_probe_fragments_total", "", "IP fragments among the packets.")       \
	X(datagrams_whole, "haidang_probe_datagrams_total", "outcome=\"whole\"",                   \
		"Datagrams put together from fragments, or given up.")                             \
	X(datagrams_expired, "haidang_probe_datagrams_total", "outcome=\"expired\"",               \
		"Datagrams put together from fragments, or given up.")                             \
	X(fragments_overlapping, "haidang_probe_datagrams_total", "outcome=\"overlapping\"",       \
		"Datagrams put together from fragments, or given up.")                             \
	X(fragments_refused, "haidang_probe_refused_total", "for=\"fragment\"",                    \
		"Flows, sessions and fragments that found no room.")                               \
	X(flows, "haidang_probe_flows_total", "", "Flows seen.")                                   \
	X(flows_evicted, "haidang_probe_flows_evicted_total", "",                                  \
		"Flows ended early because the table was full.")                                   \
	X(ndpi_refused, "haidang_probe_refused_total", "for=\"ndpi\"",                             \
		"Flows without nDPI or parser because memory for it was out.")                     \
	X(sessions_refused, "haidang_probe_refused_total", "for=\"parser\"",                       \
		"Flows without nDPI or parser because memory for it was out.")                     \
	X(stream_gaps, "haidang_probe_streams_ended_total", "reason=\"gap\"",                      \
		"Directions of TCP connections no longer read.")                                   \
	X(stream_full, "haidang_probe_streams_ended_total", "reason=\"limit\"",                    \
		"Directions of TCP connections no longer read.")                                   \
	X(events, "haidang_probe_events_total", "", "Events made.")

struct report {
	struct report_options options;
	struct health health;
	struct redis *redis;
	struct ticker *ticker;
	char *path;
	struct metric *kernel_drops, *interface_drops, *flows_active, *up;
#define COUNTER(member, name, labels, help) struct metric *member;
	COUNTERS(COUNTER)
#undef COUNTER
};

static void tell(void *ctx)
{
	struct report *r = ctx;
	const char *status = metric_value(r->up) ? "capturing" : "the interface is away";

	if (r->path && metrics_write_file(r->options.metrics, r->path) < 0)
		log_warning("The metrics file cannot be written path=%s", r->path);
	if (r->redis &&
		health_report(&r->health, r->redis, r->options.clock, r->options.metrics, status) <
			0)
		log_debug("Redis took no health report reason=%s", redis_said(r->redis));
}

static void make_metrics(struct report *r)
{
	struct metrics *m = r->options.metrics;
	static const char drops[] = "haidang_probe_drops_total";

#define COUNTER(member, name, labels, help) r->member = metrics_counter(m, name, labels, help);
	COUNTERS(COUNTER)
#undef COUNTER
	r->kernel_drops = metrics_counter(m, drops, "by=\"kernel\"", "Packets never seen.");
	r->interface_drops = metrics_counter(m, drops, "by=\"interface\"", "Packets never seen.");
	r->flows_active = metrics_gauge(m, "haidang_probe_flows_active", "", "Flows in the table.");
	r->up = metrics_gauge(m, "haidang_probe_capture_up", "", "1 while the source is there.");
	metric_set(r->up, 1);
}

struct report *report_new(const struct report_options *options)
{
	struct report *r = mem_alloc(sizeof *r);

	r->options = *options;
	r->health = (struct health){
		.program = "probe",
		.instance = options->sensor,
		.started_us = clock_wall_us(options->clock),
	};
	if (options->redis)
		r->redis = redis_new(options->redis, options->clock);
	if (options->run_dir[0] != '\0')
		r->path = mem_printf("%s/haidang-probe.prom", options->run_dir);
	make_metrics(r);
	r->ticker = ticker_new(HEALTH_INTERVAL_MS, tell, r);
	return r;
}

void report_free(struct report **r)
{
	if (!*r)
		return;
	ticker_free(&(*r)->ticker);
	tell(*r);
	redis_free(&(*r)->redis);
	mem_free((*r)->path);
	mem_free(*r);
	*r = NULL;
}

void report_update(struct report *r, const struct worker_counts *counts, struct capture_drops drops)
{
#define COUNTER(member, name, labels, help) metric_set(r->member, (int64_t)counts->member);
	COUNTERS(COUNTER)
#undef COUNTER
	metric_set(r->kernel_drops, (int64_t)drops.kernel);
	metric_set(r->interface_drops, (int64_t)drops.interface);
	metric_set(r->flows_active, (int64_t)counts->flows_active);
}

void report_capture_is_up(struct report *r, bool up)
{
	metric_set(r->up, up);
}
