#include "correlator/rule.h"

#include "correlator/correlation.h"
#include "correlator/duration.h"

#include <string.h>

enum { MINUTE_US = 60000000 };

_Static_assert(RULE_TEXT_LEN_MAX == 4096 && RULE_KEY_LEN_MAX == 256 && RULE_TAG_LEN_MAX == 256,
	"the messages name these");

static bool fail(
	struct rule_source *s, const struct yaml_node *node, const char *key, const char *said)
{
	return err_set(
		s->detection.err, s->detection.file, node ? node->line : 0, "%s: %s", key, said);
}

/* An optional scalar; "" when it is not there. */
static bool text_of(
	struct rule_source *s, const struct yaml_node *map, const char *key, struct slice *ret)
{
	const struct yaml_node *node = yaml_get(map, key);

	*ret = (struct slice){0};
	if (!node || yaml_is_null(node))
		return true;
	if (node->kind != YAML_SCALAR)
		return fail(s, node, key, "expected text");
	if (node->text.len > RULE_TEXT_LEN_MAX)
		return fail(s, node, key, "longer than 4096 bytes");
	*ret = node->text;
	return true;
}

/* "attack.t1046" or "attack.t1071.004" names a technique: "T1046". */
static void add_attack(struct rule_source *s, struct rule *r, struct slice tag)
{
	struct slice id = slice_from(tag, sizeof "attack." - 1);

	if (!slice_starts(tag, SLICE("attack.t")) || id.len < 5 || id.at[1] < '0' || id.at[1] > '9')
		return;
	char *text = arena_copy(s->detection.arena, id);
	text[0] = 'T';
	r->attack[r->attack_count++] = slice_of(text);
}

static bool read_tags(struct rule_source *s, struct rule *r, const struct yaml_node *tags)
{
	if (!tags || yaml_is_null(tags))
		return true;
	if (tags->kind != YAML_LIST)
		return fail(s, tags, "tags", "expected a list");
	if (tags->count > RULE_TAGS_MAX)
		return fail(s, tags, "tags", "more than 32");
	for (size_t i = 0; i < tags->count; i++) {
		if (tags->values[i]->kind != YAML_SCALAR)
			return fail(s, tags->values[i], "tags", "expected text");
		if (tags->values[i]->text.len > RULE_TAG_LEN_MAX)
			return fail(s, tags->values[i], "tags", "one is longer than 256 bytes");
		r->about.tags[r->about.tag_count++] = tags->values[i]->text;
		add_attack(s, r, tags->values[i]->text);
	}
	return true;
}

static bool read_level(struct rule_source *s, struct rule *r, const struct yaml_node *node)
{
	r->about.level = ALERT_MEDIUM;
	if (!node || yaml_is_null(node))
		return true;
	if (node->kind != YAML_SCALAR || !alert_level_read(node->text, &r->about.level))
		return fail(
			s, node, "level", "expected informational, low, medium, high or critical");
	return true;
}

static bool read_related(struct rule_source *s, struct rule *r, const struct yaml_node *related)
{
	if (!related || yaml_is_null(related))
		return true;
	if (related->kind != YAML_LIST)
		return fail(s, related, "related", "expected a list");
	for (size_t i = 0; i < related->count && r->related_count < RULE_RELATED_MAX; i++) {
		const struct yaml_node *id = yaml_get(related->values[i], "id");

		if (!id || id->kind != YAML_SCALAR)
			return fail(s, related->values[i], "related", "expected {id: …, type: …}");
		r->related[r->related_count++] = id->text;
	}
	return true;
}

static bool read_about(struct rule_source *s, struct rule *r, const struct yaml_node *doc)
{
	struct alert_rule *a = &r->about;

	if (!text_of(s, doc, "title", &a->title) || !text_of(s, doc, "id", &r->id) ||
		!text_of(s, doc, "name", &r->name) || !text_of(s, doc, "author", &a->author) ||
		!text_of(s, doc, "license", &a->license) || !text_of(s, doc, "status", &a->status))
		return false;
	if (a->title.len == 0)
		return fail(s, doc, "title", "a rule needs one");
	r->key = r->id.len ? r->id : r->name.len ? r->name : a->title;
	if (r->key.len > RULE_KEY_LEN_MAX)
		return fail(s, doc, "id", "longer than 256 bytes");
	a->id = r->key;
	a->file = slice_of(s->detection.file);
	return read_level(s, r, yaml_get(doc, "level")) && read_tags(s, r, yaml_get(doc, "tags")) &&
		read_related(s, r, yaml_get(doc, "related"));
}

static bool read_names(struct rule_source *s, const struct yaml_node *node, const char *key,
	struct slice *ret, size_t max)
{
	for (size_t i = 0; i < node->count; i++) {
		if (i == max)
			return fail(s, node->values[i], key, "too many fields");
		if (node->values[i]->kind != YAML_SCALAR || node->values[i]->text.len == 0)
			return fail(s, node->values[i], key, "expected the name of a field");
		ret[i] = node->values[i]->text;
	}
	return true;
}

static bool read_fields(struct rule_source *s, const struct yaml_node *node, const char *key,
	struct slice *ret, size_t *ret_count)
{
	if (!node)
		return true;
	if (node->kind != YAML_LIST)
		return fail(s, node, key, "expected a list of fields");
	if (!read_names(s, node, key, ret, *ret_count))
		return false;
	*ret_count = node->count;
	return true;
}

static bool read_pair(struct rule_source *s, const struct yaml_node *extras, const char *key,
	struct slice *ret_vi, struct slice *ret_en)
{
	const struct yaml_node *node = yaml_get(extras, key);

	if (!node)
		return true;
	if (node->kind != YAML_MAP)
		return fail(s, node, key, "expected {vi: …, en: …}");
	for (size_t i = 0; i < node->count; i++)
		if (!slice_is(node->keys[i]->text, "vi") && !slice_is(node->keys[i]->text, "en"))
			return fail(s, node->keys[i], key, "expected vi or en");
	return text_of(s, node, "vi", ret_vi) && text_of(s, node, "en", ret_en);
}

static bool read_domain(struct rule_source *s, struct rule *r, const struct yaml_node *node)
{
	static const enum alert_domain all[] = {ALERT_NETWORK, ALERT_INFORMATION, ALERT_BRIDGE};

	if (!node)
		return true;
	for (size_t i = 0; i < 3; i++) {
		if (node->kind != YAML_SCALAR || !slice_is(node->text, alert_domain_name(all[i])))
			continue;
		r->domain = all[i];
		r->has_domain = true;
		return true;
	}
	return fail(s, node, "domain", "expected network, information or bridge");
}

static bool read_suppress(struct rule_source *s, struct rule *r, const struct yaml_node *node)
{
	if (!node)
		return true;
	r->says_suppress = true;
	if (node->kind != YAML_SCALAR || !duration_read(node->text, &r->window.suppress_us))
		return fail(s, node, "suppress", "expected a duration such as 90s, 10m, 2h or 1d");
	return true;
}

static bool read_alerting(struct rule_source *s, struct rule *r, const struct yaml_node *node)
{
	bool alert;

	if (!node)
		return true;
	if (!yaml_to_bool(node, &alert))
		return fail(s, node, "alert", "expected true or false");
	r->alerting = alert ? RULE_ALERTS : RULE_SILENT;
	return true;
}

static bool known_extra(struct slice key)
{
	static const char *const known[] = {"title_vi", "explanation", "advice", "owner", "domain",
		"entity", "suppress", "group_by", "show", "alert", "notify", "raise", "inhibits"};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_is(key, known[i]))
			return true;
	return false;
}

static bool read_extras(struct rule_source *s, struct rule *r, const struct yaml_node *node)
{
	size_t group_count = GROUP_FIELDS_MAX, show_count = RULE_SHOW_MAX;
	const struct yaml_node *group_by = yaml_get(node, "group_by");
	const struct yaml_node *show = yaml_get(node, "show");

	if (!node)
		return true;
	if (node->kind != YAML_MAP)
		return fail(s, node, "haidang", "expected a map");
	for (size_t i = 0; i < node->count; i++)
		if (!known_extra(node->keys[i]->text))
			return err_set(s->detection.err, s->detection.file, node->keys[i]->line,
				"haidang: unknown key '%.*s'", SLICE_ARG(node->keys[i]->text));
	if (group_by && r->kind == RULE_CORRELATION)
		return fail(s, group_by, "group_by", "a correlation groups by its own group-by");
	if (!read_fields(s, group_by, "group_by", r->group_names, &group_count) ||
		!read_fields(s, show, "show", r->show, &show_count))
		return false;
	r->group_count = group_by ? group_count : r->group_count;
	r->show_count = show ? show_count : 0;
	r->groups_by_default = r->kind == RULE_DETECTION && !group_by;
	return text_of(s, node, "title_vi", &r->about.title_vi) &&
		text_of(s, node, "owner", &r->texts.owner) &&
		text_of(s, node, "entity", &r->texts.entity) &&
		read_pair(s, node, "explanation", &r->texts.explanation_vi,
			&r->texts.explanation_en) &&
		read_pair(s, node, "advice", &r->texts.advice_vi, &r->texts.advice_en) &&
		read_domain(s, r, yaml_get(node, "domain")) &&
		read_suppress(s, r, yaml_get(node, "suppress")) &&
		read_alerting(s, r, yaml_get(node, "alert")) &&
		response_read(&s->detection, node, &r->response);
}

static bool read_detection(struct rule_source *s, struct rule *r, const struct yaml_node *doc)
{
	r->window.kind = WINDOW_SINGLE;
	r->window.range = (struct window_range){1, UINT64_MAX};
	r->window.suppress_us = INT64_C(60) * MINUTE_US;
	r->groups_by_default = true;
	if (s->naming == VIEW_VERBATIM_NAMES) {
		if (!logsource_read_names(doc, &r->source, s->detection.file, s->detection.err))
			return false;
		r->source.any = true;
	} else if (!logsource_read(doc, &r->source, s->detection.file, s->detection.err)) {
		return false;
	}
	if (r->source.needs_field)
		r->source_slot =
			view_fields_add(s->detection.fields, slice_of(r->source.needs_field));
	r->domain = r->source.of_information ? ALERT_INFORMATION : ALERT_NETWORK;
	s->detection.values = 0;
	s->detection.maps_names = s->naming == VIEW_SIGMA_NAMES;
	s->detection.event_type = r->source.count == 1 ? r->source.types[0] : (struct slice){0};
	r->event_type = s->detection.event_type;
	r->detection = detection_read(&s->detection, yaml_get(doc, "detection"));
	return r->detection != NULL;
}

struct rule *rule_read(struct rule_source *s, const struct yaml_node *doc)
{
	struct rule *r = arena_alloc(s->detection.arena, sizeof *r);
	const struct yaml_node *correlation = yaml_get(doc, "correlation");

	r->line = doc->line;
	r->path = s->detection.file;
	r->window.lateness_us = s->lateness_us;
	if (doc->kind != YAML_MAP) {
		(void)fail(s, doc, "rule", "expected a map");
		return NULL;
	}
	if (yaml_get(doc, "action")) {
		(void)fail(s, yaml_get(doc, "action"), "action", "is no longer part of Sigma");
		return NULL;
	}
	if (!read_about(s, r, doc))
		return NULL;
	r->kind = correlation ? RULE_CORRELATION : RULE_DETECTION;
	bool ok = correlation ? correlation_read(s, r, doc) : read_detection(s, r, doc);
	return ok && read_extras(s, r, yaml_get(doc, "haidang")) ? r : NULL;
}
