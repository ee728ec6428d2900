#include "correlator/raise.h"

#include "lib/mem.h"

#include <string.h>

/* The events of the window that fired, oldest first; the cause alone for a single event. */
static size_t choose_samples(const struct rule_hit *cause, const struct window *w,
	const struct window_verdict *verdict, struct slice ret[WINDOW_SAMPLES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < w->sample_count; i++) {
		const struct window_sample *s = &w->samples[i];

		if (s->time_us >= verdict->first_us && s->time_us <= verdict->last_us)
			ret[count++] = slice_over(s->json, s->len);
	}
	if (count == 0)
		ret[count++] = cause->hit.sample;
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

static struct slice advice(
	struct explain *x, struct slice text, enum explain_language language, struct buf *out)
{
	explain_write(x, text, language, out);
	return buf_slice(out);
}

void raise_alert(struct explain *x, const struct rule_hit *cause, const struct window *w,
	const struct window_verdict *verdict, int64_t now_us, struct buf *out)
{
	CLEANUP(buf_release) struct buf events = {0};
	CLEANUP(buf_release) struct buf entity = {0};
	CLEANUP(buf_release) struct buf why_vi = {0};
	CLEANUP(buf_release) struct buf why_en = {0};
	CLEANUP(buf_release) struct buf advice_vi = {0};
	CLEANUP(buf_release) struct buf advice_en = {0};
	struct slice samples[WINDOW_SAMPLES_MAX];
	const struct rule *r = cause->target;
	char id[ALERT_ID_LEN + 1];
	struct explain_facts facts = {
		.rule = r, .group = cause->group, .samples = samples, .verdict = *verdict};

	facts.sample_count = choose_samples(cause, w, verdict, samples);
	write_events(samples, facts.sample_count, &events);
	explain_about(x, &facts);
	explain_entity(x, &entity);
	explain_why(x, EXPLAIN_VI, &why_vi);
	explain_why(x, EXPLAIN_EN, &why_en);
	alert_id_make(r->key, cause->group, cause->event_id, id);

	struct alert a = {.alert_id = slice_of(id),
		.revision = 1,
		.timestamp_us = now_us,
		.first_seen_us = verdict->first_us,
		.last_seen_us = verdict->last_us,
		.rule = r->about,
		.attack_count = r->attack_count,
		.domain = r->domain,
		.group = cause->group,
		.entity = buf_slice(&entity),
		.count = verdict->count,
		.threshold = r->window.range.min,
		.timespan_s = (uint64_t)(r->window.timespan_us / 1000000),
		.explanation_vi = buf_slice(&why_vi),
		.explanation_en = buf_slice(&why_en),
		.advice_vi = advice(x, r->texts.advice_vi, EXPLAIN_VI, &advice_vi),
		.advice_en = advice(x, r->texts.advice_en, EXPLAIN_EN, &advice_en),
		.owner = r->texts.owner,
		.events = buf_slice(&events)};
	memcpy(a.attack, r->attack, sizeof a.attack);
	struct json_writer writer = json_writer_on(out);
	alert_write(&a, &writer);
}
