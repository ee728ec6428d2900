#include "event/alert.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <stdio.h>

static const struct {
	const char *name, *name_vi;
} levels[] = {
	[ALERT_INFORMATIONAL] = {"informational", "thông tin"},
	[ALERT_LOW] = {"low", "thấp"},
	[ALERT_MEDIUM] = {"medium", "trung bình"},
	[ALERT_HIGH] = {"high", "cao"},
	[ALERT_CRITICAL] = {"critical", "nghiêm trọng"},
};

static const char *const domains[] = {
	[ALERT_NETWORK] = "network",
	[ALERT_INFORMATION] = "information",
	[ALERT_BRIDGE] = "bridge",
};

enum {
	ID_HASH_LEN = (ALERT_ID_LEN - 3) / 2, /* bytes; each two digits */
	LEVEL_COUNT = sizeof levels / sizeof *levels,
	DOMAIN_COUNT = sizeof domains / sizeof *domains,
};

const char *alert_level_name(enum alert_level level)
{
	must((int)level < LEVEL_COUNT);
	return levels[level].name;
}

const char *alert_level_name_vi(enum alert_level level)
{
	must((int)level < LEVEL_COUNT);
	return levels[level].name_vi;
}

bool alert_level_read(struct slice name, enum alert_level *ret)
{
	for (int i = 0; i < LEVEL_COUNT; i++) {
		if (slice_is(name, levels[i].name)) {
			*ret = (enum alert_level)i;
			return true;
		}
	}
	return false;
}

const char *alert_domain_name(enum alert_domain domain)
{
	must((int)domain < DOMAIN_COUNT);
	return domains[domain];
}

static bool domain_read(struct slice name, enum alert_domain *ret)
{
	for (int i = 0; i < DOMAIN_COUNT; i++) {
		if (slice_is(name, domains[i])) {
			*ret = (enum alert_domain)i;
			return true;
		}
	}
	return false;
}

/* A NUL ends each part, so that ("ab", "c") and ("a", "bc") differ. */
void alert_id_make(
	struct slice rule_id, struct slice group, struct slice event_id, char ret[ALERT_ID_LEN + 1])
{
	const struct slice parts[] = {rule_id, group, event_id};
	char hex[2 * ID_HASH_LEN + 1];
	struct buf text = {0};
	uint8_t hash[SHA256_LEN];

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		buf_add_slice(&text, parts[i]);
		buf_add_byte(&text, '\0');
	}
	digest_sha256(buf_slice(&text), hash);
	buf_release(&text);
	digest_hex(hash, ID_HASH_LEN, hex);
	(void)snprintf(ret, ALERT_ID_LEN + 1, "al-%s", hex);
}

static void write_text(struct json_writer *w, const char *key, struct slice text)
{
	json_key(w, key);
	json_text(w, text);
}

static void write_name(struct json_writer *w, const char *key, const char *name)
{
	write_text(w, key, slice_of(name));
}

static void write_uint(struct json_writer *w, const char *key, uint64_t value)
{
	json_key(w, key);
	json_uint(w, value);
}

static void write_time(struct json_writer *w, const char *key, int64_t wall_us)
{
	char text[TIME_TEXT_LEN + 1];

	time_write(wall_us, text);
	write_name(w, key, text);
}

static void write_texts(
	struct json_writer *w, const char *key, const struct slice *texts, size_t count)
{
	json_key(w, key);
	json_begin_array(w);
	for (size_t i = 0; i < count; i++)
		json_text(w, texts[i]);
	json_end_array(w);
}

static void write_both(struct json_writer *w, const char *key, struct slice vi, struct slice en)
{
	json_key(w, key);
	json_begin_object(w);
	write_text(w, "vi", vi);
	write_text(w, "en", en);
	json_end_object(w);
}

static void write_json(
	struct json_writer *w, const char *key, struct slice json, struct slice fallback)
{
	json_key(w, key);
	json_raw(w, json.len ? json : fallback);
}

static void write_rule(struct json_writer *w, const struct alert_rule *rule)
{
	json_key(w, "rule");
	json_begin_object(w);
	write_text(w, "id", rule->id);
	write_text(w, "title", rule->title);
	write_text(w, "title_vi", rule->title_vi);
	write_text(w, "author", rule->author);
	write_text(w, "license", rule->license);
	write_name(w, "level", alert_level_name(rule->level));
	write_text(w, "status", rule->status);
	write_text(w, "file", rule->file);
	write_texts(w, "tags", rule->tags, rule->tag_count);
	json_end_object(w);
}

static void write_standing(struct json_writer *w, const struct alert_standing *standing)
{
	if (!standing->change)
		return;
	json_key(w, "standing");
	json_begin_object(w);
	write_uint(w, "change", standing->change);
	write_time(w, "at", standing->at_us);
	write_text(w, "state", standing->state);
	write_text(w, "disposition", standing->disposition);
	write_text(w, "reason", standing->reason);
	write_text(w, "incident", standing->incident);
	if (standing->incident.len)
		write_time(w, "incident_at", standing->incident_us);
	json_end_object(w);
}

static void write_notice(struct json_writer *w, const struct alert_notice *notice)
{
	if (!notice->kind.len)
		return;
	json_key(w, "notice");
	json_begin_object(w);
	write_text(w, "id", notice->id);
	write_text(w, "kind", notice->kind);
	if (notice->due_us)
		write_time(w, "due", notice->due_us);
	write_text(w, "vi", notice->vi);
	write_text(w, "en", notice->en);
	json_end_object(w);
}

void alert_write(const struct alert *alert, struct json_writer *w)
{
	json_begin_object(w);
	write_text(w, "alert_id", alert->alert_id);
	write_uint(w, "revision", alert->revision);
	write_time(w, "timestamp", alert->timestamp_us);
	write_time(w, "first_seen", alert->first_seen_us);
	write_time(w, "last_seen", alert->last_seen_us);
	write_rule(w, &alert->rule);
	write_texts(w, "attack", alert->attack, alert->attack_count);
	write_name(w, "domain", alert_domain_name(alert->domain));
	write_json(w, "group", alert->group, SLICE("{}"));
	write_text(w, "entity", alert->entity);
	write_uint(w, "count", alert->count);
	write_uint(w, "threshold", alert->threshold);
	write_uint(w, "timespan_s", alert->timespan_s);
	write_both(w, "explanation", alert->explanation_vi, alert->explanation_en);
	write_both(w, "advice", alert->advice_vi, alert->advice_en);
	write_text(w, "owner", alert->owner);
	write_json(w, "events", alert->events, SLICE("[]"));
	write_text(w, "revised_for", alert->revised_for);
	write_json(w, "matched", alert->matched, SLICE("{}"));
	write_json(w, "notify", alert->notify, SLICE("[]"));
	write_standing(w, &alert->standing);
	write_notice(w, &alert->notice);
	json_end_object(w);
}

void alert_amend(struct slice json, const struct alert_standing *standing,
	const struct alert_notice *notice, struct buf *out)
{
	CLEANUP(buf_release) struct buf more = {0};
	struct json_writer w = json_writer_on(&more);

	json_begin_object(&w);
	if (standing)
		write_standing(&w, standing);
	if (notice)
		write_notice(&w, notice);
	json_end_object(&w);

	json = slice_trim(json);
	must(json.len > 2 && json.at[json.len - 1] == '}');
	buf_add(out, json.at, json.len - 1);
	if (more.len > 2)
		buf_add_byte(out, ',');
	buf_add_slice(out, slice_from(buf_slice(&more), 1));
}

enum presence { OPTIONAL, REQUIRED };

/* What alert_read() is at: the first error stays in `err`, and everything after it is skipped. */
struct alert_reader {
	struct arena *arena;
	struct err *err;
	bool bad;
};

static void complain(struct alert_reader *r, const char *path, const char *expected)
{
	if (!r->bad)
		(void)err_set(r->err, NULL, 0, "alert: %s must be %s", path, expected);
	r->bad = true;
}

/* False when there is nothing to read at `path`. */
static bool find(struct alert_reader *r, struct json_value from, const char *path,
	enum presence presence, struct json_value *ret)
{
	if (r->bad)
		return false;
	if (json_at(from, path, ret) && json_kind(*ret) != JSON_NULL)
		return true;
	if (presence == REQUIRED)
		complain(r, path, "given");
	return false;
}

static struct slice read_text(
	struct alert_reader *r, struct json_value from, const char *path, enum presence presence)
{
	struct json_value v;
	struct slice text = {0};

	if (!find(r, from, path, presence, &v))
		return text;
	if (!json_to_text(v, &text) || (presence == REQUIRED && !text.len))
		complain(r, path, presence == REQUIRED ? "a text that is not empty" : "a text");
	return text;
}

static uint64_t read_uint(
	struct alert_reader *r, struct json_value from, const char *path, enum presence presence)
{
	struct json_value v;
	uint64_t value = 0;

	if (find(r, from, path, presence, &v) && !json_to_u64(v, &value))
		complain(r, path, "an integer of 0 or more");
	return value;
}

static int64_t read_time(struct alert_reader *r, struct json_value from, const char *path)
{
	struct slice text = read_text(r, from, path, REQUIRED);
	int64_t wall_us = 0;

	if (!r->bad && !time_read(text, &wall_us))
		complain(r, path, "a time as in RFC 3339");
	return wall_us;
}

struct texts {
	struct slice *at;
	size_t count;
	bool bad;
};

static bool read_one_text(void *ctx, struct slice key, struct json_value value)
{
	struct texts *texts = ctx;

	(void)key;
	texts->bad =
		texts->count == ALERT_TAGS_MAX || !json_to_text(value, &texts->at[texts->count]);
	texts->count += !texts->bad;
	return !texts->bad;
}

static size_t read_texts(
	struct alert_reader *r, struct json_value from, const char *path, struct slice *ret)
{
	struct json_value v;
	struct texts texts = {.at = ret};

	if (!find(r, from, path, OPTIONAL, &v))
		return 0;
	if (json_kind(v) == JSON_ARRAY)
		json_each(v, read_one_text, &texts);
	if (json_kind(v) != JSON_ARRAY || texts.bad)
		complain(r, path, "a list of at most 32 texts");
	return texts.count;
}

_Static_assert(ALERT_TAGS_MAX == 32 && ALERT_EVENTS_MAX == 10 && ALERT_NOTICE_ID_MAX == 24,
	"the messages name these");

/* The member as JSON text, copied into the arena. */
static struct slice read_json(struct alert_reader *r, struct json_value v)
{
	struct buf text = {0};

	json_copy(v, &text);
	struct slice copy = arena_slice(r->arena, buf_slice(&text));

	buf_release(&text);
	return copy;
}

static struct slice read_object(struct alert_reader *r, struct json_value from, const char *path)
{
	struct json_value v;

	if (!find(r, from, path, OPTIONAL, &v))
		return SLICE("{}");
	if (json_kind(v) != JSON_OBJECT)
		complain(r, path, "an object");
	return read_json(r, v);
}

static struct slice read_notify(struct alert_reader *r, struct json_value from)
{
	struct json_value v;

	if (!find(r, from, "notify", OPTIONAL, &v))
		return SLICE("[]");
	if (json_kind(v) != JSON_ARRAY || json_count(v) > ALERT_NOTIFY_MAX + 2)
		complain(r, "notify", "a list of at most 10 offices");
	return read_json(r, v);
}

static struct slice read_events(struct alert_reader *r, struct json_value from)
{
	struct json_value v;

	if (!find(r, from, "events", OPTIONAL, &v))
		return SLICE("[]");
	if (json_kind(v) != JSON_ARRAY || json_count(v) > ALERT_EVENTS_MAX)
		complain(r, "events", "a list of at most 10 events");
	return read_json(r, v);
}

static void read_standing(
	struct alert_reader *r, struct json_value json, struct alert_standing *ret)
{
	struct json_value v;

	if (!find(r, json, "standing", OPTIONAL, &v))
		return;
	ret->change = read_uint(r, json, "standing.change", REQUIRED);
	if (!ret->change)
		complain(r, "standing.change", "1 or more");
	ret->at_us = read_time(r, json, "standing.at");
	ret->state = read_text(r, json, "standing.state", REQUIRED);
	ret->disposition = read_text(r, json, "standing.disposition", OPTIONAL);
	ret->reason = read_text(r, json, "standing.reason", OPTIONAL);
	ret->incident = read_text(r, json, "standing.incident", OPTIONAL);
	if (ret->incident.len)
		ret->incident_us = read_time(r, json, "standing.incident_at");
}

/* It becomes part of a delivery's key. */
static bool is_notice_id(struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!(id.at[i] >= '0' && id.at[i] <= '9') &&
			!(id.at[i] >= 'a' && id.at[i] <= 'z') && id.at[i] != '-')
			return false;
	return id.len <= ALERT_NOTICE_ID_MAX;
}

static void read_notice(struct alert_reader *r, struct json_value json, struct alert_notice *ret)
{
	struct json_value v;

	if (!find(r, json, "notice", OPTIONAL, &v))
		return;
	ret->id = read_text(r, json, "notice.id", REQUIRED);
	if (!is_notice_id(ret->id))
		complain(r, "notice.id", "at most 24 small letters, digits and '-'");
	ret->kind = read_text(r, json, "notice.kind", REQUIRED);
	if (find(r, json, "notice.due", OPTIONAL, &v))
		ret->due_us = read_time(r, json, "notice.due");
	ret->vi = read_text(r, json, "notice.vi", OPTIONAL);
	ret->en = read_text(r, json, "notice.en", OPTIONAL);
}

static bool is_alert_id(struct slice id)
{
	if (id.len != ALERT_ID_LEN || !slice_starts(id, SLICE("al-")))
		return false;
	for (size_t i = 3; i < id.len; i++)
		if (!(id.at[i] >= '0' && id.at[i] <= '9') && !(id.at[i] >= 'a' && id.at[i] <= 'f'))
			return false;
	return true;
}

static void read_rule(struct alert_reader *r, struct json_value json, struct alert_rule *ret)
{
	ret->id = read_text(r, json, "rule.id", REQUIRED);
	ret->title = read_text(r, json, "rule.title", REQUIRED);
	ret->title_vi = read_text(r, json, "rule.title_vi", OPTIONAL);
	ret->author = read_text(r, json, "rule.author", OPTIONAL);
	ret->license = read_text(r, json, "rule.license", OPTIONAL);
	ret->status = read_text(r, json, "rule.status", OPTIONAL);
	ret->file = read_text(r, json, "rule.file", OPTIONAL);
	ret->tag_count = read_texts(r, json, "rule.tags", ret->tags);
	if (!alert_level_read(read_text(r, json, "rule.level", REQUIRED), &ret->level))
		complain(r, "rule.level", "informational, low, medium, high or critical");
}

bool alert_read(struct json_value json, struct arena *a, struct alert *ret, struct err *err)
{
	struct alert_reader r = {.arena = a, .err = err};

	*ret = (struct alert){0};
	if (json_kind(json) != JSON_OBJECT)
		return err_set(err, NULL, 0, "alert: not an object");
	ret->alert_id = read_text(&r, json, "alert_id", REQUIRED);
	if (!is_alert_id(ret->alert_id))
		complain(&r, "alert_id", "al- and 24 hex digits");
	ret->revision = read_uint(&r, json, "revision", REQUIRED);
	if (!ret->revision)
		complain(&r, "revision", "1 or more");
	ret->timestamp_us = read_time(&r, json, "timestamp");
	ret->first_seen_us = read_time(&r, json, "first_seen");
	ret->last_seen_us = read_time(&r, json, "last_seen");
	read_rule(&r, json, &ret->rule);
	ret->attack_count = read_texts(&r, json, "attack", ret->attack);
	if (!domain_read(read_text(&r, json, "domain", REQUIRED), &ret->domain))
		complain(&r, "domain", "network, information or bridge");
	ret->group = read_object(&r, json, "group");
	ret->entity = read_text(&r, json, "entity", OPTIONAL);
	ret->count = read_uint(&r, json, "count", OPTIONAL);
	ret->threshold = read_uint(&r, json, "threshold", OPTIONAL);
	ret->timespan_s = read_uint(&r, json, "timespan_s", OPTIONAL);
	ret->explanation_vi = read_text(&r, json, "explanation.vi", OPTIONAL);
	ret->explanation_en = read_text(&r, json, "explanation.en", OPTIONAL);
	ret->advice_vi = read_text(&r, json, "advice.vi", OPTIONAL);
	ret->advice_en = read_text(&r, json, "advice.en", OPTIONAL);
	ret->owner = read_text(&r, json, "owner", OPTIONAL);
	ret->events = read_events(&r, json);
	ret->revised_for = read_text(&r, json, "revised_for", OPTIONAL);
	ret->matched = read_object(&r, json, "matched");
	ret->notify = read_notify(&r, json);
	read_standing(&r, json, &ret->standing);
	read_notice(&r, json, &ret->notice);
	return !r.bad;
}
