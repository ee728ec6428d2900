#include "collector/eve_take.h"

#include "collector/limits.h"
#include "event/direction.h"
#include "lib/clock.h"
#include "lib/community_id.h"
#include "lib/json_read.h"
#include "lib/json_write.h"
#include "lib/mem.h"
#include "lib/url_mask.h"

#include <netinet/in.h>
#include <string.h>

/* The event types of Suricata 7 and 8 that are taken, and of each its object's fields. Left out on
 * purpose: payload and packet of alerts, bodies and headers of HTTP, all of e-mail, what follows an
 * FTP command, names of users (krb5 cname, smb ntlmssp, rdp cookie, mqtt, pgsql), SNMP communities,
 * host names of DHCP clients, names of files in e-mail, what VNC's passwords are proved by. Addresses of
 * requests lose what lib/url_mask.h knows as private. */
static const struct type {
	const char *name;
	bool is_default; /* our probe writes the others itself: taking both would count twice */
	const char *fields;
} types[] = {
	{"alert", true,
		" action gid signature_id rev signature category severity metadata source target "},
	{"anomaly", true, " type event layer app_proto code "},
	{"bittorrent_dht", true, " transaction_id request_type client_version "},
	{"dcerpc", true,
		" request response interfaces endpoint call_id rpc_version activityuuid seqnum "},
	{"dhcp", true,
		" type id dhcp_type assigned_ip client_ip relay_ip next_server_ip lease_time "
		"renewal_time rebinding_time subnet_mask routers dns_servers "},
	{"dnp3", true, " type control src dst application request response iin "},
	{"dns", false, " type id rrname rrtype rcode flags qr aa tc rd ra tx_id answers grouped "},
	{"drop", true, " len reason direction tcpflags "},
	{"enip", true, " request response "},
	{"fileinfo", true,
		" filename gaps state md5 sha1 sha256 stored size tx_id magic mimetype storing "},
	{"flow", false,
		" pkts_toserver pkts_toclient bytes_toserver bytes_toclient start end age state "
		"reason alerted bypass bypassed emergency "},
	{"ftp", false,
		" command completion_code command_truncated reply_truncated dynamic_port mode "},
	{"http", false,
		" hostname http_port url http_user_agent http_content_type http_refer http_method "
		"protocol status redirect length version "},
	{"ike", true,
		" version_major version_minor exchange_type message_id init_spi resp_spi role "},
	{"krb5", true,
		" msg_type failed_request error_code realm sname encryption weak_encryption "
		"ticket_encryption ticket_weak_encryption "},
	{"ldap", true, " "},
	{"modbus", true, " id request response "},
	{"mqtt", true, " "},
	{"nfs", true, " version procedure id file_tx type status "},
	{"pgsql", true, " tx_id "},
	{"quic", false, " version sni ua ja3 ja3s ja4 "},
	{"rdp", true, " tx_id event_type protocol server_supports error_code reason channels "},
	{"rfb", true,
		" server_protocol_version client_protocol_version authentication screen_shared "},
	{"sip", true, " method version code reason "},
	{"smb", true,
		" id dialect command status status_code session_id tree_id function share access "
		"named_pipe service disposition dcerpc client_dialects server_guid filename size rename "},
	{"smtp", false, " helo "},
	{"snmp", true, " version pdu_type error vars "},
	{"ssh", false, " "},  /* see write_ssh() */
	{"stats", true, " "}, /* see write_stats() */
	{"tcp", false,
		" tcp_flags tcp_flags_ts tcp_flags_tc syn fin rst psh ack state "}, /* of flows */
	{"tftp", true, " packet file mode "},
	{"tls", false,
		" sni version subject issuerdn serial fingerprint notbefore notafter ja3 ja3s ja4 "
		"session_resumed from_proto client_alpns server_alpns alpn "},
	{"websocket", true, " fin mask opcode "},
};

enum { TYPES = sizeof types / sizeof types[0] };

/* Objects that stand beside the one of the event's own type. */
static const char *const beside[] = {"alert", "dns", "fileinfo", "flow", "http", "krb5", "quic",
	"rdp", "smb", "ssh", "tcp", "tls"};

/* Fields at the top that are taken as they are. */
static const char *const tops[] = {"in_iface", "flow_id", "vlan", "src_ip", "src_port", "dest_ip",
	"dest_port", "proto", "icmp_type", "icmp_code", "app_proto", "app_proto_tc", "app_proto_ts",
	"app_proto_orig", "tx_id", "pcap_cnt", "parent_id"};

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {{"TCP", IPPROTO_TCP}, {"UDP", IPPROTO_UDP}, {"ICMP", IPPROTO_ICMP},
	{"IPv6-ICMP", IPPROTO_ICMPV6}, {"ICMPv6", IPPROTO_ICMPV6}, {"SCTP", IPPROTO_SCTP},
	{"GRE", IPPROTO_GRE}, {"ESP", IPPROTO_ESP}, {"IGMP", IPPROTO_IGMP}};

const char *const eve_taken_names[] = {
	"taken", "unwanted", "not_json", "no_event", "bad_fields", "too_long"};

struct eve_taker {
	struct eve_taker_options options;
	struct json_reader *reader;
	bool is_wanted[TYPES];
	/* The event taken last; borrowed from the reader and the line. */
	struct json_value event;
	const struct type *type;
	int64_t timestamp_us;
	bool has_addresses;
	struct address src, dst;
	struct slice proto;
};

static const struct type *type_find(struct slice name)
{
	for (size_t i = 0; i < TYPES; i++)
		if (slice_is(name, types[i].name))
			return &types[i];
	return NULL;
}

bool eve_types_check(const struct config_texts *wanted, struct err *err)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (strcmp(wanted->at[i], "all") != 0 && !type_find(slice_of(wanted->at[i])))
			return err_set(err, NULL, 0,
				"types: found '%s', expected event types of Suricata, or all",
				wanted->at[i]);
	return true;
}

struct eve_taker *eve_taker_new(const struct eve_taker_options *options)
{
	struct eve_taker *t = mem_alloc(sizeof *t);

	t->options = *options;
	t->reader = json_reader_new(LINE_LEN_MAX);
	for (size_t i = 0; i < TYPES; i++)
		t->is_wanted[i] = options->types->count == 0 && types[i].is_default;
	for (size_t i = 0; i < options->types->count; i++) {
		const struct type *type = type_find(slice_of(options->types->at[i]));

		if (type)
			t->is_wanted[type - types] = true;
		else
			memset(t->is_wanted, true, sizeof t->is_wanted);
	}
	return t;
}

void eve_taker_free(struct eve_taker **t)
{
	if (!*t)
		return;
	json_reader_free(&(*t)->reader);
	mem_free(*t);
	*t = NULL;
}

/* False when the addresses are there and are none. */
static bool read_addresses(struct eve_taker *t)
{
	struct slice src = {0}, dst = {0};

	t->has_addresses =
		json_get_text(t->event, "src_ip", &src) && json_get_text(t->event, "dest_ip", &dst);
	(void)json_get_text(t->event, "proto", &t->proto);
	return !t->has_addresses || (address_read(src, &t->src) && address_read(dst, &t->dst));
}

enum eve_taken eve_take(struct eve_taker *t, struct slice line)
{
	struct slice type, time;
	struct err err = {0};

	if (line.len > LINE_LEN_MAX)
		return EVE_TOO_LONG;
	if (!json_read(t->reader, line, &t->event, &err))
		return EVE_NOT_JSON;
	t->proto = SLICE("");
	if (!json_get_text(t->event, "event_type", &type) ||
		!json_get_text(t->event, "timestamp", &time) || !time_read(time, &t->timestamp_us))
		return EVE_NO_EVENT;
	t->type = type_find(type);
	if (!t->type || !t->is_wanted[t->type - types])
		return EVE_UNWANTED;
	return read_addresses(t) ? EVE_TAKEN : EVE_BAD_FIELDS;
}

static void write_value(struct json_writer *w, struct json_value value)
{
	CLEANUP(buf_release) struct buf json = {0};

	json_copy(value, &json);
	json_raw(w, buf_slice(&json));
}

static void write_text(struct json_writer *w, const char *key, struct slice text)
{
	if (text.len == 0)
		return;
	json_key(w, key);
	json_text(w, text);
}

static void write_from(
	struct json_writer *w, const char *key, struct json_value object, const char *path)
{
	struct json_value value;

	if (!json_at(object, path, &value))
		return;
	json_key(w, key);
	write_value(w, value);
}

struct allowed {
	struct json_writer *w;
	const char *fields;
};

static bool write_allowed(void *ctx, struct slice key, struct json_value value);

static void write_url(struct json_writer *w, struct slice url)
{
	CLEANUP(buf_release) struct buf masked = {0};
	char *to = buf_room(&masked, url.len);

	json_text(w, (struct slice){to, url_mask(url, to, url.len)});
}

static void write_path(struct json_writer *w, struct slice path)
{
	CLEANUP(buf_release) struct buf masked = {0};
	char *to = buf_room(&masked, path.len + 1);

	json_text(w, (struct slice){to, path_mask(path, to, path.len + 1)});
}

/* Fields that hold more than is taken; rfb's authentication: challenge and response, with which its
 * password can be guessed. */
static void write_field(struct json_writer *w, struct slice key, struct json_value value)
{
	struct slice text;

	json_key_slice(w, key);
	if (slice_is(key, "authentication") || slice_is(key, "rename")) {
		bool is_rename = slice_is(key, "rename");
		struct allowed a = {w, is_rename ? " from to " : " security_type security_result "};

		json_begin_object(w);
		json_each(value, write_allowed, &a);
		json_end_object(w);
	} else if (!json_to_text(value, &text)) {
		write_value(w, value);
	} else if (slice_is(key, "url") || slice_is(key, "http_refer") ||
		slice_is(key, "redirect")) {
		write_url(w, text);
	} else if (slice_is(key, "filename") || slice_is(key, "from") || slice_is(key, "to")) {
		write_path(w, text);
	} else {
		json_text(w, slice_is(key, "hostname") ? url_without_user(text) : text);
	}
}

static bool write_allowed(void *ctx, struct slice key, struct json_value value)
{
	const struct allowed *a = ctx;
	char padded[64];

	if (key.len + 3 > sizeof padded || slice_find_byte(key, ' ') < key.len)
		return true;
	padded[0] = ' ';
	memcpy(padded + 1, key.at, key.len);
	memcpy(padded + 1 + key.len, " ", 2);
	if (strstr(a->fields, padded))
		write_field(a->w, key, value);
	return true;
}

struct first {
	struct json_value *ret;
	bool found;
};

static bool keep_first(void *ctx, struct slice key, struct json_value value)
{
	struct first *f = ctx;

	(void)key;
	*f->ret = value;
	f->found = true;
	return false;
}

static bool first_of(struct json_value list, struct json_value *ret)
{
	struct first f = {ret, false};

	if (json_kind(list) == JSON_ARRAY)
		json_each(list, keep_first, &f);
	return f.found;
}

/* Version 3 of Suricata's DNS events (8.0), and the DNS object of alerts (7), hold the question in a
 * list; types are then request and response. */
static void write_question(struct json_writer *w, struct json_value dns)
{
	struct json_value list, question;
	struct slice type;

	if (json_get_text(dns, "type", &type))
		write_text(w, "type",
			slice_is(type, "request")            ? SLICE("query")
				: slice_is(type, "response") ? SLICE("answer")
							     : type);
	if ((!json_get(dns, "queries", &list) && !json_get(dns, "query", &list)) ||
		!first_of(list, &question))
		return;
	write_from(w, "rrname", question, "rrname");
	write_from(w, "rrtype", question, "rrtype");
	if (!json_get(dns, "id", &list))
		write_from(w, "id", question, "id");
}

static void write_dns(struct json_writer *w, struct json_value dns, const struct type *type)
{
	struct json_value has;
	struct allowed a = {w, type->fields + strlen(" type")};

	json_begin_object(w);
	write_question(w, dns);
	if (json_get(dns, "queries", &has) || json_get(dns, "query", &has))
		a.fields = " rcode answers grouped flags tx_id id ";
	json_each(dns, write_allowed, &a);
	json_end_object(w);
}

static void write_ssh(struct json_writer *w, struct json_value ssh)
{
	struct json_value side;

	json_begin_object(w);
	if (json_get(ssh, "client", &side)) {
		write_from(w, "client_software", side, "software_version");
		write_from(w, "hassh", side, "hassh.hash");
	}
	if (json_get(ssh, "server", &side)) {
		write_from(w, "server_software", side, "software_version");
		write_from(w, "hassh_server", side, "hassh.hash");
	}
	json_end_object(w);
}

static void write_count(
	struct json_writer *w, const char *key, struct json_value stats, const char *path)
{
	struct json_value value;
	uint64_t count;

	if (!json_at(stats, path, &value) || !json_to_u64(value, &count))
		return;
	json_key(w, key);
	json_uint(w, count);
}

static void write_stats(struct json_writer *w, struct json_value stats)
{
	json_begin_object(w);
	write_count(w, "uptime", stats, "uptime");
	write_count(w, "packets", stats, "decoder.pkts");
	write_count(w, "bytes", stats, "decoder.bytes");
	write_count(w, "kernel_drops", stats, "capture.kernel_drops");
	write_count(w, "decode_errors", stats, "decoder.invalid");
	write_count(w, "flows", stats, "flow.total");
	write_count(w, "flows_active", stats, "flow.active");
	json_end_object(w);
}

static const char *fields_of(const struct eve_taker *t, const struct type *type)
{
	static const char *const mail[] = {"smtp", "imap", "pop3"};
	struct slice app;

	if (strcmp(type->name, "fileinfo") != 0 || !json_get_text(t->event, "app_proto", &app))
		return type->fields;
	for (size_t i = 0; i < sizeof mail / sizeof mail[0]; i++)
		if (slice_is(app, mail[i]))
			return type->fields + strlen(" filename");
	return type->fields;
}

static void write_object(struct eve_taker *t, struct json_writer *w, const char *name)
{
	const struct type *type = type_find(slice_of(name));
	struct json_value object;

	if (!json_get(t->event, name, &object) || json_kind(object) != JSON_OBJECT)
		return;
	json_key(w, name);
	if (strcmp(name, "dns") == 0) {
		write_dns(w, object, type);
	} else if (strcmp(name, "ssh") == 0) {
		write_ssh(w, object);
	} else if (strcmp(name, "stats") == 0) {
		write_stats(w, object);
	} else {
		struct allowed a = {w, fields_of(t, type)};

		json_begin_object(w);
		json_each(object, write_allowed, &a);
		json_end_object(w);
	}
}

static bool proto_number(struct slice name, uint8_t *ret)
{
	uint64_t number;

	for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
		*ret = protocols[i].number;
		if (slice_equal_nocase(name, slice_of(protocols[i].name)))
			return true;
	}
	if (!slice_to_u64(name, &number) || number > UINT8_MAX)
		return false;
	*ret = (uint8_t)number;
	return true;
}

static uint16_t number_at(const struct eve_taker *t, const char *key)
{
	struct json_value value;
	uint64_t number;

	return json_get(t->event, key, &value) && json_to_u64(value, &number) &&
			number <= UINT16_MAX
		? (uint16_t)number
		: 0;
}

static void write_community_id(const struct eve_taker *t, struct json_writer *w)
{
	char text[COMMUNITY_ID_LEN + 1];
	struct slice given;
	uint8_t proto;

	if (json_get_text(t->event, "community_id", &given)) {
		write_text(w, "community_id", given);
		return;
	}
	if (!t->has_addresses || !proto_number(t->proto, &proto))
		return;

	bool icmp = proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
	const struct community_flow flow = {
		.src = t->src,
		.dst = t->dst,
		.src_port = number_at(t, icmp ? "icmp_type" : "src_port"),
		.dst_port = number_at(t, icmp ? "icmp_code" : "dest_port"),
		.proto = proto,
	};

	community_id_make(&flow, text);
	write_text(w, "community_id", slice_of(text));
}

static void write_tops(struct eve_taker *t, struct json_writer *w, struct event_id id)
{
	char text[EVENT_ID_LEN + 1], time[TIME_TEXT_LEN + 1];

	event_id_write(id, text);
	time_write(t->timestamp_us, time);
	write_text(w, "event_id", slice_of(text));
	write_text(w, "timestamp", slice_of(time));
	write_text(w, "event_type", slice_of(t->type->name));
	write_text(w, "sensor", slice_of(t->options.sensor));
	for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++)
		write_from(w, tops[i], t->event, tops[i]);
	write_community_id(t, w);
	if (t->has_addresses)
		write_text(w, "direction", event_direction(t->options.home, t->src, t->dst));
}

bool eve_write(struct eve_taker *t, struct event_id id, struct buf *out)
{
	struct json_writer w = json_writer_on(out);
	size_t before = out->len;
	bool is_beside = false;

	json_begin_object(&w);
	write_tops(t, &w, id);
	for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
		write_object(t, &w, beside[i]);
		is_beside |= strcmp(beside[i], t->type->name) == 0;
	}
	if (!is_beside)
		write_object(t, &w, t->type->name);
	json_end_object(&w);
	if (out->len - before <= EVENT_LEN_MAX)
		return true;
	out->len = before;
	return false;
}
