#include "probe/ndpi_engine.h"

#include "lib/mem.h"
#include "lib/must.h"
#include "probe/pool.h"

#include <errno.h>
#include <ndpi/ndpi_api.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* 4.2 is what Debian 12, 13 and sid carry. 4.4 changed how packets are given in and 5.0 how
 * protocols are chosen: this module is the place to follow them. */
#if NDPI_MAJOR != 4 || NDPI_MINOR >= 4
#error "probe/ndpi_engine.c is written for nDPI 4.0 to 4.2"
#endif

enum {
	/* A payload of 65,507 bytes to port 53 sends 4.2 into an endless loop (fixed upstream in
	 * ntop/nDPI#1804); merged and reassembled packets can be that large. */
	PACKET_LEN_MAX = 9 * 1024,
	/* Some dissectors of 4.2 look past the end. */
	PACKET_TAIL = 64,
	TCP_PACKETS_MAX = 40,
	UDP_PACKETS_MAX = 24,
	URL_LEN_MAX = 4096,
	STATE_BUFFERS_LEN = 1024, /* what dissectors allocate for a flow, on the average */
};

struct ndpi_state {
	struct ndpi_flow_struct flow;
	unsigned packets;
};

struct ndpi_engine {
	struct ndpi_detection_module_struct *module;
	struct pool *states;
	char packet[PACKET_LEN_MAX + PACKET_TAIL];
	char url[URL_LEN_MAX + 1];
};

static bool load_protocols(struct ndpi_engine *e, const char *path, struct err *err)
{
	if (!path || path[0] == '\0')
		return true;
	if (access(path, R_OK) < 0)
		return err_set(err, path, 0, "cannot be read: %s", strerrordesc_np(errno));
	if (ndpi_load_protocols_file(e->module, path) < 0)
		return err_set(err, path, 0, "nDPI does not accept these protocols");
	return true;
}

struct ndpi_engine *ndpi_engine_new(const char *protocols_path, size_t states_max, struct err *err)
{
	struct ndpi_engine *e = mem_alloc(sizeof *e);
	NDPI_PROTOCOL_BITMASK all;

	e->module = ndpi_init_detection_module(ndpi_no_prefs);
	must(e->module);
	e->states = pool_new(sizeof(struct ndpi_state), states_max);
	NDPI_BITMASK_SET_ALL(all);
	ndpi_set_protocol_detection_bitmask2(e->module, &all);
	if (!load_protocols(e, protocols_path, err)) {
		ndpi_engine_free(&e);
		return NULL;
	}
	ndpi_finalize_initialization(e->module);
	return e;
}

void ndpi_engine_free(struct ndpi_engine **e)
{
	if (!*e)
		return;
	ndpi_exit_detection_module((*e)->module);
	pool_free(&(*e)->states);
	mem_free(*e);
	*e = NULL;
}

size_t ndpi_engine_state_len(void)
{
	return sizeof(struct ndpi_state) + STATE_BUFFERS_LEN;
}

struct ndpi_state *ndpi_engine_begin(struct ndpi_engine *e)
{
	struct ndpi_state *state = pool_take(e->states);

	if (state)
		memset(state, 0, sizeof *state);
	return state;
}

static void take_over(
	const struct ndpi_flow_struct *flow, ndpi_protocol found, struct ndpi_verdict *verdict)
{
	verdict->known = true;
	verdict->master = found.master_protocol;
	verdict->app = found.app_protocol;
	verdict->category = (uint8_t)found.category;
	verdict->confidence = (uint8_t)flow->confidence;
	verdict->risks |= flow->risk;
}

bool ndpi_engine_packet(struct ndpi_engine *e, struct ndpi_state *state, const struct packet *p,
	struct ndpi_verdict *verdict)
{
	size_t len = p->l3_len < PACKET_LEN_MAX ? p->l3_len : PACKET_LEN_MAX;
	unsigned packets_max = p->proto == PROTO_TCP ? TCP_PACKETS_MAX : UDP_PACKETS_MAX;

	memcpy(e->packet, p->l3, len);
	memset(e->packet + len, 0, PACKET_TAIL);

	ndpi_protocol found = ndpi_detection_process_packet(e->module, &state->flow,
		(const unsigned char *)e->packet, (unsigned short)len, (uint64_t)p->time_us / 1000);
	bool recognised = found.app_protocol != NDPI_PROTOCOL_UNKNOWN ||
		found.master_protocol != NDPI_PROTOCOL_UNKNOWN;

	take_over(&state->flow, found, verdict);
	return ++state->packets >= packets_max ||
		(recognised && !ndpi_extra_dissection_possible(e->module, &state->flow));
}

void ndpi_engine_end(struct ndpi_engine *e, struct ndpi_state **state, struct ndpi_verdict *verdict)
{
	struct ndpi_flow_struct *flow = &(*state)->flow;
	uint8_t guessed = 0;

	if (verdict->app == NDPI_PROTOCOL_UNKNOWN && verdict->master == NDPI_PROTOCOL_UNKNOWN)
		take_over(flow, ndpi_detection_giveup(e->module, flow, 1, &guessed), verdict);
	else
		verdict->risks |= flow->risk;
	ndpi_free_flow_data(flow);
	pool_give(e->states, *state);
	*state = NULL;
}

void ndpi_engine_url(struct ndpi_engine *e, struct slice url, struct ndpi_verdict *verdict)
{
	size_t len = url.len < URL_LEN_MAX ? url.len : URL_LEN_MAX;

	memcpy(e->url, url.at, len);
	e->url[len] = '\0';

	ndpi_risk_enum risk = ndpi_validate_url(e->url);
	if (risk != NDPI_NO_RISK)
		verdict->risks |= UINT64_C(1) << risk;
}

void ndpi_engine_expired(struct ndpi_verdict *verdict)
{
	verdict->risks |= UINT64_C(1) << NDPI_TLS_CERTIFICATE_EXPIRED;
}

static const char *name_of(const struct ndpi_engine *e, uint16_t proto)
{
	return ndpi_get_proto_name(e->module, proto);
}

const char *ndpi_engine_carrier(const struct ndpi_engine *e, const struct ndpi_verdict *verdict)
{
	return name_of(
		e, verdict->master != NDPI_PROTOCOL_UNKNOWN ? verdict->master : verdict->app);
}

static void describe_protocol(
	const struct ndpi_engine *e, const struct ndpi_verdict *v, struct ndpi_texts *texts)
{
	const char *app = name_of(e, v->app);

	if (v->master == NDPI_PROTOCOL_UNKNOWN || v->master == v->app) {
		(void)snprintf(texts->proto, sizeof texts->proto, "%s", app);
		(void)snprintf(texts->proto_id, sizeof texts->proto_id, "%u", v->app);
		return;
	}
	if (v->app == NDPI_PROTOCOL_UNKNOWN) {
		(void)snprintf(texts->proto, sizeof texts->proto, "%s", name_of(e, v->master));
		(void)snprintf(texts->proto_id, sizeof texts->proto_id, "%u", v->master);
		return;
	}
	(void)snprintf(texts->proto, sizeof texts->proto, "%s.%s", name_of(e, v->master), app);
	(void)snprintf(texts->proto_id, sizeof texts->proto_id, "%u.%u", v->master, v->app);
}

static void describe_risks(uint64_t risks, struct ndpi_texts *texts, struct event_ndpi *ret)
{
	ndpi_risk_severity worst = NDPI_RISK_LOW;
	uint16_t client = 0, server = 0;
	size_t count = 0;

	for (unsigned risk = 1; risk < NDPI_MAX_RISK; risk++) {
		if (!(risks >> risk & 1))
			continue;

		ndpi_risk_severity severity = ndpi_risk2severity((ndpi_risk_enum)risk)->severity;
		if (severity > worst)
			worst = severity;
		texts->risks[count++] = slice_of(ndpi_risk2str((ndpi_risk_enum)risk));
	}
	if (count == 0)
		return;
	ret->risks = (struct event_texts){texts->risks, count};
	ret->risk_score = ndpi_risk2score(risks, &client, &server);
	ret->severity = slice_of(ndpi_severity2str(worst));
}

void ndpi_engine_describe(const struct ndpi_engine *e, const struct ndpi_verdict *verdict,
	struct ndpi_texts *texts, struct event_ndpi *ret)
{
	uint16_t rated = verdict->app != NDPI_PROTOCOL_UNKNOWN ? verdict->app : verdict->master;

	*ret = (struct event_ndpi){0};
	describe_risks(verdict->risks, texts, ret);
	if (!verdict->known)
		return;
	describe_protocol(e, verdict, texts);
	ret->proto = slice_of(texts->proto);
	ret->proto_id = slice_of(texts->proto_id);
	ret->category = slice_of(
		ndpi_category_get_name(e->module, (ndpi_protocol_category_t)verdict->category));
	ret->breed = slice_of(
		ndpi_get_proto_breed_name(e->module, ndpi_get_proto_breed(e->module, rated)));
	ret->confidence =
		slice_of(ndpi_confidence_get_name((ndpi_confidence_t)verdict->confidence));
}
