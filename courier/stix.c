#include "courier/stix.h"

#include "courier/stix_objects.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EPOCH        "2026-01-01T00:00:00.000Z" /* when what never changes was made */
#define TLP_MADE     "2022-10-01T00:00:00.000Z"
#define TLP_EXTENDED "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

enum { COUNT_MAX = 999999999 /* of observations and sightings (§4.14, §5.2) */ };

/* 00abedb4-aa42-466c-9c01-fed23315a9b7: of observables, and of nothing else. */
static const uint8_t observable_space[UUID_LEN] = {0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c,
	0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7};
static const uint8_t our_space[UUID_LEN] = {0x6d, 0x1f, 0x0c, 0x52, 0x3b, 0x7e, 0x4c, 0x19, 0x9e,
	0x44, 0x2a, 0x5b, 0x81, 0x0d, 0x77, 0xe3};

void stix_id(const char *type, struct slice name, char ret[STIX_ID_MAX])
{
	CLEANUP(mem_cleanup) char *whole = mem_printf("%s:%.*s", type, SLICE_ARG(name));
	char uuid[UUID_TEXT_LEN + 1];

	uuid_of_name(our_space, slice_of(whole), uuid);
	(void)snprintf(ret, STIX_ID_MAX, "%s--%s", type, uuid);
}

void stix_observable_id(const char *type, struct slice canonical, char ret[STIX_ID_MAX])
{
	char uuid[UUID_TEXT_LEN + 1];

	uuid_of_name(observable_space, canonical, uuid);
	(void)snprintf(ret, STIX_ID_MAX, "%s--%s", type, uuid);
}

void stix_time(int64_t wall_us, char ret[STIX_TIME_LEN + 1])
{
	char text[TIME_TEXT_LEN + 1];

	time_write(wall_us, text);
	(void)snprintf(ret, STIX_TIME_LEN + 1, "%.23sZ", text);
}

void stix_text(struct stix_maker *m, const char *key, struct slice value)
{
	if (value.len == 0)
		return;
	json_key(&m->w, key);
	json_text(&m->w, value);
}

void stix_word(struct stix_maker *m, const char *key, const char *value)
{
	stix_text(m, key, slice_of(value));
}

static void number(struct stix_maker *m, const char *key, uint64_t value)
{
	json_key(&m->w, key);
	json_uint(&m->w, value);
}

static void time_of(struct stix_maker *m, const char *key, int64_t wall_us)
{
	char text[STIX_TIME_LEN + 1];

	stix_time(wall_us, text);
	stix_word(m, key, text);
}

static void words(struct stix_maker *m, const char *key, const char *const *list)
{
	json_key(&m->w, key);
	json_begin_array(&m->w);
	for (; *list; list++)
		json_text(&m->w, slice_of(*list));
	json_end_array(&m->w);
}

void stix_refs(struct stix_maker *m, const char *key, const struct stix_ids *ids)
{
	json_key(&m->w, key);
	json_begin_array(&m->w);
	for (size_t i = 0; i < ids->count; i++)
		json_text(&m->w, slice_of(ids->at[i]));
	json_end_array(&m->w);
}

bool stix_ids_has(const struct stix_ids *ids, const char *id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (strcmp(ids->at[i], id) == 0)
			return true;
	return false;
}

void stix_ids_add(struct stix_ids *ids, const char *id)
{
	if (stix_ids_has(ids, id))
		return;
	must(ids->count < STIX_OBJECTS_MAX);
	(void)snprintf(ids->at[ids->count++], STIX_ID_MAX, "%s", id);
}

static void begin(struct stix_maker *m, const char *type, const char *id)
{
	buf_clear(&m->text);
	m->w = json_writer_on(&m->text);
	json_begin_object(&m->w);
	stix_word(m, "type", type);
	stix_word(m, "spec_version", "2.1");
	stix_word(m, "id", id);
}

static void mark(struct stix_maker *m)
{
	words(m, "object_marking_refs", (const char *const[]){STIX_TLP, NULL});
}

void stix_begin(struct stix_maker *m, const char *type, const char *id)
{
	begin(m, type, id);
	stix_word(m, "created_by_ref", m->identity);
	stix_word(m, "created", m->created);
	stix_word(m, "modified", m->modified);
	if (m->revoked) {
		json_key(&m->w, "revoked");
		json_bool(&m->w, true);
	}
	mark(m);
}

void stix_begin_observable(struct stix_maker *m, const char *type, const char *id)
{
	begin(m, type, id);
	mark(m);
}

void stix_end(struct stix_maker *m, const char *type, const char *id, const char *version)
{
	json_end_object(&m->w);
	m->fn(m->ctx,
		&(struct stix_object){
			slice_of(type), slice_of(id), slice_of(version), buf_slice(&m->text)});
}

static void begin_fixed(struct stix_maker *m, const char *type, const char *id)
{
	begin(m, type, id);
	stix_word(m, "created", EPOCH);
	stix_word(m, "modified", EPOCH);
}

static void give_identity(struct stix_maker *m, const char *source)
{
	CLEANUP(mem_cleanup) char *name = mem_printf("Hải Đăng %s", source);

	begin_fixed(m, "identity", m->identity);
	stix_word(m, "name", name);
	stix_word(m, "identity_class", "system");
	words(m, "sectors", (const char *const[]){"government", NULL});
	stix_end(m, "identity", m->identity, EPOCH);
}

static void give_marking(struct stix_maker *m)
{
	begin(m, "marking-definition", STIX_TLP);
	stix_word(m, "created", TLP_MADE);
	stix_word(m, "name", "TLP:AMBER");
	json_key(&m->w, "extensions");
	json_begin_object(&m->w);
	json_key(&m->w, TLP_EXTENDED);
	json_begin_object(&m->w);
	stix_word(m, "extension_type", "property-extension");
	stix_word(m, "tlp_2_0", "amber");
	json_end_object(&m->w);
	json_end_object(&m->w);
	stix_end(m, "marking-definition", STIX_TLP, TLP_MADE);
}

static void give_extension(struct stix_maker *m)
{
	char project[STIX_ID_MAX];

	/* The same for all appliances, so that a receiver needs to know one only. */
	stix_id("identity", SLICE("project"), project);
	begin_fixed(m, "identity", project);
	stix_word(m, "name", "Hải Đăng");
	stix_word(m, "identity_class", "organization");
	stix_end(m, "identity", project, EPOCH);
	begin_fixed(m, "extension-definition", m->extension);
	stix_word(m, "created_by_ref", project);
	stix_word(m, "name", "Hải Đăng alert");
	stix_word(m, "description", "What a report tells of the alert it was made from.");
	stix_word(m, "schema",
		"Strings: key (idempotency key of this state), alert_id, rule_id, level "
		"(informational, low, medium, high, critical), domain (network, information, "
		"bridge), entity, owner, purpose, state, disposition, reason. Integers: revision, "
		"count, threshold, timespan_s.");
	stix_word(m, "version", "1.0.0");
	words(m, "extension_types", (const char *const[]){"property-extension", NULL});
	stix_end(m, "extension-definition", m->extension, EPOCH);
}

/* One per appliance, as only its creator may bring out an object's next version (§3.6). */
static void technique_id(const struct stix_maker *m, struct slice technique, char ret[STIX_ID_MAX])
{
	CLEANUP(mem_cleanup) char *name = mem_printf("%s %.*s", m->identity, SLICE_ARG(technique));

	stix_id("attack-pattern", slice_of(name), ret);
}

/* "T1059.001" is at techniques/T1059/001/. */
static void give_technique(struct stix_maker *m, struct slice technique)
{
	size_t dot = slice_find_byte(technique, '.');
	struct slice sub = slice_from(technique, dot + 1);
	CLEANUP(mem_cleanup)
	char *url = mem_printf("https://attack.mitre.org/techniques/%.*s/%.*s%s", (int)dot,
		technique.at, SLICE_ARG(sub), sub.len > 0 ? "/" : "");
	char id[STIX_ID_MAX];

	technique_id(m, technique, id);
	if (stix_ids_has(&m->all, id))
		return;
	begin_fixed(m, "attack-pattern", id);
	stix_word(m, "created_by_ref", m->identity);
	stix_text(m, "name", technique);
	json_key(&m->w, "external_references");
	json_begin_array(&m->w);
	json_begin_object(&m->w);
	stix_word(m, "source_name", "mitre-attack");
	stix_text(m, "external_id", technique);
	stix_word(m, "url", url);
	json_end_object(&m->w);
	json_end_array(&m->w);
	stix_end(m, "attack-pattern", id, EPOCH);
	stix_ids_add(&m->all, id);
}

/* Of our alert; the name tells one kind of its objects from the others. */
static void own_id(const struct stix_maker *m, const char *type, char ret[STIX_ID_MAX])
{
	stix_id(type, m->alert->alert_id, ret);
}

static void give_observed(struct stix_maker *m, const struct observed *seen)
{
	const struct alert *alert = m->alert;
	uint64_t count = alert->count < 1 ? 1 : alert->count;
	int64_t last = alert->last_seen_us;
	char id[STIX_ID_MAX];

	for (size_t i = 0; i < seen->count; i++)
		stix_observe(m, &seen->at[i]);
	if (m->observed.count == 0)
		return;
	own_id(m, "observed-data", id);
	stix_begin(m, "observed-data", id);
	time_of(m, "first_observed", alert->first_seen_us);
	time_of(m, "last_observed", last < alert->first_seen_us ? alert->first_seen_us : last);
	number(m, "number_observed", count > COUNT_MAX ? COUNT_MAX : count);
	stix_refs(m, "object_refs", &m->observed);
	stix_end(m, "observed-data", id, m->modified);
	stix_ids_add(&m->all, id);
}

static bool has_tag(const struct alert *alert, const char *tag)
{
	for (size_t i = 0; i < alert->rule.tag_count; i++)
		if (slice_is(alert->rule.tags[i], tag))
			return true;
	return false;
}

/* Of this network or machine: no indicator for anybody else. */
static bool is_private(struct slice ip)
{
	static const struct {
		uint32_t net, mask;
	} nets[] = {{0x0a000000, 0xff000000}, {0xac100000, 0xfff00000}, {0xc0a80000, 0xffff0000},
		{0x7f000000, 0xff000000}, {0x64400000, 0xffc00000}, {0xa9fe0000, 0xffff0000},
		{0xe0000000, 0xe0000000}, {0, 0xff000000}};
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr six;
	struct in_addr four;

	memcpy(text, ip.at, ip.len);
	if (inet_pton(AF_INET6, text, &six) == 1) /* public are 2000::/3 only */
		return (six.s6_addr[0] & 0xe0) != 0x20;
	if (inet_pton(AF_INET, text, &four) != 1)
		return true;
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
		if ((ntohl(four.s_addr) & nets[i].mask) == nets[i].net)
			return true;
	return false;
}

/* Adds "[TYPE:value = '…']", with " OR " before all but the first. */
static void add_comparison(struct buf *pattern, const char *type, struct slice value)
{
	CLEANUP(buf_release) struct buf one = {0};

	buf_printf(&one, "[%s:value = '", type);
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] == '\'' || value.at[i] == '\\')
			buf_add_byte(&one, '\\');
		buf_add_byte(&one, value.at[i]);
	}
	buf_add_text(&one, "']");
	if (slice_find(buf_slice(pattern), buf_slice(&one)) < pattern->len)
		return;
	buf_add_text(pattern, pattern->len > 0 ? " OR " : "");
	buf_add_slice(pattern, buf_slice(&one));
}

/* Names that imitate ours, and with command and control the outside it goes to. */
static void pattern_of(const struct alert *alert, const struct observed *seen, struct buf *ret)
{
	bool control = has_tag(alert, "attack.command-and-control") ||
		has_tag(alert, "attack.command_and_control");

	for (size_t i = 0; i < seen->count; i++) {
		const struct observed_event *e = &seen->at[i];

		if (e->lookalike.len > 0)
			add_comparison(ret, "domain-name", e->lookalike);
		if (!control)
			continue;
		if (e->host.len > 0)
			add_comparison(ret, "domain-name", e->host);
		else if (e->lookalike.len == 0 && e->dest_ip.len > 0 && !is_private(e->dest_ip))
			add_comparison(ret,
				observed_is_ipv6(e->dest_ip) ? "ipv6-addr" : "ipv4-addr",
				e->dest_ip);
	}
}

static int confidence(const struct alert *alert)
{
	if (slice_is(alert->rule.status, "stable"))
		return 85;
	return slice_is(alert->rule.status, "test") ? 70 : 50;
}

static void tell(struct stix_maker *m)
{
	number(m, "confidence", (uint64_t)confidence(m->alert));
	stix_word(m, "lang", "vi");
}

static struct slice title(const struct alert *alert)
{
	return alert->rule.title_vi.len > 0 ? alert->rule.title_vi : alert->rule.title;
}

static void kill_chain(struct stix_maker *m)
{
	static const char *const tactics[] = {"reconnaissance", "resource-development",
		"initial-access", "execution", "persistence", "privilege-escalation",
		"defense-evasion", "credential-access", "discovery", "lateral-movement",
		"collection", "command-and-control", "exfiltration", "impact"};
	bool begun = false;

	for (size_t i = 0; i < sizeof(tactics) / sizeof(tactics[0]); i++) {
		CLEANUP(mem_cleanup) char *tag = mem_printf("attack.%s", tactics[i]);

		if (!has_tag(m->alert, tag))
			continue;
		if (!begun) {
			json_key(&m->w, "kill_chain_phases");
			json_begin_array(&m->w);
		}
		begun = true;
		json_begin_object(&m->w);
		stix_word(m, "kill_chain_name", "mitre-attack");
		stix_word(m, "phase_name", tactics[i]);
		json_end_object(&m->w);
	}
	if (begun)
		json_end_array(&m->w);
}

/* ret_id "" when the alert justifies none. */
static void give_indicator(
	struct stix_maker *m, const struct observed *seen, char ret_id[STIX_ID_MAX])
{
	CLEANUP(buf_release) struct buf pattern = {0};

	ret_id[0] = '\0';
	pattern_of(m->alert, seen, &pattern);
	if (pattern.len == 0)
		return;
	own_id(m, "indicator", ret_id);
	stix_begin(m, "indicator", ret_id);
	stix_text(m, "name", title(m->alert));
	stix_text(m, "description", m->alert->explanation_vi);
	words(m, "indicator_types", (const char *const[]){"malicious-activity", NULL});
	stix_text(m, "pattern", buf_slice(&pattern));
	stix_word(m, "pattern_type", "stix");
	stix_word(m, "pattern_version", "2.1");
	time_of(m, "valid_from", m->alert->first_seen_us);
	kill_chain(m);
	tell(m);
	stix_end(m, "indicator", ret_id, m->modified);
	stix_ids_add(&m->all, ret_id);
}

/* Of the indicator, or else of the first technique. */
static void give_sighting(struct stix_maker *m, const char *indicator)
{
	const struct alert *alert = m->alert;
	int64_t last = alert->last_seen_us;
	char id[STIX_ID_MAX], of[STIX_ID_MAX], observed[STIX_ID_MAX];

	if (indicator[0])
		(void)snprintf(of, sizeof(of), "%s", indicator);
	else if (alert->attack_count > 0)
		technique_id(m, alert->attack[0], of);
	else
		return;
	own_id(m, "sighting", id);
	own_id(m, "observed-data", observed);
	stix_begin(m, "sighting", id);
	time_of(m, "first_seen", alert->first_seen_us);
	time_of(m, "last_seen", last < alert->first_seen_us ? alert->first_seen_us : last);
	number(m, "count", alert->count > COUNT_MAX ? COUNT_MAX : alert->count);
	stix_word(m, "sighting_of_ref", of);
	if (m->observed.count > 0)
		words(m, "observed_data_refs", (const char *const[]){observed, NULL});
	words(m, "where_sighted_refs", (const char *const[]){m->identity, NULL});
	tell(m);
	stix_end(m, "sighting", id, m->modified);
	stix_ids_add(&m->all, id);
}

static void extend(struct stix_maker *m)
{
	const struct alert *a = m->alert;

	json_key(&m->w, "extensions");
	json_begin_object(&m->w);
	json_key(&m->w, m->extension);
	json_begin_object(&m->w);
	stix_word(m, "extension_type", "property-extension");
	stix_word(m, "key", m->parcel->key);
	stix_text(m, "alert_id", a->alert_id);
	number(m, "revision", a->revision);
	stix_text(m, "rule_id", a->rule.id);
	stix_word(m, "level", alert_level_name(a->rule.level));
	stix_word(m, "domain", alert_domain_name(a->domain));
	stix_text(m, "entity", a->entity);
	stix_text(m, "owner", a->owner);
	number(m, "count", a->count);
	number(m, "threshold", a->threshold);
	number(m, "timespan_s", a->timespan_s);
	stix_word(m, "purpose", parcel_purpose_name(m->parcel->purpose));
	stix_text(m, "state", a->standing.state);
	stix_text(m, "disposition", a->standing.disposition);
	stix_text(m, "reason", a->standing.reason);
	json_end_object(&m->w);
	json_end_object(&m->w);
}

static void give_report(struct stix_maker *m, const char *indicator, char ret_id[STIX_ID_MAX])
{
	const struct alert *alert = m->alert;

	own_id(m, "report", ret_id);
	stix_begin(m, "report", ret_id);
	stix_text(m, "name", title(alert));
	stix_text(m, "description", alert->explanation_vi);
	words(m, "report_types",
		(const char *const[]){"observed-data", indicator[0] ? "indicator" : NULL, NULL});
	time_of(m, "published", alert->timestamp_us);
	stix_refs(m, "object_refs", &m->all);
	words(m, "labels",
		(const char *const[]){alert_level_name(alert->rule.level),
			alert_domain_name(alert->domain),
			m->parcel->purpose == PARCEL_TEST ? "test" : NULL, NULL});
	tell(m);
	extend(m);
	stix_end(m, "report", ret_id, m->modified);
}

static void give_note(struct stix_maker *m, const char *report)
{
	char id[STIX_ID_MAX];

	if (m->alert->advice_vi.len == 0)
		return;
	own_id(m, "note", id);
	stix_begin(m, "note", id);
	stix_word(m, "abstract", "Việc cần làm trước tiên");
	stix_text(m, "content", m->alert->advice_vi);
	words(m, "object_refs", (const char *const[]){report, NULL});
	stix_word(m, "lang", "vi");
	stix_end(m, "note", id, m->modified);
}

/* A version is known by its time of change, so each state of an alert needs a later one. */
static void set_times(struct stix_maker *m)
{
	const struct alert *alert = m->alert;
	int64_t modified = alert->timestamp_us;

	if (alert->standing.change && alert->standing.at_us > modified)
		modified = alert->standing.at_us;
	if (modified < alert->first_seen_us)
		modified = alert->first_seen_us;
	stix_time(alert->first_seen_us, m->created);
	stix_time(modified, m->modified);
}

void stix_each(const struct parcel *parcel, const struct observed *seen, const char *source,
	stix_on_object *fn, void *ctx)
{
	struct stix_maker *m = mem_alloc(sizeof(*m));
	char indicator[STIX_ID_MAX], report[STIX_ID_MAX];

	m->parcel = parcel;
	m->alert = parcel->alert;
	m->fn = fn;
	m->ctx = ctx;
	m->revoked = parcel->purpose == PARCEL_RETRACTION;
	stix_id("identity", slice_of(source), m->identity);
	stix_id("extension-definition", SLICE("alert 1"), m->extension);
	set_times(m);
	give_identity(m, source);
	give_marking(m);
	give_extension(m);
	give_observed(m, seen);
	for (size_t i = 0; i < m->alert->attack_count; i++)
		give_technique(m, m->alert->attack[i]);
	give_indicator(m, seen, indicator);
	give_sighting(m, indicator);
	for (size_t i = 0; i < m->observed.count; i++)
		stix_ids_add(&m->all, m->observed.at[i]);
	stix_ids_add(&m->all, m->identity);
	give_report(m, indicator, report);
	give_note(m, report);
	buf_release(&m->text);
	mem_free(m);
}

static void add_to_bundle(void *ctx, const struct stix_object *object)
{
	json_raw(ctx, object->json);
}

void stix_bundle(const struct parcel *parcel, const struct observed *seen, const char *source,
	struct buf *out)
{
	struct json_writer w = json_writer_on(out);
	char id[STIX_ID_MAX];

	stix_id("bundle", slice_of(parcel->key), id);
	json_begin_object(&w);
	json_key(&w, "type");
	json_text(&w, SLICE("bundle"));
	json_key(&w, "id");
	json_text(&w, slice_of(id));
	json_key(&w, "objects");
	json_begin_array(&w);
	stix_each(parcel, seen, source, add_to_bundle, &w);
	json_end_array(&w);
	json_end_object(&w);
}
