#include "courier/cef.h"

#include "lib/text.h"

#include <inttypes.h>

enum { NAME_MAX_LEN = 512, MSG_MAX_LEN = 1023, CUSTOM_MAX_LEN = 1024 };

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

void cef_add_header(struct buf *out, struct slice text)
{
	text = text_cut(text, NAME_MAX_LEN);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == '\\' || c == '|')
			buf_add_byte(out, '\\');
		if (c == '\n' || c == '\r')
			c = ' ';
		if (!is_control(c))
			buf_add_byte(out, c);
	}
}

void cef_add_value(struct buf *out, struct slice text, size_t len_max)
{
	text = text_cut(text, len_max);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == '\n')
			buf_add_text(out, "\\n");
		else if (c == '\r')
			buf_add_text(out, "\\r");
		else if (c == '\\' || c == '=')
			buf_printf(out, "\\%c", c);
		else if (!is_control(c))
			buf_add_byte(out, c);
	}
}

static void add(struct buf *out, const char *key, struct slice value, size_t len_max)
{
	if (value.len == 0)
		return;
	buf_printf(out, " %s=", key);
	cef_add_value(out, value, len_max);
}

static void add_number(struct buf *out, const char *key, uint64_t value)
{
	if (value)
		buf_printf(out, " %s=%" PRIu64, key, value);
}

static void add_time(struct buf *out, const char *key, int64_t wall_us)
{
	buf_printf(out, " %s=%" PRId64, key, wall_us / 1000);
}

static void add_custom(struct buf *out, const char *key, const char *label, struct slice value)
{
	if (value.len == 0)
		return;
	buf_printf(out, " %sLabel=%s", key, label);
	add(out, key, value, CUSTOM_MAX_LEN);
}

/* CEF:0 has src and dst for IPv4 only; an IPv6 address is a custom one. */
static void add_ip(struct buf *out, const char *key, const char *ipv6_key, struct slice ip)
{
	if (!observed_is_ipv6(ip)) {
		add(out, key, ip, CUSTOM_MAX_LEN);
		return;
	}
	add_custom(out, ipv6_key,
		key[0] == 's' ? "Source IPv6 Address" : "Destination IPv6 Address", ip);
}

static void add_observed(const struct observed *seen, struct buf *out)
{
	const struct observed_event *with_ip = NULL, *with_name = NULL;

	for (size_t i = 0; i < seen->count; i++) {
		const struct observed_event *e = &seen->at[i];

		if (e->src_ip.len > 0 && (!with_ip || with_ip->dest_ip.len == 0))
			with_ip = e;
		if (!with_name && (e->host.len > 0 || e->lookalike.len > 0 || e->url.len > 0))
			with_name = e;
	}
	if (with_ip) {
		add_ip(out, "src", "c6a2", with_ip->src_ip);
		add_ip(out, "dst", "c6a3", with_ip->dest_ip);
		add_number(out, "spt", with_ip->src_port);
		add_number(out, "dpt", with_ip->dest_port);
		add(out, "proto", with_ip->proto, 31);
		add(out, "app", with_ip->app_proto, 31);
	}
	if (with_name) {
		add(out, "dhost",
			with_name->lookalike.len > 0 ? with_name->lookalike : with_name->host,
			CUSTOM_MAX_LEN);
		add(out, "request", with_name->url, MSG_MAX_LEN);
		add(out, "requestMethod", with_name->method, 60);
	}
}

static void add_attack(const struct alert *alert, struct buf *out)
{
	if (alert->attack_count == 0)
		return;
	buf_add_text(out, " cs2Label=ATT&CK cs2=");
	for (size_t i = 0; i < alert->attack_count; i++) {
		buf_add_text(out, i ? "," : "");
		cef_add_value(out, alert->attack[i], 32);
	}
}

/* 0 to 10: low to 3, medium to 6, high to 8, very high above. */
static int severity(enum alert_level level)
{
	static const int severities[] = {[ALERT_INFORMATIONAL] = 1,
		[ALERT_LOW] = 3,
		[ALERT_MEDIUM] = 5,
		[ALERT_HIGH] = 8,
		[ALERT_CRITICAL] = 10};

	return severities[level];
}

static void add_extension(const struct parcel *parcel, struct buf *out)
{
	const struct alert *alert = parcel->alert;
	struct slice words = alert->explanation_vi;

	if (alert->notice.kind.len > 0)
		words = alert->notice.vi;
	buf_printf(out, "externalId=%s", parcel->key);
	add_time(out, "rt", alert->timestamp_us);
	add_time(out, "start", alert->first_seen_us);
	add_time(out, "end", alert->last_seen_us);
	add_number(out, "cnt", alert->count);
	add(out, "cat", slice_of(alert_domain_name(alert->domain)), 60);
	add(out, "outcome", alert->standing.state, 63);
	add(out, "reason", alert->standing.reason, MSG_MAX_LEN);
	buf_printf(out, " cn1Label=revision cn1=%" PRIu64, alert->revision);
	add_custom(out, "cs1", "entity", alert->entity);
	add_attack(alert, out);
	add_custom(out, "cs3", "advice", alert->advice_vi);
	add_custom(out, "cs4", "purpose", slice_of(parcel_purpose_name(parcel->purpose)));
	add_custom(out, "cs5", "owner", alert->owner);
	add_custom(out, "cs6", "alert", alert->alert_id);
	add(out, "msg", words, MSG_MAX_LEN);
}

void cef_write(const struct parcel *parcel, const struct observed *seen, struct buf *out)
{
	const struct alert_rule *rule = &parcel->alert->rule;

	buf_add_text(out, "CEF:0|Hải Đăng|haidang|" VERSION "|");
	cef_add_header(out, rule->id);
	buf_add_byte(out, '|');
	cef_add_header(out, rule->title_vi.len > 0 ? rule->title_vi : rule->title);
	buf_printf(out, "|%d|", severity(rule->level));
	add_extension(parcel, out);
	add_observed(seen, out);
}
