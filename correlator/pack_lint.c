#include "correlator/pack_lint.h"

enum { FEEDBACK_ITEMS_MIN = 5 };

static bool has(struct slice text, const char *part)
{
	return slice_find(text, slice_of(part)) < text.len;
}

static void lint_words(const struct rule *r, pack_lint_fn *fn, void *ctx)
{
	const struct rule_texts *t = &r->texts;
	const struct {
		struct slice text;
		const char *fault;
	} wanted[] = {
		{r->about.title_vi, "haidang.title_vi is missing"},
		{t->explanation_vi, "haidang.explanation.vi is missing: why is there an alert?"},
		{t->explanation_en, "haidang.explanation.en is missing: why is there an alert?"},
		{t->advice_vi, "haidang.advice.vi is missing: what is to be done first?"},
		{t->advice_en, "haidang.advice.en is missing: what is to be done first?"},
		{t->owner, "haidang.owner is missing: which office acts?"},
		{t->entity, "haidang.entity is missing: what is the alert about?"},
		{r->id, "id is missing"},
		{r->name, "name is missing"},
	};

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (wanted[i].text.len == 0)
			fn(ctx, wanted[i].fault);
}

/* "87 hosts within 5 minutes, limit 30": the count, the time and the limit in both languages. */
static void lint_numbers(const struct rule *r, pack_lint_fn *fn, void *ctx)
{
	const struct slice texts[] = {r->texts.explanation_vi, r->texts.explanation_en};

	if (r->window.kind != WINDOW_EVENT_COUNT && r->window.kind != WINDOW_VALUE_COUNT)
		return;
	for (size_t i = 0; i < 2; i++)
		if (!has(texts[i], "{count}") || !has(texts[i], "{threshold}") ||
			!has(texts[i], "{timespan}"))
			fn(ctx,
				"an explanation of a count needs {count}, {threshold} and "
				"{timespan}");
}

void pack_lint(const struct rule *r, const struct yaml_node *document, pack_lint_fn *fn, void *ctx)
{
	const struct yaml_node *level = yaml_get(document, "level");
	const struct yaml_node *known = yaml_get(document, "falsepositives");

	if (!r->alerts)
		return;
	lint_words(r, fn, ctx);
	lint_numbers(r, fn, ctx);
	if (!level)
		fn(ctx, "level is missing");
	if (!known || known->kind != YAML_LIST || known->count == 0)
		fn(ctx, "falsepositives are missing: what else looks like this?");
}

static bool is_feedback_topic(const struct yaml_node *value)
{
	static const char *const topics[] = {
		"ioc.", "env.pollution", "incident.utility", "incident.traffic."};

	for (size_t i = 0; value->kind == YAML_SCALAR && i < sizeof topics / sizeof *topics; i++)
		if (slice_starts(value->text, slice_of(topics[i])))
			return true;
	for (size_t i = 0; value->kind == YAML_LIST && i < value->count; i++)
		if (is_feedback_topic(value->values[i]))
			return true;
	return false;
}

static bool names_feedback(const struct yaml_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		bool of_topics = node->kind == YAML_MAP &&
			slice_starts(node->keys[i]->text, SLICE("article.topics"));

		if (of_topics ? is_feedback_topic(node->values[i])
			      : names_feedback(node->values[i]))
			return true;
	}
	return false;
}

bool pack_lint_is_feedback(const struct yaml_node *document)
{
	const struct yaml_node *detection = yaml_get(document, "detection");

	return detection && names_feedback(detection);
}

bool pack_lint_is_private(const struct rule *r)
{
	for (size_t i = 0; i < r->feed_count; i++) {
		const struct rule *target = r->feeds[i].target;

		if (target->alerts &&
			(target->window.kind != WINDOW_VALUE_COUNT ||
				target->window.range.min < FEEDBACK_ITEMS_MIN))
			return false;
	}
	return true;
}
