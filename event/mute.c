#include "event/mute.h"

#include "lib/clock.h"
#include "lib/mem.h"

#include <string.h>

#define DAY_US (INT64_C(86400) * 1000000)

struct mute_list *mute_list_new(void)
{
	struct mute_list *list = mem_alloc(sizeof *list);

	list->arena = arena_new();
	list->reader = json_reader_new(ALERT_JSON_MAX);
	return list;
}

void mute_list_free(struct mute_list **list)
{
	if (!*list)
		return;
	for (size_t i = 0; i < (*list)->count; i++)
		networks_free(&(*list)->at[i].addresses);
	json_reader_free(&(*list)->reader);
	arena_free(&(*list)->arena);
	mem_free(*list);
	*list = NULL;
}

/* The texts of a mute by the names they have in JSON. */
static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{"id", offsetof(struct mute, id)},
	{"owner", offsetof(struct mute, owner)},
	{"reason", offsetof(struct mute, reason)},
	{"rule", offsetof(struct mute, rule)},
	{"entity", offsetof(struct mute, entity)},
	{"network", offsetof(struct mute, network)},
	{"domain", offsetof(struct mute, domain)},
	{"agency", offsetof(struct mute, agency)},
};
enum { TEXT_COUNT = sizeof texts / sizeof *texts };

static struct slice *text_of(struct mute *m, size_t i)
{
	return (struct slice *)((char *)m + texts[i].offset);
}

/* The prefix length that `network` says, or that of one address. */
static unsigned prefix_of(struct slice network)
{
	size_t slash = slice_find_byte(network, '/');
	uint64_t bits = 128;

	if (slash < network.len)
		(void)slice_to_u64(slice_from(network, slash + 1), &bits);
	return bits > 128 ? 128 : (unsigned)bits;
}

static bool read_network(struct mute_list *list, struct mute *m, struct err *err)
{
	if (m->network.len == 0)
		return true;
	char *text = arena_copy(list->arena, m->network);

	m->addresses = networks_new(&text, 1, err);
	if (m->addresses && prefix_of(m->network) < MUTE_PREFIX_MIN) {
		networks_free(&m->addresses);
		return err_set(err, NULL, 0, "a mute for %s is too wide, /8 at least", text);
	}
	return m->addresses != NULL;
}

static bool keep(struct mute_list *list, const struct mute *mute, struct err *err)
{
	struct mute *m = &list->at[list->count];

	if (list->count == MUTES_MAX)
		return err_set(err, NULL, 0, "there are 500 mutes, remove one first");
	*m = *mute;
	m->addresses = NULL;
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		struct slice *text = text_of(m, i);

		if (text->len > MUTE_TEXT_MAX)
			return err_set(err, NULL, 0, "%s: longer than 500 bytes", texts[i].name);
		*text = arena_slice(list->arena, *text);
	}
	if (!read_network(list, m, err))
		return false;
	list->count++;
	return true;
}

static bool time_at(struct json_value object, const char *key, int64_t *ret_us)
{
	struct slice text;

	return json_get_text(object, key, &text) && time_read(text, ret_us);
}

struct reading {
	struct mute_list *list;
	struct err *err;
};

static bool read_one(void *ctx, struct slice key, struct json_value value)
{
	struct reading *r = ctx;
	struct mute m = {0};
	struct json_value critical;

	(void)key;
	for (size_t i = 0; i < TEXT_COUNT; i++)
		(void)json_get_text(value, texts[i].name, text_of(&m, i));
	if (json_get(value, "critical", &critical))
		(void)json_to_bool(critical, &m.critical);
	if (m.id.len == 0 || !time_at(value, "created", &m.created_us) ||
		!time_at(value, "expires", &m.expires_us))
		return err_set(r->err, NULL, 0, "a mute lacks its id or its times");
	return keep(r->list, &m, r->err);
}

struct mute_list *mute_list_read(struct slice json, struct err *err)
{
	CLEANUP(mute_list_free) struct mute_list *list = mute_list_new();
	struct json_reader *reader = json_reader_new(MUTE_LIST_LEN_MAX);
	struct reading r = {list, err};
	struct json_value root, mutes;

	if (json.len > 0 && json_read(reader, json, &root, err)) {
		if (json_get(root, "mutes", &mutes) && json_kind(mutes) == JSON_ARRAY)
			json_each(mutes, read_one, &r);
		else
			(void)err_set(err, NULL, 0, "this is no list of mutes");
	}
	json_reader_free(&reader);
	if (err_is_set(err))
		return NULL;
	struct mute_list *ret = list;
	list = NULL;
	return ret;
}

static void write_time(struct json_writer *w, const char *key, int64_t wall_us)
{
	char text[TIME_TEXT_LEN + 1];

	time_write(wall_us, text);
	json_key(w, key);
	json_text(w, slice_of(text));
}

void mute_list_write(const struct mute_list *list, struct buf *out)
{
	struct json_writer w = json_writer_on(out);

	json_begin_object(&w);
	json_key(&w, "mutes");
	json_begin_array(&w);
	for (size_t i = 0; i < list->count; i++) {
		struct mute m = list->at[i];

		json_begin_object(&w);
		for (size_t k = 0; k < TEXT_COUNT; k++) {
			if (text_of(&m, k)->len == 0)
				continue;
			json_key(&w, texts[k].name);
			json_text(&w, *text_of(&m, k));
		}
		write_time(&w, "created", m.created_us);
		write_time(&w, "expires", m.expires_us);
		json_key(&w, "critical");
		json_bool(&w, m.critical);
		json_end_object(&w);
	}
	json_end_array(&w);
	json_end_object(&w);
}

bool mute_list_add(struct mute_list *list, const struct mute *m, int64_t now_us, struct err *err)
{
	if (m->owner.len == 0)
		return err_set(
			err, NULL, 0, "a mute needs an owner, the office that answers for it");
	if (m->reason.len < MUTE_REASON_MIN)
		return err_set(err, NULL, 0, "a mute needs a reason of 10 letters or more");
	if (m->expires_us <= now_us || m->expires_us > now_us + MUTE_DAYS_MAX * DAY_US)
		return err_set(err, NULL, 0, "a mute needs an end, in 90 days at most");
	if (m->rule.len + m->entity.len + m->network.len + m->domain.len + m->agency.len == 0)
		return err_set(err, NULL, 0,
			"a mute needs a rule, an entity, a network, a domain or an agency");
	return keep(list, m, err);
}

static void take_out(struct mute_list *list, size_t at)
{
	networks_free(&list->at[at].addresses);
	memmove(&list->at[at], &list->at[at + 1], (list->count - at - 1) * sizeof list->at[0]);
	list->count--;
}

bool mute_list_remove(struct mute_list *list, struct slice id)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!slice_equal(list->at[i].id, id))
			continue;
		take_out(list, i);
		return true;
	}
	return false;
}

void mute_list_expire(struct mute_list *list, int64_t now_us)
{
	for (size_t i = list->count; i-- > 0;)
		if (list->at[i].expires_us <= now_us)
			take_out(list, i);
}

/* rules/sigma/network/port_scan.yml is the rule port_scan. */
static struct slice stem_of(struct slice file)
{
	for (size_t i = file.len; i-- > 0;) {
		if (file.at[i] == '/') {
			file = slice_from(file, i + 1);
			break;
		}
	}
	file.len = slice_find_byte(file, '.');
	return file;
}

static bool fits_rule(const struct mute *m, const struct alert *alert)
{
	return m->rule.len == 0 || slice_equal(m->rule, alert->rule.id) ||
		slice_equal(m->rule, stem_of(alert->rule.file));
}

/* What a group, or an event, says of addresses and hosts. */
struct look {
	const struct mute *mute;
	bool has_address, inside, has_host;
};

static bool look_at(void *ctx, struct slice key, struct json_value value)
{
	struct look *l = ctx;
	struct slice text, domain = l->mute->domain;
	struct address address;

	if (!json_to_text(value, &text))
		return true;
	if (address_read(text, &address)) {
		l->has_address = true;
		l->inside |= l->mute->addresses && networks_hold(l->mute->addresses, address) &&
			!slice_ends(key, SLICE("port"));
	}
	if (domain.len == 0 || text.len < domain.len)
		return true;
	struct slice end = slice_from(text, text.len - domain.len);

	l->has_host |= slice_equal_nocase(end, domain) && (end.at == text.at || end.at[-1] == '.');
	return true;
}

/* The senders of the events decide when the group names no address. */
struct senders {
	const struct mute *mute;
	size_t inside, others;
};

static bool look_at_sender(void *ctx, struct slice key, struct json_value event)
{
	struct senders *s = ctx;
	struct slice text;
	struct address address;

	(void)key;
	if (!json_get_text(event, "src_ip", &text) || !address_read(text, &address))
		return true;
	if (networks_hold(s->mute->addresses, address))
		s->inside++;
	else
		s->others++;
	return true;
}

static bool senders_fit(struct mute_list *list, const struct mute *m, struct slice events)
{
	struct senders s = {.mute = m};
	struct json_value root;
	struct err ignored = {0};

	if (json_read(list->reader, events, &root, &ignored) && json_kind(root) == JSON_ARRAY)
		json_each(root, look_at_sender, &s);
	return s.inside > 0 && s.others == 0;
}

static bool fits_group(struct mute_list *list, const struct mute *m, const struct alert *alert)
{
	struct look l = {.mute = m};
	struct json_value root;
	struct err ignored = {0};

	if (m->network.len == 0 && m->domain.len == 0)
		return true;
	if (json_read(list->reader, alert->group, &root, &ignored) &&
		json_kind(root) == JSON_OBJECT)
		json_each(root, look_at, &l);
	if (m->domain.len > 0 && !l.has_host)
		return false;
	if (m->network.len == 0)
		return true;
	return l.has_address ? l.inside : senders_fit(list, m, alert->events);
}

static bool is_protected(const struct alert *alert)
{
	if (alert->rule.level == ALERT_CRITICAL)
		return true;
	for (size_t i = 0; i < alert->rule.tag_count; i++)
		if (slice_is(alert->rule.tags[i], MUTE_LEGAL_CLOCK_TAG))
			return true;
	return false;
}

const struct mute *mute_list_find(struct mute_list *list, const struct alert *alert, int64_t now_us)
{
	bool protected = is_protected(alert);

	for (size_t i = 0; i < list->count; i++) {
		const struct mute *m = &list->at[i];

		if (m->expires_us <= now_us || (protected && !m->critical) ||
			!fits_rule(m, alert) ||
			(m->entity.len > 0 && !slice_equal(m->entity, alert->entity)) ||
			(m->agency.len > 0 && !slice_equal(m->agency, alert->owner)))
			continue;
		if (fits_group(list, m, alert))
			return m;
	}
	return NULL;
}
