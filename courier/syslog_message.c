#include "courier/syslog_message.h"

#include "courier/cef.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <inttypes.h>

#define BOM "\xef\xbb\xbf"

enum { MSGID_MAX = 32 };

int syslog_severity(enum alert_level level)
{
	/* RFC 5424 §6.2.1; 0 and 1 are kept for systems that fail. */
	static const int severities[] = {[ALERT_INFORMATIONAL] = 6,
		[ALERT_LOW] = 5,
		[ALERT_MEDIUM] = 4,
		[ALERT_HIGH] = 3,
		[ALERT_CRITICAL] = 2};

	return severities[level];
}

void syslog_add_value(struct buf *out, struct slice value)
{
	value = text_cut(value, SYSLOG_VALUE_MAX);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (c == '"' || c == '\\' || c == ']')
			buf_add_byte(out, '\\');
		if (c == '\n' || c == '\r' || c == '\t')
			c = ' ';
		if ((unsigned char)c >= ' ' && c != 0x7f)
			buf_add_byte(out, c);
	}
}

void syslog_add_header(struct buf *out, struct slice text, size_t len_max)
{
	size_t before = out->len;

	for (size_t i = 0; i < text.len && out->len - before < len_max; i++)
		if (text.at[i] > ' ' && text.at[i] < 0x7f)
			buf_add_byte(out, text.at[i]);
	if (out->len == before)
		buf_add_byte(out, '-');
}

static void add(struct buf *out, const char *name, struct slice value)
{
	if (value.len == 0)
		return;
	buf_printf(out, " %s=\"", name);
	syslog_add_value(out, value);
	buf_add_byte(out, '"');
}

static void add_time(struct buf *out, const char *name, int64_t wall_us)
{
	char text[TIME_TEXT_LEN + 1];

	time_write(wall_us, text);
	add(out, name, slice_of(text));
}

static void add_list(struct buf *out, const char *name, const struct slice *items, size_t count)
{
	CLEANUP(buf_release) struct buf list = {0};

	for (size_t i = 0; i < count; i++) {
		buf_add_text(&list, i ? "," : "");
		buf_add_slice(&list, items[i]);
	}
	add(out, name, buf_slice(&list));
}

static void add_observed(struct buf *out, const struct observed *seen)
{
	for (size_t i = 0; i < seen->count; i++) {
		const struct observed_event *e = &seen->at[i];

		if (e->src_ip.len == 0 && e->host.len == 0 && e->lookalike.len == 0 &&
			e->url.len == 0)
			continue;
		add(out, "src", e->src_ip);
		add(out, "dst", e->dest_ip);
		if (e->dest_port)
			buf_printf(out, " dpt=\"%" PRIu64 "\"", e->dest_port);
		add(out, "host", e->lookalike.len > 0 ? e->lookalike : e->host);
		add(out, "url", e->url);
		return;
	}
}

static void add_structured(const struct syslog_origin *origin, const struct parcel *parcel,
	const struct observed *seen, struct buf *out)
{
	const struct alert *alert = parcel->alert;

	buf_printf(out, "[haidang@%" PRId64, origin->enterprise);
	add(out, "key", slice_of(parcel->key));
	add(out, "alert", alert->alert_id);
	buf_printf(out, " revision=\"%" PRIu64 "\"", alert->revision);
	add(out, "purpose", slice_of(parcel_purpose_name(parcel->purpose)));
	add(out, "rule", alert->rule.id);
	add(out, "level", slice_of(alert_level_name(alert->rule.level)));
	add(out, "domain", slice_of(alert_domain_name(alert->domain)));
	add(out, "entity", alert->entity);
	buf_printf(out, " count=\"%" PRIu64 "\"", alert->count);
	add_time(out, "first", alert->first_seen_us);
	add_time(out, "last", alert->last_seen_us);
	add_list(out, "attack", alert->attack, alert->attack_count);
	add(out, "owner", alert->owner);
	add(out, "state", alert->standing.state);
	add(out, "disposition", alert->standing.disposition);
	add(out, "reason", alert->standing.reason);
	add_observed(out, seen);
	buf_printf(out,
		"][origin software=\"haidang\" swVersion=\"%s\" enterpriseId=\"%" PRId64
		"\"][meta language=\"vi\"]",
		VERSION, origin->enterprise);
}

static void add_words(const struct parcel *parcel, struct buf *out)
{
	const struct alert *alert = parcel->alert;
	const struct slice words[] = {
		alert->rule.title_vi.len > 0 ? alert->rule.title_vi : alert->rule.title,
		alert->notice.kind.len > 0 ? alert->notice.vi : alert->explanation_vi,
		alert->advice_vi,
	};

	buf_add_text(out, BOM);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].len > 0 && i > 0)
			buf_add_text(out, i == 1 ? ": " : " \u2192 ");
		for (size_t k = 0; k < words[i].len; k++) {
			char c = words[i].at[k];

			if ((unsigned char)c < ' ' || c == 0x7f)
				c = ' ';
			buf_add_byte(out, c);
		}
	}
}

/* When that came about which the message tells. */
static int64_t time_of(const struct alert *alert)
{
	return alert->standing.change ? alert->standing.at_us : alert->timestamp_us;
}

void syslog_write(const struct syslog_origin *origin, const struct parcel *parcel,
	const struct observed *seen, struct buf *out)
{
	static const char *const ids[PARCEL_PURPOSE_COUNT] = {
		[PARCEL_ALERT] = "ALERT",
		[PARCEL_STATE] = "STATE",
		[PARCEL_RETRACTION] = "RETRACTION",
		[PARCEL_ESCALATION] = "ESCALATION",
		[PARCEL_REMINDER] = "REMINDER",
		[PARCEL_TEST] = "TEST",
	};
	char time[TIME_TEXT_LEN + 1];
	size_t start = out->len;

	time_write(time_of(parcel->alert), time);
	buf_printf(out, "<%" PRId64 ">1 %s ",
		origin->facility * 8 + syslog_severity(parcel->alert->rule.level), time);
	syslog_add_header(out, slice_of(origin->host), SYSLOG_HOST_MAX);
	buf_printf(out, " haidang-courier %" PRId64 " ", origin->process);
	syslog_add_header(out, slice_of(ids[parcel->purpose]), MSGID_MAX);
	buf_add_byte(out, ' ');
	add_structured(origin, parcel, seen, out);
	buf_add_byte(out, ' ');
	if (origin->format == SYSLOG_CEF)
		cef_write(parcel, seen, out); /* without BOM: what reads CEF looks for "CEF:" */
	else
		add_words(parcel, out);
	out->len = start + text_cut(slice_from(buf_slice(out), start), SYSLOG_LEN_MAX).len;
}
