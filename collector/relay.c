#include "collector/relay.h"

#include "collector/limits.h"
#include "collector/sink.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SAID_MAX = 256, LABEL_MAX = 128, REFUSAL_QUIET_MS = 10000 };

struct relay {
	struct relay_options options;
	const struct source_kind *kind;
	void *source;
	struct redis *redis;
	struct sink *sink;
	struct eve_taker *taker;
	bool is_open, is_pending; /* read, and the commit was put off */
	struct buf event, position;
	struct metric *lines[EVE_TAKEN_COUNT], *lost;
	mono_t quiet[EVE_TAKEN_COUNT]; /* no line in the log about it before then */
	char said[SAID_MAX];
};

static const struct source_kind *const kinds[] = {
	[INPUT_EVE_FILE] = &source_file,
	[INPUT_REDIS_LIST] = &source_list,
	[INPUT_REDIS_STREAM] = &source_stream,
};

static void register_metrics(struct relay *r)
{
	const char *name = r->options.place.config->name;
	char labels[LABEL_MAX];

	for (int i = 0; i < EVE_TAKEN_COUNT; i++) {
		(void)snprintf(labels, sizeof labels, "input=\"%s\",outcome=\"%s\"", name,
			eve_taken_names[i]);
		r->lines[i] = metrics_counter(r->options.metrics, "haidang_collector_lines_total",
			labels, "Lines read, by what became of them.");
	}
	(void)snprintf(labels, sizeof labels, "input=\"%s\"", name);
	r->lost = metrics_gauge(r->options.metrics, "haidang_collector_lost", labels,
		"Gaps in a file, or entries trimmed from a stream, before they were read.");
}

struct relay *relay_new(const struct relay_options *options)
{
	const struct input_config *config = options->place.config;
	struct relay *r = mem_alloc(sizeof *r);
	const struct eve_taker_options taking = {
		.sensor = config->name, .types = &config->types, .home = options->home};

	r->options = *options;
	r->kind = kinds[config->kind];
	r->source = r->kind->open(&options->place);
	r->redis = redis_new(options->place.redis, options->place.clock);
	r->sink = sink_new(r->redis, config->name, options->stream_len_max);
	r->taker = eve_taker_new(&taking);
	register_metrics(r);
	return r;
}

void relay_free(struct relay **r)
{
	struct relay *old = *r;

	if (!old)
		return;
	old->kind->close(&old->source);
	sink_free(&old->sink);
	redis_free(&old->redis);
	eve_taker_free(&old->taker);
	buf_release(&old->event);
	buf_release(&old->position);
	mem_free(old);
	*r = NULL;
}

const char *relay_said(const struct relay *r)
{
	return r->said;
}

static enum relay_state stuck(struct relay *r, const char *why)
{
	bool is_new = r->said[0] == '\0';

	(void)snprintf(r->said, sizeof r->said, "%s: %s", r->options.place.config->name, why);
	if (is_new)
		log_warning("waiting: %s", r->said);
	return RELAY_STUCK;
}

static enum relay_state stuck_redis(struct relay *r)
{
	r->is_open = r->is_pending = false;
	return stuck(r, redis_said(r->redis));
}

static void take_line(void *ctx, struct slice line)
{
	struct relay *r = ctx;
	enum eve_taken taken = eve_take(r->taker, line);
	struct event_id id;

	if (taken == EVE_TAKEN) {
		id = sink_next_id(r->sink, clock_wall_us(r->options.place.clock));
		buf_clear(&r->event);
		if (eve_write(r->taker, id, &r->event))
			sink_add(r->sink, id, buf_slice(&r->event));
		else
			taken = EVE_TOO_LONG;
	}
	metric_add(r->lines[taken], 1);
	if (taken <= EVE_UNWANTED)
		return;

	mono_t now = clock_mono(r->options.place.clock);
	if (mono_left_ms(r->quiet[taken], now) > 0)
		return;
	r->quiet[taken] = mono_after(now, REFUSAL_QUIET_MS);
	log_warning("a line was refused input=%s reason=%s", r->options.place.config->name,
		eve_taken_names[taken]);
}

static enum relay_state commit(struct relay *r, enum relay_state next)
{
	bool has_news = sink_events(r->sink) > 0 ||
		!slice_equal(buf_slice(&r->position), sink_position(r->sink));
	int failed = has_news ? sink_commit(r->sink, buf_slice(&r->position)) : 0;
	bool confirmed;

	r->is_pending = failed == -EAGAIN;
	if (r->is_pending)
		return stuck(r, "Redis holds as many of its events as it may");
	if (failed)
		return stuck_redis(r);
	if (r->kind->committed && has_news) {
		/* What a master that dies takes with it must still stand in the source. */
		if (redis_confirm(r->redis, &confirmed) < 0)
			return stuck_redis(r);
		r->kind->committed(r->source);
	}
	r->said[0] = '\0';
	return next;
}

static enum relay_state commit_read(struct relay *r, enum relay_state next)
{
	buf_clear(&r->position);
	r->kind->position(r->source, &r->position);
	metric_set(r->lost, (int64_t)r->kind->lost(r->source));
	return commit(r, next);
}

/* The first place ever is committed at once, so that a failure after it does not move it. */
static enum relay_state open_both(struct relay *r)
{
	if (sink_open(r->sink) < 0)
		return stuck_redis(r);
	if (r->kind->resume(r->source, sink_position(r->sink)) == SOURCE_AWAY)
		return stuck(r, r->kind->said(r->source));
	r->is_open = true;
	return RELAY_BUSY;
}

enum relay_state relay_step(struct relay *r)
{
	if (r->is_pending)
		return commit(r, RELAY_BUSY);
	if (!r->is_open && open_both(r) == RELAY_STUCK)
		return RELAY_STUCK;

	enum source_state said = r->kind->read(r->source, STEP_LINES, take_line, r);

	if (said == SOURCE_AWAY) {
		r->is_open = false;
		return stuck(r, r->kind->said(r->source));
	}
	return commit_read(r, said == SOURCE_BUSY ? RELAY_BUSY : RELAY_IDLE);
}
