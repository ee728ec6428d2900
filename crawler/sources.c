#include "crawler/sources.h"

#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/yaml.h"

#include <string.h>

/* In the order of enum source_kind, then other words for the first. */
enum { SEEN_SIZE = 4 * SOURCES_MAX };

static const char *const kinds[] = {"rss", "html", "liferay", "sitemap", "site", "youtube",
	"xenforo", "wordpress", "mastodon", "facebook", "api", "telegram", "zalo", "tiktok",
	"import", "blocklist", "atom", "json", NULL};
static const char *const statuses[] = {"enable", "check", "policy", "import", NULL};

static const char *const fields[] = {"id", "name", "url", "kind", "tier", "region", "cadence",
	"topics", "status", "certainty", "note", "reason", "date_format", "path_hint", "query",
	"url_pattern", "as_indicator_list", "internal", "delay", "form", "service", "owner",
	"token_file", NULL};

static const int64_t MINUTE_MS = 60000;
static const int64_t CADENCE_MIN_MS = 1000, CADENCE_MAX_MS = (int64_t)30 * 86400 * 1000;

const char *source_kind_name(enum source_kind kind)
{
	return kinds[kind];
}

const char *source_status_name(enum source_status status)
{
	return statuses[status];
}

static int find_name(const char *const *names, struct slice name)
{
	for (int i = 0; names[i] != NULL; i++)
		if (slice_is(name, names[i]))
			return i;
	return -1;
}

/* Minutes, or a number with s, m, h or d. */
static bool duration_read(struct slice text, int64_t *ret_ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	int64_t unit = MINUTE_MS, value;

	if (slice_ends(text, SLICE("ms"))) {
		unit = 1;
		text.len -= 2;
	}
	for (size_t i = 0; unit == MINUTE_MS && i < 4 && text.len > 0; i++)
		if (text.at[text.len - 1] == units[i].unit) {
			unit = units[i].ms;
			text.len--;
			break;
		}
	if (!slice_to_i64(text, &value) || value < 0 || value > CADENCE_MAX_MS / unit)
		return false;
	*ret_ms = value * unit;
	return true;
}

struct loader {
	struct sources *s;
	const char *path;
	struct err *err;
};

static struct slice text_of(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *value = yaml_get(node, key);

	return value == NULL ? (struct slice){0} : value->text;
}

static bool choose(const struct loader *in, const struct yaml_node *node, const char *key,
	const char *const *names, int *ret)
{
	const struct yaml_node *value = yaml_get(node, key);
	CLEANUP(buf_release) struct buf known = {0};

	*ret = value == NULL ? -1 : find_name(names, value->text);
	if (*ret >= 0)
		return true;
	for (size_t i = 0; names[i] != NULL; i++)
		buf_printf(&known, "%s%s", i == 0 ? "" : ", ", names[i]);
	if (value == NULL)
		return err_set(in->err, in->path, node->line, "%s is missing: one of %s", key,
			buf_text(&known));
	return err_set(in->err, in->path, value->line, "%s: \"%.*s\" is none of %s", key,
		SLICE_ARG(value->text), buf_text(&known));
}

static bool check_fields(const struct loader *in, const struct yaml_node *node)
{
	if (node->kind != YAML_MAP)
		return err_set(in->err, in->path, node->line, "a source is a map of fields");
	for (size_t i = 0; i < node->count; i++)
		if (find_name(fields, node->keys[i]->text) < 0)
			return err_set(in->err, in->path, node->keys[i]->line,
				"%.*s: unknown field of a source", SLICE_ARG(node->keys[i]->text));
	return true;
}

/* An interface is asked with the operator's token, and only at its own place. */
static bool load_token(const struct loader *in, const struct yaml_node *node, struct source *s)
{
	s->token_file = text_of(node, "token_file");
	if (s->kind != SOURCE_FACEBOOK)
		return s->token_file.len == 0 ||
			err_set(in->err, in->path, node->line,
				"token_file: only kind facebook takes one");
	if (s->status != STATUS_ENABLE)
		return true;
	if (s->token_file.len == 0)
		return err_set(in->err, in->path, node->line,
			"token_file is missing: kind facebook is read with the operator's token only");
	return s->internal ||
		(s->has_url && slice_is(s->url.host, "graph.facebook.com") &&
			slice_is(s->url.scheme, "https")) ||
		err_set(in->err, in->path, node->line,
			"url: kind facebook is asked at https://graph.facebook.com/ only");
}

static bool load_cadence(const struct loader *in, const struct yaml_node *node, struct source *s)
{
	const struct yaml_node *cadence = yaml_get(node, "cadence");

	s->cadence_ms = s->disaster_ms = 15 * MINUTE_MS;
	if (cadence == NULL)
		return true;
	bool ok = cadence->kind == YAML_LIST && cadence->count == 2 &&
		duration_read(cadence->values[0]->text, &s->cadence_ms) &&
		duration_read(cadence->values[1]->text, &s->disaster_ms);
	bool fetched = s->status == STATUS_ENABLE && s->kind < SOURCE_API;
	if (ok &&
		(!fetched || (s->cadence_ms >= CADENCE_MIN_MS && s->disaster_ms >= CADENCE_MIN_MS)))
		return true;
	return err_set(in->err, in->path, cadence->line,
		"cadence is [normal, disaster]: minutes, or 30s, 15m, 2h; at least 1s");
}

static bool load_internal(const struct loader *in, const struct yaml_node *node, struct source *s)
{
	const struct yaml_node *internal = yaml_get(node, "internal"),
			       *delay = yaml_get(node, "delay");

	if (internal != NULL && !yaml_to_bool(internal, &s->internal))
		return err_set(in->err, in->path, internal->line, "internal must be true or false");
	if (delay == NULL)
		return true;
	if (!s->internal)
		return err_set(
			in->err, in->path, delay->line, "only an internal source may set a delay");
	return duration_read(delay->text, &s->delay_ms) ||
		err_set(in->err, in->path, delay->line, "delay must be a time: 200ms, 2s");
}

static struct slice form_of(const struct yaml_node *node, unsigned tier)
{
	struct slice form = text_of(node, "form");

	if (form.len > 0)
		return form;
	return tier == 1 ? SLICE("notice") : tier == 4 ? SLICE("post") : SLICE("news");
}

static bool load_source(const struct loader *in, const struct yaml_node *node, struct source *s)
{
	int64_t tier = 0;
	int kind, status;

	s->line = node->line;
	s->id = text_of(node, "id");
	s->name = text_of(node, "name");
	s->note = text_of(node, "reason").len > 0 ? text_of(node, "reason") : text_of(node, "note");
	s->service = text_of(node, "service");
	s->owner = text_of(node, "owner");
	if (s->id.len == 0 || s->id.len > 64)
		return err_set(
			in->err, in->path, node->line, "a source needs an id of at most 64 bytes");
	if (!check_fields(in, node) || !choose(in, node, "kind", kinds, &kind) ||
		!choose(in, node, "status", statuses, &status))
		return false;
	s->kind = kind > (int)SOURCE_BLOCKLIST ? SOURCE_RSS : (enum source_kind)kind;
	s->status = (enum source_status)status;
	const struct yaml_node *tier_node = yaml_get(node, "tier");
	if (tier_node == NULL || !yaml_to_i64(tier_node, &tier) || tier < 1 || tier > 5)
		return err_set(in->err, in->path, tier_node == NULL ? node->line : tier_node->line,
			"tier must be 1 to 5");
	s->tier = (unsigned)tier;
	s->form = form_of(node, s->tier);
	s->has_url = url_parse(in->s->arena, text_of(node, "url"), NULL, &s->url) &&
		!s->url.has_userinfo;
	if (!s->has_url && s->status == STATUS_ENABLE)
		return err_set(in->err, in->path, node->line,
			"%.*s: url must be an http or https address without a password",
			SLICE_ARG(s->id));
	return load_cadence(in, node, s) && load_internal(in, node, s) && load_token(in, node, s);
}

/* Whether the id of the source being read stood before; `seen` is a table of places plus one. */
static bool is_first(const struct sources *s, uint32_t *seen)
{
	struct slice id = s->at[s->count].id;
	size_t at = digest_hash64(id) % SEEN_SIZE;

	for (; seen[at] != 0; at = (at + 1) % SEEN_SIZE)
		if (slice_equal(s->at[seen[at] - 1].id, id))
			return false;
	seen[at] = (uint32_t)s->count + 1;
	return true;
}

static bool load(const struct loader *in)
{
	struct sources *s = in->s;
	struct yaml_documents docs;

	if (!yaml_read_file(s->arena, in->path, &docs, in->err))
		return false;
	const struct yaml_node *list = docs.count == 1 ? yaml_get(docs.at[0], "sources") : NULL;
	if (list == NULL || list->kind != YAML_LIST)
		return err_set(in->err, in->path, 0, "a list `sources` was expected");
	if (list->count > SOURCES_MAX)
		return err_set(in->err, in->path, list->line, "more than %d sources", SOURCES_MAX);
	s->at = arena_array(s->arena, list->count + 1, sizeof *s->at);
	CLEANUP(mem_cleanup) uint32_t *seen = mem_array(SEEN_SIZE, sizeof *seen);
	for (; s->count < list->count; s->count++) {
		if (!load_source(in, list->values[s->count], &s->at[s->count]))
			return false;
		if (!is_first(s, seen))
			return err_set(in->err, in->path, s->at[s->count].line,
				"id %.*s stands twice", SLICE_ARG(s->at[s->count].id));
	}
	return true;
}

struct sources *sources_read(const char *path, struct err *err)
{
	struct sources *s = mem_alloc(sizeof *s);

	s->arena = arena_new();
	s->references = 1;
	if (!load(&(struct loader){s, path, err}))
		sources_release(&s);
	return s;
}

struct sources *sources_keep(struct sources *s)
{
	s->references++;
	return s;
}

void sources_release(struct sources **s)
{
	if (*s != NULL && --(*s)->references == 0) {
		arena_free(&(*s)->arena);
		mem_free(*s);
	}
	*s = NULL;
}

const char *source_refusal(const struct source *source)
{
	switch (source->status) {
	case STATUS_CHECK: return "off until an operator has checked it (status: check)";
	case STATUS_POLICY: return "needs a written decision (status: policy)";
	case STATUS_IMPORT: return "is not crawled; items come by import (status: import)";
	case STATUS_ENABLE: break;
	}
	switch (source->kind) {
	case SOURCE_API: return "no connector for this interface; items come by import";
	case SOURCE_TELEGRAM:
		return "blocked in Viet Nam by order, and its preview is no interface: by import";
	case SOURCE_ZALO: return "has no public search, and its groups are private: by import";
	case SOURCE_TIKTOK:
		return "forbids crawling, and its interface is not open to authorities: by import";
	case SOURCE_IMPORT: return "is not crawled; items come by import";
	case SOURCE_BLOCKLIST: return "known bad copy, never fetched";
	case SOURCE_RSS:
	case SOURCE_HTML:
	case SOURCE_LIFERAY:
	case SOURCE_SITEMAP:
	case SOURCE_SITE:
	case SOURCE_YOUTUBE:
	case SOURCE_XENFORO:
	case SOURCE_WORDPRESS:
	case SOURCE_MASTODON:
	case SOURCE_FACEBOOK: break;
	}
	return NULL;
}
