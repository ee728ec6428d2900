/* One packet's way: decode, flow, nDPI, parsers, events. A worker owns its flows, its nDPI module,
 * its parsers and its publisher, so that several can run side by side without sharing anything.
 *
 *     struct worker *w = worker_new(&options, &err);
 *     worker_packet(w, LINK_ETHERNET, &frame);
 *     worker_tick(w, now_us);                 (when there are no packets)
 *     worker_finish(w);                       (writes the flows that are open)
 *     worker_free(&w);
 *
 * Time is that of the packets; it never goes back by a little, and one that goes back by much
 * ends all flows. */
#pragma once

#include "lib/lookalike.h"
#include "probe/emit.h"
#include "probe/watchdog.h"

struct worker;

struct worker_timeouts {    /* µs */
	int64_t unanswered; /* TCP without an answer: scans become visible after it */
	int64_t closed;     /* after FIN or RST, for stragglers */
	int64_t tcp, udp, other;
	int64_t active; /* a longer flow is written in parts */
};

struct worker_options {
	const char *sensor;
	const char *ndpi_protocols_path;
	size_t memory_len;
	struct worker_timeouts timeouts;
	int64_t stats_us;
	int64_t lookalike_silence_us;
	const struct networks *home;
	const struct lookalike *lookalike; /* NULL: host names are not looked at */
	struct publish *publish;
	struct busy *busy;
};

struct worker_counts {
	uint64_t packets, bytes;
	uint64_t decode_short, decode_bad, decode_other; /* other: no IP inside */
	uint64_t fragments;
	uint64_t datagrams_whole, datagrams_expired, fragments_refused, fragments_overlapping;
	uint64_t flows, flows_active, flows_evicted;
	uint64_t ndpi_refused, sessions_refused; /* flows that found no memory for them */
	uint64_t stream_gaps, stream_full;
	uint64_t events;
};

/* What is known of losses outside the worker, for its stats events. */
struct worker_losses {
	uint64_t kernel_drops, own_drops, events_lost;
};

struct worker *worker_new(const struct worker_options *options, struct err *err);
void worker_free(struct worker **w);

void worker_set_interface(struct worker *w, const char *name); /* borrowed */
void worker_set_losses(struct worker *w, const struct worker_losses *losses);

void worker_packet(struct worker *w, enum link link, const struct frame *frame);
void worker_tick(struct worker *w, int64_t now_us);
void worker_finish(struct worker *w);

struct worker_counts worker_counts(const struct worker *w);
