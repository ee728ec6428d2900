#include "probe/emit.h"

#include "event/direction.h"
#include "lib/community_id.h"
#include "lib/mem.h"

#include <stdio.h>
#include <string.h>

enum { PARTS_MAX = 4, VLAN_TEXT_MAX = 16, PROTO_TEXT_MAX = 4 };

struct emitter {
	struct emitter_options options;
	const char *interface;
	uint64_t count;
	struct buf line;
};

/* What the fields of an event's top level borrow from. */
struct common_texts {
	char id[EVENT_ID_LEN + 1];
	char src[ADDRESS_TEXT_MAX], dst[ADDRESS_TEXT_MAX];
	char vlan[VLAN_TEXT_MAX];
	char proto[PROTO_TEXT_MAX];
	char community_id[COMMUNITY_ID_LEN + 1];
};

/* One event in the making, with all that its fields borrow from. */
struct draft {
	struct event_common common;
	struct event_part parts[PARTS_MAX];
	size_t count;
	struct event_ndpi ndpi;
	struct common_texts texts;
	struct ndpi_texts ndpi_texts;
};

struct app_by_carrier {
	const char *carrier; /* as nDPI says it */
	const char *app;     /* as Suricata does */
};

static const struct app_by_carrier carriers[] = {
	{"BitTorrent", "bittorrent-dht"},
	{"DHCP", "dhcp"},
	{"DNP3", "dnp3"},
	{"DNS", "dns"},
	{"FTP_CONTROL", "ftp"},
	{"FTP_DATA", "ftp-data"},
	{"HTTP", "http"},
	{"IMAP", "imap"},
	{"IPsec", "ike"},
	{"Kerberos", "krb5"},
	{"LDAP", "ldap"},
	{"MDNS", "mdns"},
	{"MQTT", "mqtt"},
	{"Modbus", "modbus"},
	{"NFS", "nfs"},
	{"NTP", "ntp"},
	{"POP3", "pop3"},
	{"PostgreSQL", "pgsql"},
	{"QUIC", "quic"},
	{"RDP", "rdp"},
	{"SIP", "sip"},
	{"SMBv1", "smb"},
	{"SMBv23", "smb"},
	{"SMTP", "smtp"},
	{"SNMP", "snmp"},
	{"SSH", "ssh"},
	{"TFTP", "tftp"},
	{"TLS", "tls"},
	{"Telnet", "telnet"},
	{"VNC", "rfb"},
};

struct emitter *emitter_new(const struct emitter_options *options)
{
	struct emitter *e = mem_alloc(sizeof *e);

	e->options = *options;
	e->interface = "";
	return e;
}

void emitter_free(struct emitter **e)
{
	if (!*e)
		return;
	buf_release(&(*e)->line);
	mem_free(*e);
	*e = NULL;
}

void emitter_set_interface(struct emitter *e, const char *name)
{
	e->interface = name;
}

uint64_t emitter_count(const struct emitter *e)
{
	return e->count;
}

static struct slice proto_text(uint8_t proto, char ret_other[PROTO_TEXT_MAX])
{
	switch (proto) {
	case PROTO_TCP: return SLICE("TCP");
	case PROTO_UDP: return SLICE("UDP");
	case PROTO_ICMP: return SLICE("ICMP");
	case PROTO_ICMPV6: return SLICE("IPv6-ICMP");
	default: (void)snprintf(ret_other, PROTO_TEXT_MAX, "%u", proto); return slice_of(ret_other);
	}
}

static struct slice app_of(const struct emitter *e, const struct flow *f)
{
	const char *carrier;

	if (f->app != APP_UNKNOWN)
		return slice_of(app_name(f->app));
	if (!f->verdict.known)
		return SLICE("");
	carrier = ndpi_engine_carrier(e->options.ndpi, &f->verdict);
	for (size_t i = 0; i < sizeof carriers / sizeof carriers[0]; i++)
		if (strcmp(carriers[i].carrier, carrier) == 0)
			return slice_of(carriers[i].app);

	uint8_t proto = flow_key_proto(&f->key);
	bool has_app = proto == PROTO_TCP || proto == PROTO_UDP;
	return f->ndpi_done && has_app ? SLICE("failed") : SLICE("");
}

static struct slice vlan_text(const struct flow_key *key, char ret_text[VLAN_TEXT_MAX])
{
	unsigned outer = key->tags >> 20, inner = key->tags >> 8 & 0xfff;

	if (outer == 0 && inner == 0)
		return SLICE("");
	(void)snprintf(ret_text, VLAN_TEXT_MAX, inner ? "[%u,%u]" : "[%u]", outer, inner);
	return slice_of(ret_text);
}

static void write_community_id(const struct flow *f, char ret_text[COMMUNITY_ID_LEN + 1])
{
	unsigned src = f->opener, dst = 1 - src;
	uint8_t proto = flow_key_proto(&f->key);
	bool icmp = proto == PROTO_ICMP || proto == PROTO_ICMPV6;
	const struct community_flow flow = {
		.src = f->key.address[src],
		.dst = f->key.address[dst],
		.src_port = icmp ? f->icmp_type : f->key.port[src],
		.dst_port = icmp ? f->icmp_code : f->key.port[dst],
		.proto = proto,
	};

	community_id_make(&flow, ret_text);
}

static void fill_flow_fields(const struct emitter *e, const struct flow *f, struct draft *d)
{
	struct event_common *ret = &d->common;
	struct common_texts *texts = &d->texts;
	unsigned src = f->opener, dst = 1 - src;
	struct address from = f->key.address[src], to = f->key.address[dst];

	ret->flow_id = f->id;
	ret->vlan = vlan_text(&f->key, texts->vlan);
	ret->src_ip = (struct slice){texts->src, address_write(from, texts->src)};
	ret->dest_ip = (struct slice){texts->dst, address_write(to, texts->dst)};
	ret->src_port = f->key.port[src];
	ret->dest_port = f->key.port[dst];
	ret->proto = proto_text(flow_key_proto(&f->key), texts->proto);
	ret->icmp_type = f->icmp_type;
	ret->icmp_code = f->icmp_code;
	write_community_id(f, texts->community_id);
	ret->community_id = (struct slice){texts->community_id, COMMUNITY_ID_LEN};
	ret->app_proto = app_of(e, f);
	ret->direction = event_direction(e->options.home, from, to);
}

static void draft_begin(struct draft *d, struct slice event_type, int64_t time_us)
{
	d->common = (struct event_common){.event_type = event_type, .timestamp_us = time_us};
	d->count = 0;
}

static void draft_add(struct draft *d, enum event_group group, const void *values)
{
	d->parts[d->count++] = (struct event_part){group, values};
}

static void publish(struct emitter *e, struct draft *d)
{
	struct event_id id = publish_next_id(e->options.publish, d->common.timestamp_us);

	e->count++;
	event_id_write(id, d->texts.id);
	d->common.event_id = (struct slice){d->texts.id, EVENT_ID_LEN};
	d->common.sensor = slice_of(e->options.sensor);
	d->common.in_iface = slice_of(e->interface);
	buf_clear(&e->line);

	struct json_writer w = json_writer_on(&e->line);
	event_write(&w, &d->common, d->parts, d->count);
	publish_event(e->options.publish, id, buf_slice(&e->line));
}

/* Adds what is known of the flow and the ndpi object. */
static void publish_of_flow(struct emitter *e, const struct flow *f, struct draft *d)
{
	fill_flow_fields(e, f, d);
	if (f->verdict.known || f->verdict.risks != 0) {
		ndpi_engine_describe(e->options.ndpi, &f->verdict, &d->ndpi_texts, &d->ndpi);
		draft_add(d, EVENT_GROUP_ndpi, &d->ndpi);
	}
	publish(e, d);
}

void emit_flow_event(struct emitter *e, const struct flow *f, int64_t time_us,
	enum event_group group, const void *values)
{
	struct draft d;

	draft_begin(&d, slice_of(event_group_key(group)), time_us);
	draft_add(&d, group, values);
	publish_of_flow(e, f, &d);
}

void emit_credential(struct emitter *e, const struct flow *f, int64_t time_us, enum app service)
{
	const struct event_haidang haidang = {.credential_service = slice_of(app_name(service))};
	struct draft d;

	draft_begin(&d, SLICE("credential"), time_us);
	draft_add(&d, EVENT_GROUP_haidang, &haidang);
	publish_of_flow(e, f, &d);
}

static struct slice flow_state_text(enum flow_state state)
{
	switch (state) {
	case FLOW_NEW: return SLICE("new");
	case FLOW_ESTABLISHED: return SLICE("established");
	case FLOW_CLOSED: return SLICE("closed");
	}
	return SLICE("");
}

static struct slice reason_text(enum flow_reason reason)
{
	static const char *const texts[] = {
		[FLOW_TIMEOUT] = "timeout",
		[FLOW_ENDED] = "closed",
		[FLOW_EVICTED] = "evicted",
		[FLOW_SHUTDOWN] = "shutdown",
		[FLOW_ACTIVE] = "active",
	};

	return slice_of(texts[reason]);
}

static void fill_tcp(const struct flow *f, char flags_text[3], struct event_tcp *ret)
{
	unsigned flags = f->tcp_flags[0] | f->tcp_flags[1];

	(void)snprintf(flags_text, 3, "%02x", flags & 0xffU);
	*ret = (struct event_tcp){
		.tcp_flags = {flags_text, 2},
		.syn = flags & TCP_SYN,
		.fin = flags & TCP_FIN,
		.rst = flags & TCP_RST,
		.ack = flags & TCP_ACK,
	};
	if (f->state == FLOW_NEW)
		ret->state = flags & TCP_ACK ? SLICE("established") : SLICE("syn_sent");
	else if (f->state == FLOW_ESTABLISHED)
		ret->state = SLICE("established");
	else
		ret->state = flags & TCP_RST ? SLICE("reset") : SLICE("closed");
}

void emit_flow_end(
	struct emitter *e, const struct flow *f, int64_t time_us, enum flow_reason reason)
{
	char flags[3];
	struct event_tcp tcp;
	/* A part that began after the last packet holds none. */
	int64_t start_us = f->first_us < f->last_us ? f->first_us : f->last_us;
	const struct event_flow flow = {
		.pkts_toserver = f->packets[SIDE_SERVER],
		.pkts_toclient = f->packets[SIDE_CLIENT],
		.bytes_toserver = f->bytes[SIDE_SERVER],
		.bytes_toclient = f->bytes[SIDE_CLIENT],
		.start_us = start_us,
		.end_us = f->last_us,
		.age = (uint64_t)(f->last_us - start_us) / 1000000,
		.state = flow_state_text(f->state),
		.reason = reason_text(reason),
	};
	const struct event_haidang haidang = {.credential_service = f->credential == APP_UNKNOWN
			? SLICE("")
			: slice_of(app_name(f->credential)),
		.tunnel = slice_of(tunnel_name(f->tunnel))};
	struct draft d;

	draft_begin(&d, SLICE("flow"), time_us);
	draft_add(&d, EVENT_GROUP_flow, &flow);
	if (flow_key_proto(&f->key) == PROTO_TCP) {
		fill_tcp(f, flags, &tcp);
		draft_add(&d, EVENT_GROUP_tcp, &tcp);
	}
	draft_add(&d, EVENT_GROUP_haidang, &haidang);
	publish_of_flow(e, f, &d);
}

void emit_stats(struct emitter *e, int64_t time_us, const struct event_stats *stats)
{
	struct draft d;

	draft_begin(&d, SLICE("stats"), time_us);
	draft_add(&d, EVENT_GROUP_stats, stats);
	publish(e, &d);
}
