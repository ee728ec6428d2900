#include "collector/limits.h"
#include "collector/mapping_parts.h"
#include "event/direction.h"
#include "lib/community_id.h"
#include "lib/mem.h"
#include "lib/url_mask.h"

#include <netinet/in.h>
#include <string.h>

enum { NAME_LEN_MAX = 256, URL_LEN_MAX = 2048 };

#define SKEW_MAX_US ((int64_t)SKEW_MAX_S * 1000000)

struct mapped {
	const char *sensor;
	const struct networks *home;
	struct column column_room[COLUMNS_MAX];
	struct slice format;
	bool uses[EVENT_GROUP_COUNT];
	struct event_common common;
	struct event_flow flow;
	struct event_dns dns;
	struct event_http http;
	struct event_alert alert;
	struct event_haidang haidang;
	char community_id[COMMUNITY_ID_LEN + 1];
	char name[NAME_LEN_MAX], app[NAME_LEN_MAX], url[URL_LEN_MAX];
};

const char *const map_outcome_names[] = {"mapped", "unknown", "skipped", "bad_fields"};

/* Where the groups stand that can be mapped; 0: not one of them. */
static size_t offset_of(enum event_group group)
{
	static const size_t offsets[EVENT_GROUP_COUNT] = {
		[EVENT_GROUP_common] = offsetof(struct mapped, common),
		[EVENT_GROUP_flow] = offsetof(struct mapped, flow),
		[EVENT_GROUP_dns] = offsetof(struct mapped, dns),
		[EVENT_GROUP_http] = offsetof(struct mapped, http),
		[EVENT_GROUP_alert] = offsetof(struct mapped, alert),
		[EVENT_GROUP_haidang] = offsetof(struct mapped, haidang),
	};

	return offsets[group];
}

bool mapped_has(enum event_group group)
{
	return offset_of(group) != 0;
}

struct mapped *mapped_new(const char *sensor, const struct networks *home)
{
	struct mapped *m = mem_alloc(sizeof *m);

	m->sensor = sensor;
	m->home = home;
	return m;
}

void mapped_free(struct mapped **m)
{
	mem_free(*m);
	*m = NULL;
}

const char *mapped_format(const struct mapped *m)
{
	return m->format.len ? m->format.at : "";
}

static bool contains_all(struct slice text, const struct slice *wanted, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_find(text, wanted[i]) == text.len)
			return false;
	return true;
}

static bool knows(const struct map_format *f, const struct syslog_message *message)
{
	return (!f->app.len || slice_equal_nocase(f->app, message->app)) &&
		contains_all(message->text, f->contains, f->contains_count);
}

/* "CEF:0|Vendor|Product|Version|Id|Name|Severity|key=value …" */
static bool cef_read(struct slice text, struct columns *ret)
{
	static const char *const names[] = {"", "cef.vendor", "cef.product", "cef.version",
		"cef.id", "cef.name", "cef.severity"};
	size_t start = slice_find(text, SLICE("CEF:"));

	if (start == text.len)
		return false;
	text = slice_from(text, start);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t end = 0;

		while (end < text.len && text.at[end] != '|')
			end += text.at[end] == '\\' ? 2 : 1;
		if (end >= text.len)
			return false;
		if (*names[i])
			column_add(ret, slice_of(names[i]), (struct slice){text.at, end});
		text = slice_from(text, end + 1);
	}
	pairs_read(text, true, ret);
	return true;
}

static bool take_apart(const struct map_event *e, struct slice text, struct columns *ret)
{
	size_t after = e->after.len ? slice_find(text, e->after) : text.len;

	if (after < text.len)
		text = slice_from(text, after + e->after.len);
	switch (e->take) {
	case TAKE_PAIRS: pairs_read(text, false, ret); return ret->count > 0;
	case TAKE_CEF: return cef_read(text, ret);
	case TAKE_COMMAS: commas_read(text, e->columns, e->column_count, ret); return true;
	case TAKE_DISSECT: return dissect_match(e->dissect, text, ret);
	}
	return false;
}

static bool holds(const struct map_condition *c, const struct columns *columns)
{
	struct slice found;

	if (!column_get(columns, c->column, &found))
		return false;
	for (size_t i = 0; i < c->count; i++)
		if (slice_equal_nocase(found, c->values[i]))
			return true;
	return false;
}

static bool applies(const struct map_event *e, struct slice text, struct columns *columns)
{
	columns->count = 0;
	if (!contains_all(text, e->contains, e->contains_count) || !take_apart(e, text, columns))
		return false;
	for (size_t i = 0; i < e->condition_count; i++)
		if (!holds(&e->conditions[i], columns))
			return false;
	return true;
}

/* Words for which the events have numbers: alert.severity is 1 (worst) to 4 as Suricata's. */
static bool severity_read(struct slice word, uint64_t *ret)
{
	static const struct {
		const char *word;
		uint64_t severity;
	} words[] = {{"critical", 1}, {"high", 1}, {"very-high", 1}, {"medium", 2}, {"low", 3},
		{"info", 4}, {"information", 4}, {"informational", 4}};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		*ret = words[i].severity;
		if (slice_equal_nocase(word, slice_of(words[i].word)))
			return true;
	}
	if (!slice_to_u64(word, ret))
		return false;
	/* CEF: 0 to 10, 10 the worst. */
	*ret = *ret >= 7 ? 1 : *ret >= 4 ? 2 : 3;
	return true;
}

static bool number_read(const struct event_field *field, struct slice text, uint64_t *ret)
{
	if (field->group == EVENT_GROUP_alert && strcmp(field->name, "severity") == 0) {
		if (!severity_read(text, ret))
			*ret = 0; /* a word we do not know: left out */
		return true;
	}
	if (!slice_to_u64(text, ret))
		return false;
	return strcmp(field->path, "src_port") != 0 && strcmp(field->path, "dest_port") != 0
		? true
		: *ret <= UINT16_MAX;
}

static struct slice protocol_name(struct slice text)
{
	static const struct {
		const char *number, *name;
	} known[] = {{"1", "ICMP"}, {"6", "TCP"}, {"17", "UDP"}, {"58", "IPv6-ICMP"},
		{"icmp", "ICMP"}, {"tcp", "TCP"}, {"udp", "UDP"}, {"icmpv6", "IPv6-ICMP"},
		{"ipv6-icmp", "IPv6-ICMP"}};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (slice_equal_nocase(text, slice_of(known[i].number)))
			return slice_of(known[i].name);
	return text;
}

static struct slice lower(struct slice text, char ret[NAME_LEN_MAX])
{
	size_t len = text.len < NAME_LEN_MAX ? text.len : NAME_LEN_MAX;

	for (size_t i = 0; i < len; i++) {
		char c = text.at[i];

		ret[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	return (struct slice){ret, len};
}

/* Names as the probe writes them: lower case, without the root's full stop. */
static struct slice domain_name(struct slice text, char ret[NAME_LEN_MAX])
{
	struct slice name = lower(text, ret);

	if (name.len > 1 && name.at[name.len - 1] == '.')
		name.len--;
	return name;
}

static bool put(struct mapped *m, const struct event_field *field, struct slice value)
{
	void *place = (char *)m + offset_of(field->group) + field->offset;

	m->uses[field->group] = true;
	if (field->type != EVENT_TEXT)
		return number_read(field, value, place);
	if (strcmp(field->path, "proto") == 0)
		value = protocol_name(value);
	else if (strcmp(field->path, "dns.rrname") == 0)
		value = domain_name(value, m->name);
	else if (strcmp(field->path, "app_proto") == 0)
		value = lower(value, m->app);
	else if (strcmp(field->path, "http.url") == 0)
		value = (struct slice){m->url, url_mask(value, m->url, sizeof m->url)};
	else if (strcmp(field->path, "http.hostname") == 0)
		value = url_without_user(value);
	*(struct slice *)place = value;
	return true;
}

static bool fill(struct mapped *m, const struct map_event *e, const struct columns *columns)
{
	for (size_t i = 0; i < e->field_count; i++) {
		struct slice value = e->fields[i].from;

		if (!e->fields[i].is_value && !column_get(columns, value, &value))
			continue;
		if (value.len && !slice_is(value, "N/A") && !put(m, e->fields[i].field, value))
			return false;
	}
	return true;
}

static uint8_t proto_of(struct slice name)
{
	return slice_is(name, "TCP") ? IPPROTO_TCP : slice_is(name, "UDP") ? IPPROTO_UDP : 0;
}

/* What follows from the addresses; false when one of them is none. */
static bool add_addresses(struct mapped *m)
{
	struct event_common *c = &m->common;
	struct address src, dst;
	uint8_t proto = proto_of(c->proto);

	if (c->src_ip.len && !address_read(c->src_ip, &src))
		return false;
	if (c->dest_ip.len && !address_read(c->dest_ip, &dst))
		return false;
	if (!c->src_ip.len || !c->dest_ip.len)
		return true;
	c->direction = event_direction(m->home, src, dst);
	if (!proto || !c->src_port || !c->dest_port)
		return true;

	const struct community_flow flow = {
		.src = src,
		.dst = dst,
		.src_port = (uint16_t)c->src_port,
		.dst_port = (uint16_t)c->dest_port,
		.proto = proto,
	};

	community_id_make(&flow, m->community_id);
	c->community_id = slice_of(m->community_id);
	return true;
}

static void begin(struct mapped *m, const struct map_event *e, const struct syslog_message *message,
	int64_t received_us)
{
	int64_t away = message->time_us - received_us;
	bool believed = message->time_us && away < SKEW_MAX_US && away > -SKEW_MAX_US;

	memset(m->uses, 0, sizeof m->uses);
	m->common = (struct event_common){
		.timestamp_us = believed ? message->time_us : received_us,
		.event_type = e->event_type,
		.sensor = slice_of(m->sensor),
	};
	m->flow = (struct event_flow){0};
	m->dns = (struct event_dns){0};
	m->http = (struct event_http){0};
	m->alert = (struct event_alert){0};
	m->haidang = (struct event_haidang){.device = message->host};
	m->uses[EVENT_GROUP_haidang] = true;
}

enum map_outcome mapping_apply(const struct mapping *m, const struct syslog_message *message,
	int64_t received_us, struct mapped *ret)
{
	struct columns columns = {.at = ret->column_room};

	ret->format = SLICE("");
	for (size_t f = 0; f < m->count; f++) {
		const struct map_format *format = &m->formats[f];

		if (!knows(format, message))
			continue;
		ret->format = format->id;
		for (size_t i = 0; i < format->event_count; i++) {
			if (!applies(&format->events[i], message->text, &columns))
				continue;
			begin(ret, &format->events[i], message, received_us);
			return fill(ret, &format->events[i], &columns) && add_addresses(ret)
				? MAP_DONE
				: MAP_BAD;
		}
		return MAP_SKIPPED;
	}
	return MAP_UNKNOWN;
}

void mapped_write(const struct mapped *m, struct event_id id, struct buf *out)
{
	struct json_writer w = json_writer_on(out);
	struct event_part parts[EVENT_GROUP_COUNT];
	struct event_common common = m->common;
	char text[EVENT_ID_LEN + 1];
	size_t count = 0;

	event_id_write(id, text);
	common.event_id = slice_of(text);
	for (int g = 0; g < EVENT_GROUP_COUNT; g++)
		if (g != EVENT_GROUP_common && m->uses[g])
			parts[count++] = (struct event_part){(enum event_group)g,
				(const char *)m + offset_of((enum event_group)g)};
	event_write(&w, &common, parts, count);
}
