#include "correlator/response.h"

#include "correlator/duration.h"

static bool fail(struct detection_source *s, const struct yaml_node *node, const char *said)
{
	return err_set(s->err, s->file, node->line, "haidang: %s", said);
}

static bool read_texts(struct detection_source *s, const struct yaml_node *node, struct slice *ret,
	size_t *ret_count)
{
	size_t max = *ret_count;

	*ret_count = 0;
	if (node->kind != YAML_LIST)
		return fail(s, node, "expected a list");
	for (size_t i = 0; i < node->count; i++) {
		if (i == max)
			return fail(s, node->values[i], "the list is too long");
		if (node->values[i]->kind != YAML_SCALAR || node->values[i]->text.len == 0)
			return fail(s, node->values[i], "expected text");
		ret[(*ret_count)++] = node->values[i]->text;
	}
	return true;
}

static bool read_notify(
	struct detection_source *s, const struct yaml_node *node, struct response *ret)
{
	ret->notify_count = ALERT_NOTIFY_MAX;
	return read_texts(s, node, ret->notify, &ret->notify_count);
}

static bool read_escalation(struct detection_source *s, const struct yaml_node *key,
	const struct yaml_node *value, struct escalation *ret)
{
	if (!alert_level_read(key->text, &ret->level))
		return fail(s, key, "raise: expected a level");
	if (value->kind == YAML_SCALAR) {
		if (!slice_to_u64(value->text, &ret->count) || ret->count < 2)
			return fail(s, value, "raise: expected a count of 2 or more");
		return true;
	}
	ret->when = detection_read(s, value);
	return ret->when != NULL;
}

static bool read_raise(
	struct detection_source *s, const struct yaml_node *node, struct response *ret)
{
	if (node->kind != YAML_MAP)
		return fail(s, node, "raise: expected a map of levels");
	if (node->count > ESCALATIONS_MAX)
		return fail(s, node, "raise: too many levels");
	for (size_t i = 0; i < node->count; i++)
		if (!read_escalation(s, node->keys[i], node->values[i],
			    &ret->escalations[ret->escalation_count++]))
			return false;
	return true;
}

static bool read_inhibits(
	struct detection_source *s, const struct yaml_node *node, struct inhibition *ret)
{
	const struct yaml_node *rules = yaml_get(node, "rules"), *same = yaml_get(node, "same");
	const struct yaml_node *span = yaml_get(node, "for");

	if (node->kind != YAML_MAP || !rules || !same || !span || node->count != 3)
		return fail(s, node, "inhibits: expected {rules: […], same: FIELD, for: 1h}");
	ret->rule_count = INHIBITED_RULES_MAX;
	if (!read_texts(s, rules, ret->rules, &ret->rule_count))
		return false;
	if (same->kind != YAML_SCALAR || same->text.len == 0)
		return fail(s, same, "inhibits: same: expected the name of a field");
	ret->same = same->text;
	if (span->kind != YAML_SCALAR || !duration_read(span->text, &ret->for_us) ||
		ret->for_us == 0)
		return fail(s, span, "inhibits: for: expected a duration such as 1h");
	return true;
}

bool response_read(struct detection_source *s, const struct yaml_node *extras, struct response *ret)
{
	const struct yaml_node *notify = yaml_get(extras, "notify");
	const struct yaml_node *raise = yaml_get(extras, "raise");
	const struct yaml_node *inhibits = yaml_get(extras, "inhibits");

	return (!notify || read_notify(s, notify, ret)) && (!raise || read_raise(s, raise, ret)) &&
		(!inhibits || read_inhibits(s, inhibits, &ret->inhibition));
}

enum alert_level response_level_of_count(
	const struct response *r, enum alert_level level, uint64_t count)
{
	for (size_t i = 0; i < r->escalation_count; i++) {
		const struct escalation *e = &r->escalations[i];

		if (e->count > 0 && count >= e->count && e->level > level)
			level = e->level;
	}
	return level;
}

enum alert_level response_level_of_event(
	const struct response *r, enum alert_level level, struct view *v)
{
	for (size_t i = 0; i < r->escalation_count; i++) {
		const struct escalation *e = &r->escalations[i];

		if (e->when && e->level > level && expr_holds(e->when, v))
			level = e->level;
	}
	return level;
}
