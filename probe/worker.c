#include "probe/worker.h"

#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "probe/defrag.h"
#include "probe/proto/dns.h"
#include "probe/recent.h"
#include "probe/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	PORT_DNS = 53,
	PORT_WELL_KNOWN_MAX = 1023,
	CLOCK_STEP_US = 60 * 1000000, /* packets may be out of order by less */
	DATAGRAMS_MAX = 1024,         /* waiting for their fragments */
	DATAGRAMS_LEN_MAX = 8 * 1024 * 1024,
};

struct worker {
	struct worker_options options;
	struct emitter *emitter;
	struct ndpi_engine *ndpi;
	struct flow_table *flows;
	struct defrag *defrag;
	struct sessions *sessions;
	struct recent *names;
	struct buf scratch;
	struct worker_counts counts;
	struct worker_losses losses;
	int64_t now_us; /* the latest time of a packet or tick */
	int64_t first_us, stats_due_us;
	bool started;
	struct flow *flow; /* of the packet at hand, for the sink */
	struct proto_sink sink;
};

static const struct proto_sink sink_of_worker;

struct worker *worker_new(const struct worker_options *options, struct err *err)
{
	struct worker *w = mem_alloc(sizeof *w);
	size_t quarter = options->memory_len / 4;
	uint64_t seed[6 + 4]; /* of the flows, of the datagrams */

	w->options = *options;
	w->ndpi = ndpi_engine_new(
		options->ndpi_protocols_path, quarter / ndpi_engine_state_len() + 1, err);
	if (!w->ndpi) {
		mem_free(w);
		return NULL;
	}
	must(getrandom(seed, sizeof seed, 0) == (ssize_t)sizeof seed);
	w->flows = flow_table_new(2 * quarter, seed);
	w->defrag = defrag_new(DATAGRAMS_MAX, DATAGRAMS_LEN_MAX, seed + 6);
	w->sessions = sessions_new(quarter);
	w->names = recent_new(options->lookalike_silence_us);
	w->emitter = emitter_new(&(struct emitter_options){
		.sensor = options->sensor,
		.publish = options->publish,
		.ndpi = w->ndpi,
		.home = options->home,
	});
	w->sink = sink_of_worker;
	w->sink.ctx = w;
	return w;
}

void worker_free(struct worker **w)
{
	if (!*w)
		return;
	emitter_free(&(*w)->emitter);
	recent_free(&(*w)->names);
	sessions_free(&(*w)->sessions);
	flow_table_free(&(*w)->flows);
	defrag_free(&(*w)->defrag);
	ndpi_engine_free(&(*w)->ndpi);
	buf_release(&(*w)->scratch);
	mem_free(*w);
	*w = NULL;
}

void worker_set_interface(struct worker *w, const char *name)
{
	emitter_set_interface(w->emitter, name);
}

void worker_set_losses(struct worker *w, const struct worker_losses *losses)
{
	w->losses = *losses;
}

struct worker_counts worker_counts(const struct worker *w)
{
	struct worker_counts counts = w->counts;
	struct session_losses lost = sessions_losses(w->sessions);

	struct defrag_counts datagrams = defrag_counts(w->defrag);

	counts.datagrams_whole = datagrams.whole;
	counts.datagrams_expired = datagrams.expired;
	counts.fragments_overlapping = datagrams.overlaps;
	counts.fragments_refused = datagrams.refused;
	counts.flows_active = flow_table_count(w->flows);
	counts.stream_gaps = lost.gaps;
	counts.stream_full = lost.full;
	counts.events = emitter_count(w->emitter);
	return counts;
}

static void take_event(void *ctx, enum event_group group, const void *values)
{
	struct worker *w = ctx;
	const struct event_tls *tls = group == EVENT_GROUP_tls ? values : NULL;

	if (tls && tls->notafter_us != 0 && tls->notafter_us < w->now_us)
		ndpi_engine_expired(&w->flow->verdict);
	emit_flow_event(w->emitter, w->flow, w->now_us, group, values);
}

static void take_host(void *ctx, enum app app, struct slice name)
{
	struct worker *w = ctx;
	struct address client = w->flow->key.address[w->flow->opener];
	struct lookalike_hit hit;

	if (!w->options.lookalike)
		return;

	uint64_t hash = digest_hash64(name) ^ digest_hash64(slice_over(&client, sizeof client));
	if (!recent_add(w->names, hash, w->now_us) ||
		!lookalike_match(w->options.lookalike, name, &hit))
		return;

	const struct event_lookalike lookalike = {
		.host = name,
		.domain = hit.domain,
		.target = hit.target,
		.brand = hit.brand,
		.reason = hit.reason,
		.found_in = slice_of(app_name(app)),
	};
	emit_flow_event(w->emitter, w->flow, w->now_us, EVENT_GROUP_lookalike, &lookalike);
}

static void take_url(void *ctx, struct slice url)
{
	struct worker *w = ctx;

	ndpi_engine_url(w->ndpi, url, &w->flow->verdict);
}

static void take_credential(void *ctx, enum app service)
{
	struct worker *w = ctx;

	if (w->flow->credential == service)
		return;
	w->flow->credential = service;
	emit_credential(w->emitter, w->flow, w->now_us, service);
}

static void take_app(void *ctx, enum app app)
{
	struct worker *w = ctx;

	w->flow->app = app;
}

static const struct proto_sink sink_of_worker = {
	.event = take_event,
	.host = take_host,
	.url = take_url,
	.credential = take_credential,
	.app = take_app,
};

static void end_ndpi(struct worker *w, struct flow *f)
{
	if (f->ndpi)
		ndpi_engine_end(w->ndpi, &f->ndpi, &f->verdict);
	f->ndpi_done = true;
}

static void end_session(struct worker *w, struct flow *f)
{
	w->flow = f;
	if (f->session)
		session_free(w->sessions, &f->session, &w->sink);
	f->session_done = true;
}

static void end_flow(struct worker *w, struct flow *f, enum flow_reason reason)
{
	end_ndpi(w, f);
	end_session(w, f);
	emit_flow_end(w->emitter, f, w->now_us, reason);
	flow_remove(w->flows, f);
}

/* When the flow has been silent for long enough to be ended. */
static int64_t idle_due(const struct worker *w, const struct flow *f)
{
	const struct worker_timeouts *t = &w->options.timeouts;

	switch (flow_key_proto(&f->key)) {
	case PROTO_TCP:
		if (f->state == FLOW_CLOSED)
			return f->last_us + t->closed;
		return f->last_us + (f->state == FLOW_NEW ? t->unanswered : t->tcp);
	case PROTO_UDP: return f->last_us + t->udp;
	default: return f->last_us + t->other;
	}
}

static void arm(struct worker *w, struct flow *f)
{
	int64_t idle = idle_due(w, f), active = f->first_us + w->options.timeouts.active;

	flow_arm(w->flows, f, idle < active ? idle : active);
}

/* Writes the part of a long flow that has passed; what follows is counted anew. */
static void write_part(struct worker *w, struct flow *f)
{
	emit_flow_end(w->emitter, f, w->now_us, FLOW_ACTIVE);
	f->first_us = w->now_us;
	memset(f->packets, 0, sizeof f->packets);
	memset(f->bytes, 0, sizeof f->bytes);
}

static void expire(struct worker *w)
{
	struct flow *f;

	while ((f = flow_due(w->flows, w->now_us))) {
		if (idle_due(w, f) <= w->now_us) {
			end_flow(w, f, f->state == FLOW_CLOSED ? FLOW_ENDED : FLOW_TIMEOUT);
			continue;
		}
		if (f->first_us + w->options.timeouts.active <= w->now_us)
			write_part(w, f);
		arm(w, f);
	}
}

static void end_all(struct worker *w, enum flow_reason reason)
{
	struct flow *f;

	while ((f = flow_victim(w->flows)))
		end_flow(w, f, reason);
}

static void write_stats(struct worker *w)
{
	struct worker_counts c = worker_counts(w);
	const struct event_stats stats = {
		.uptime = (uint64_t)(w->now_us - w->first_us) / 1000000,
		.packets = c.packets,
		.bytes = c.bytes,
		.kernel_drops = w->losses.kernel_drops,
		.own_drops = w->losses.own_drops,
		.decode_errors = c.decode_short + c.decode_bad,
		.flows = c.flows,
		.flows_active = c.flows_active,
		.flows_evicted = c.flows_evicted,
		.events = c.events,
		.events_lost = w->losses.events_lost,
	};

	emit_stats(w->emitter, w->now_us, &stats);
	w->stats_due_us = w->now_us + w->options.stats_us;
}

static void start_clock(struct worker *w, int64_t now_us)
{
	w->started = true;
	w->now_us = now_us;
	w->first_us = now_us;
	w->stats_due_us = now_us + w->options.stats_us;
	flow_table_restart(w->flows, now_us);
}

static void expire_datagrams(struct worker *w, int64_t now_us);

void worker_tick(struct worker *w, int64_t now_us)
{
	if (!w->started || now_us + CLOCK_STEP_US < w->now_us) {
		expire_datagrams(w, INT64_MAX);
		end_all(w, FLOW_TIMEOUT);
		start_clock(w, now_us);
	}
	if (now_us > w->now_us)
		w->now_us = now_us;
	expire_datagrams(w, w->now_us);
	expire(w);
	if (w->now_us >= w->stats_due_us)
		write_stats(w);
}

void worker_finish(struct worker *w)
{
	expire_datagrams(w, INT64_MAX);
	end_all(w, FLOW_SHUTDOWN);
	write_stats(w);
	publish_flush(w->options.publish);
}

/* Whether the packet's source is the side that answers. Without a SYN to tell, the side with a
 * port of well-known services is taken for the server. */
static bool comes_from_server(const struct packet *p)
{
	if (p->proto == PROTO_TCP && p->tcp_flags & TCP_SYN)
		return p->tcp_flags & TCP_ACK;
	return p->src_port != 0 && p->src_port <= PORT_WELL_KNOWN_MAX &&
		p->dst_port > PORT_WELL_KNOWN_MAX;
}

static struct flow *start_flow(
	struct worker *w, const struct flow_key *key, const struct packet *p, unsigned source)
{
	struct flow *f = flow_add(w->flows, key, w->now_us);

	if (!f) {
		end_flow(w, flow_victim(w->flows), FLOW_EVICTED);
		w->counts.flows_evicted++;
		f = flow_add(w->flows, key, w->now_us);
		must(f);
	}
	w->counts.flows++;
	f->opener = (uint8_t)(comes_from_server(p) ? 1 - source : source);
	f->icmp_type = p->icmp_type;
	f->icmp_code = p->icmp_code;
	f->tunnel = (enum tunnel)p->tunnel;
	arm(w, f);
	return f;
}

/* A port that is used again opens a new conversation, also when the end of the old one was not
 * seen: then it has been silent, and the sequence numbers begin elsewhere. */
static bool is_reopened(const struct worker *w, const struct flow *f, const struct packet *p)
{
	if (p->proto != PROTO_TCP || (p->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return false;
	return f->state == FLOW_CLOSED ||
		(f->seq[SIDE_SERVER] != p->seq + 1 &&
			w->now_us - f->last_us >= w->options.timeouts.unanswered);
}

static struct flow *flow_of(struct worker *w, const struct packet *p, enum side *ret_side)
{
	unsigned source;
	struct flow_key key = flow_key_of(p, &source);
	struct flow *f = flow_find(w->flows, &key);

	if (f && is_reopened(w, f, p)) {
		end_flow(w, f, FLOW_ENDED);
		f = NULL;
	}
	if (!f)
		f = start_flow(w, &key, p, source);
	*ret_side = source == f->opener ? SIDE_SERVER : SIDE_CLIENT;
	return f;
}

static void note_tcp(struct flow *f, const struct packet *p, enum side side)
{
	f->tcp_flags[side] |= p->tcp_flags;
	if (p->tcp_flags & TCP_SYN) {
		f->seq_known[side] = true;
		f->seq[side] = p->seq + 1;
	}
	if (p->tcp_flags & TCP_RST || (f->tcp_flags[0] & f->tcp_flags[1] & TCP_FIN))
		f->state = FLOW_CLOSED;
}

/* Counts the packet; a state that shortens the flow's life moves it on the wheel. */
static void count_packet(struct worker *w, struct flow *f, const struct packet *p, enum side side)
{
	enum flow_state before = f->state;

	f->packets[side] += p->fragments > 0 ? p->fragments : 1;
	f->bytes[side] += p->wire;
	f->last_us = w->now_us;
	if (f->state == FLOW_NEW && f->packets[0] > 0 && f->packets[1] > 0)
		f->state = FLOW_ESTABLISHED;
	if (p->proto == PROTO_TCP && p->fragment != FRAGMENT_LATER)
		note_tcp(f, p, side);
	if (f->state == FLOW_CLOSED && before != FLOW_CLOSED)
		arm(w, f);
}

static bool wants_ndpi(const struct packet *p)
{
	bool has_ports = p->proto == PROTO_TCP || p->proto == PROTO_UDP;

	return p->fragment != FRAGMENT_LATER && (!has_ports || p->payload.len > 0);
}

static void classify(struct worker *w, struct flow *f, const struct packet *p)
{
	if (f->ndpi_done || !wants_ndpi(p))
		return;
	if (!f->ndpi)
		f->ndpi = ndpi_engine_begin(w->ndpi);
	if (!f->ndpi) {
		w->counts.ndpi_refused++;
		f->ndpi_done = true;
		return;
	}
	if (ndpi_engine_packet(w->ndpi, f->ndpi, p, &f->verdict))
		end_ndpi(w, f);
}

static void read_stream(struct worker *w, struct flow *f, const struct packet *p, enum side side)
{
	const struct segment segment = {
		.side = side,
		.server_port = f->key.port[1 - f->opener],
		.first_known = f->seq_known[side],
		.first = f->seq[side],
		.seq = p->tcp_flags & TCP_SYN ? p->seq + 1 : p->seq,
		.payload = p->payload,
	};

	if (f->session_done)
		return;
	if (!f->session)
		f->session = session_new(w->sessions);
	if (!f->session) {
		w->counts.sessions_refused++;
		f->session_done = true;
		return;
	}
	if (!session_segment(w->sessions, f->session, &segment, &w->sink))
		end_session(w, f);
}

static void read_datagram(struct worker *w, struct flow *f, const struct packet *p)
{
	if (p->src_port != PORT_DNS && p->dst_port != PORT_DNS)
		return;
	if (dns_read(p->payload, &w->scratch, &w->sink))
		f->app = APP_DNS;
}

static void read_payload(struct worker *w, struct flow *f, const struct packet *p, enum side side)
{
	if (p->payload.len == 0)
		return;
	w->flow = f;
	if (p->proto == PROTO_TCP && p->fragment == FRAGMENT_NONE)
		read_stream(w, f, p, side);
	else if (p->proto == PROTO_UDP)
		read_datagram(w, f, p);
}

static void count_undecoded(struct worker *w, enum decode_result result)
{
	switch (result) {
	case DECODE_SHORT: w->counts.decode_short++; break;
	case DECODE_BAD: w->counts.decode_bad++; break;
	case DECODE_OTHER: w->counts.decode_other++; break;
	case DECODE_OK: break;
	}
}

/* A packet with all that is known of it: to its flow, to nDPI, to the parsers. */
static struct flow *take_packet(struct worker *w, const struct packet *p)
{
	enum side side;
	struct flow *f = flow_of(w, p, &side);

	count_packet(w, f, p, side);
	busy_begin(w->options.busy);
	classify(w, f, p);
	read_payload(w, f, p, side);
	busy_end(w->options.busy);
	return f;
}

static void take_datagram(struct worker *w, const struct defragmented *whole)
{
	static const struct event_anomaly overlap = {
		.type = SLICE_INIT("decode"), .event = SLICE_INIT("fragment_overlap")};
	struct packet p;
	enum decode_result result = decode(LINK_RAW, &whole->frame, &p);

	if (result != DECODE_OK) {
		count_undecoded(w, result);
		return;
	}
	memcpy(p.vlan, whole->vlan, sizeof p.vlan);
	p.vlan_count = whole->vlan_count;
	if (p.tunnel == TUNNEL_NONE)
		p.tunnel = whole->tunnel;

	p.fragments = whole->fragments;

	struct flow *f = take_packet(w, &p);

	if (whole->overlap)
		emit_flow_event(w->emitter, f, w->now_us, EVENT_GROUP_anomaly, &overlap);
}

/* Datagrams that were never completed: what came of them is better than nothing. */
static void expire_datagrams(struct worker *w, int64_t now_us)
{
	struct defragmented part;

	while (defrag_expired(w->defrag, now_us, &part))
		take_datagram(w, &part);
}

void worker_packet(struct worker *w, enum link link, const struct frame *frame)
{
	struct packet p;
	struct defragmented whole;
	enum decode_result result = decode(link, frame, &p);

	w->counts.packets++;
	w->counts.bytes += frame->wire;
	worker_tick(w, frame->time_us);
	if (result != DECODE_OK) {
		count_undecoded(w, result);
		return;
	}
	if (p.fragment == FRAGMENT_NONE) {
		(void)take_packet(w, &p);
		return;
	}
	w->counts.fragments++;
	switch (defrag_add(w->defrag, &p, &whole)) {
	case DEFRAG_HELD: break;
	case DEFRAG_WHOLE: take_datagram(w, &whole); break;
	case DEFRAG_REFUSED: (void)take_packet(w, &p); break;
	}
}
