#include "courier/stix_objects.h"
#include "lib/mem.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* One that has a value and nothing else: address, name, URL. */
static void give_value(
	struct stix_maker *m, const char *type, struct slice value, char ret_id[STIX_ID_MAX])
{
	CLEANUP(buf_release) struct buf canonical = {0};
	struct json_writer w = json_writer_on(&canonical);

	json_begin_object(&w);
	json_key(&w, "value");
	json_text(&w, value);
	json_end_object(&w);
	stix_observable_id(type, buf_slice(&canonical), ret_id);
	if (stix_ids_has(&m->observed, ret_id))
		return;
	stix_begin_observable(m, type, ret_id);
	stix_text(m, "value", value);
	stix_end(m, type, ret_id, "");
	stix_ids_add(&m->observed, ret_id);
}

static void give_ip(struct stix_maker *m, struct slice ip, char ret_id[STIX_ID_MAX])
{
	ret_id[0] = '\0';
	if (ip.len > 0)
		give_value(m, observed_is_ipv6(ip) ? "ipv6-addr" : "ipv4-addr", ip, ret_id);
}

static void add_protocol(struct json_writer *w, struct slice name)
{
	char lower[32];

	if (name.len == 0 || name.len > sizeof(lower))
		return;
	for (size_t i = 0; i < name.len; i++)
		lower[i] = (char)tolower((unsigned char)name.at[i]);
	json_text(w, slice_over(lower, name.len));
}

/* In the order of their names, which is the canonical one (RFC 8785 §3.2.3). */
static void traffic_properties(
	struct json_writer *w, const struct observed_event *e, const char *src, const char *dst)
{
	if (e->dest_port) {
		json_key(w, "dst_port");
		json_uint(w, e->dest_port);
	}
	if (dst[0]) {
		json_key(w, "dst_ref");
		json_text(w, slice_of(dst));
	}
	json_key(w, "protocols");
	json_begin_array(w);
	json_text(w,
		observed_is_ipv6(e->src_ip.len > 0 ? e->src_ip : e->dest_ip) ? SLICE("ipv6")
									     : SLICE("ipv4"));
	add_protocol(w, e->proto);
	add_protocol(w, e->app_proto);
	json_end_array(w);
	if (e->src_port) {
		json_key(w, "src_port");
		json_uint(w, e->src_port);
	}
	if (src[0]) {
		json_key(w, "src_ref");
		json_text(w, slice_of(src));
	}
}

static void give_traffic(
	struct stix_maker *m, const struct observed_event *e, const char *src, const char *dst)
{
	CLEANUP(buf_release) struct buf canonical = {0};
	struct json_writer w = json_writer_on(&canonical);
	char id[STIX_ID_MAX];

	json_begin_object(&w);
	traffic_properties(&w, e, src, dst);
	json_end_object(&w);
	stix_observable_id("network-traffic", buf_slice(&canonical), id);
	if (stix_ids_has(&m->observed, id))
		return;
	stix_begin_observable(m, "network-traffic", id);
	traffic_properties(&m->w, e, src, dst);
	stix_end(m, "network-traffic", id, "");
	stix_ids_add(&m->observed, id);
}

static void hashes(struct json_writer *w, struct slice sha1)
{
	json_key(w, "hashes");
	json_begin_object(w);
	json_key(w, "SHA-1");
	json_text(w, sha1);
	json_end_object(w);
}

static void give_certificate(struct stix_maker *m, const struct observed_event *e)
{
	CLEANUP(buf_release) struct buf canonical = {0};
	struct json_writer w = json_writer_on(&canonical);
	char id[STIX_ID_MAX];

	json_begin_object(&w);
	hashes(&w, e->certificate_sha1);
	json_end_object(&w);
	stix_observable_id("x509-certificate", buf_slice(&canonical), id);
	if (stix_ids_has(&m->observed, id))
		return;
	stix_begin_observable(m, "x509-certificate", id);
	hashes(&m->w, e->certificate_sha1);
	stix_text(m, "issuer", e->certificate_issuer);
	stix_text(m, "subject", e->certificate_subject);
	stix_end(m, "x509-certificate", id, "");
	stix_ids_add(&m->observed, id);
}

void stix_observe(struct stix_maker *m, const struct observed_event *e)
{
	char src[STIX_ID_MAX], dst[STIX_ID_MAX], id[STIX_ID_MAX];
	const struct slice names[] = {e->host, e->lookalike};

	give_ip(m, e->src_ip, src);
	give_ip(m, e->dest_ip, dst);
	/* A group of a rule has an address only; traffic needs two ends to say anything. */
	if (src[0] && dst[0] && e->proto.len > 0)
		give_traffic(m, e, src, dst);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].len > 0)
			give_value(m, "domain-name", names[i], id);
	for (size_t i = 0; i < e->host_count; i++)
		give_value(m, "domain-name", e->hosts[i], id);
	if (e->url.len > 0)
		give_value(m, "url", e->url, id);
	if (e->certificate_sha1.len > 0)
		give_certificate(m, e);
}
