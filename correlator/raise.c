#include "correlator/raise.h"

#include "lib/mem.h"

#include <string.h>

/* The events of the window that fired, oldest first; the cause alone for a single event. */
static size_t choose_samples(const struct raise *raise, struct slice ret[WINDOW_SAMPLES_MAX])
{
	const struct window *w = raise->window;
	const struct window_verdict *v = raise->verdict;
	size_t count = 0;

	for (size_t i = 0; i < w->sample_count; i++) {
		const struct window_sample *s = &w->samples[i];

		if (s->time_us >= v->first_us && s->time_us <= v->last_us)
			ret[count++] = slice_over(s->json, s->len);
	}
	if (count == 0)
		ret[count++] = raise->cause->hit.sample;
	return count;
}

static void write_events(const struct slice *samples, size_t count, struct buf *out)
{
	struct json_writer w = json_writer_on(out);

	json_begin_array(&w);
	for (size_t i = 0; i < count; i++)
		json_raw(&w, samples[i]);
	json_end_array(&w);
}

/* The words of one alert. */
struct words {
	struct buf events, entity, why_vi, why_en, advice_vi, advice_en, matched, notify;
};

static void words_release(struct words *t)
{
	buf_release(&t->events);
	buf_release(&t->entity);
	buf_release(&t->why_vi);
	buf_release(&t->why_en);
	buf_release(&t->advice_vi);
	buf_release(&t->advice_en);
	buf_release(&t->matched);
	buf_release(&t->notify);
}

static void find_words(struct explain *x, const struct explain_facts *facts, struct words *ret)
{
	const struct rule_texts *t = &facts->rule->texts;

	write_events(facts->samples, facts->sample_count, &ret->events);
	explain_about(x, facts);
	explain_entity(x, &ret->entity);
	explain_why(x, EXPLAIN_VI, &ret->why_vi);
	explain_why(x, EXPLAIN_EN, &ret->why_en);
	explain_write(x, t->advice_vi, EXPLAIN_VI, &ret->advice_vi);
	explain_write(x, t->advice_en, EXPLAIN_EN, &ret->advice_en);
}

/* The owner, those that the rule names, and who answers for the addresses concerned. */
static void write_notify(struct explain *x, const struct raise *raise, struct buf *out)
{
	const struct rule *r = raise->cause->target;
	struct slice ids[1 + ALERT_NOTIFY_MAX] = {r->texts.owner};
	struct slice addresses[2];
	const struct offices_concerned concerned = {.ids = ids,
		.id_count = 1 + r->response.notify_count,
		.addresses = addresses,
		.address_count = explain_addresses(x, addresses)};

	for (size_t i = 0; i < r->response.notify_count; i++)
		ids[1 + i] = r->response.notify[i];
	offices_write(raise->offices, &concerned, out);
}

/* By its first event, so that revisions are of the same alert. */
static void name_alert(const struct raise *raise, char ret[ALERT_ID_LEN + 1])
{
	char event[EVENT_ID_LEN + 1];

	event_id_write(raise->window->told.cause, event);
	alert_id_make(raise->cause->target->key, raise->cause->group, slice_of(event), ret);
}

bool raise_alert(
	struct explain *x, const struct raise *raise, struct buf *out, struct slice *ret_muted_by)
{
	CLEANUP(words_release) struct words words = {0};
	struct slice samples[WINDOW_SAMPLES_MAX];
	const struct window_verdict *v = raise->verdict;
	const struct rule *r = raise->cause->target;
	char id[ALERT_ID_LEN + 1];
	const struct explain_facts facts = {.rule = r,
		.group = raise->cause->group,
		.samples = samples,
		.sample_count = choose_samples(raise, samples),
		.verdict = *v,
		.is_revision = *raise->revised_for != '\0'};

	find_words(x, &facts, &words);
	if (raise->cause->feed)
		explain_matched(x, raise->cause->feed, &words.matched);
	write_notify(x, raise, &words.notify);
	name_alert(raise, id);

	struct alert a = {.alert_id = slice_of(id),
		.revision = raise->window->told.revision,
		.timestamp_us = raise->now_us,
		.first_seen_us = v->first_us,
		.last_seen_us = v->last_us,
		.rule = r->about,
		.revised_for = slice_of(raise->revised_for),
		.attack_count = r->attack_count,
		.domain = r->domain,
		.group = raise->cause->group,
		.entity = buf_slice(&words.entity),
		.count = v->count,
		.threshold = r->window.range.min,
		.timespan_s = (uint64_t)(explain_span_us(&facts) / 1000000),
		.explanation_vi = buf_slice(&words.why_vi),
		.explanation_en = buf_slice(&words.why_en),
		.advice_vi = buf_slice(&words.advice_vi),
		.advice_en = buf_slice(&words.advice_en),
		.owner = r->texts.owner,
		.events = buf_slice(&words.events),
		.matched = buf_slice(&words.matched),
		.notify = buf_slice(&words.notify)};
	a.rule.level = raise->window->told.level;
	memcpy(a.attack, r->attack, sizeof a.attack);
	if (raise->mutes && mutes_find(raise->mutes, &a, ret_muted_by))
		return false;
	struct json_writer writer = json_writer_on(out);
	alert_write(&a, &writer);
	return true;
}
