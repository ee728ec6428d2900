/* Counters and gauges, written as Prometheus text (exposition format 0.0.4).
 *
 *     struct metric *seen = metrics_counter(m, "haidang_probe_packets_total", "", "Packets seen.");
 *     metric_add(seen, 1);
 *
 * Any thread may add to or set a metric; registering and writing belong to one thread. A metric
 * lives as long as its registry. */
#pragma once

#include "lib/buf.h"

struct metrics;
struct metric;

struct metrics *metrics_new(void);
void metrics_free(struct metrics **m);

/* `labels` is "" or the inside of the braces: interface="eth0",reason="short". Asking again for
 * the same name and labels gives the same metric. */
struct metric *metrics_counter(
	struct metrics *m, const char *name, const char *labels, const char *help);
struct metric *metrics_gauge(
	struct metrics *m, const char *name, const char *labels, const char *help);

void metric_add(struct metric *metric, uint64_t count);
void metric_set(struct metric *metric, int64_t value);
int64_t metric_value(const struct metric *metric);

void metrics_write(const struct metrics *m, struct buf *out);

/* Writes the text to `path` so that a reader sees the old or the new one whole. 0 or -errno. */
int metrics_write_file(const struct metrics *m, const char *path)
	__attribute__((warn_unused_result));
