#include "courier/watch.h"

#include "courier/clocks.h"
#include "courier/limits.h"
#include "courier/parcel.h"
#include "event/streams.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/redis_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define TIMERS   SLICE("watch:{courier}")
#define ALERTS   SLICE("watch:{courier}:alerts")
#define CONSUMER SLICE("1")

enum {
	STREAMS = ALERT_BUCKETS + 1, /* the last: what analysts did */
	PER_STREAM = 16,
	ENTRIES_MAX = STREAMS * PER_STREAM,
	BLOCK_MS = 200,
	AWAY_MS = 500,
	DUE_AT_ONCE = 64,
	MEMBER_MAX = 96,
	DAY_MS = 24 * 3600 * 1000
};

/* Timers that fired keep their place, far in the future, so that they are not made again. */
static const int64_t FIRED_MS = INT64_C(1000000000000000);
/* After the longest escalation and clock nothing becomes due any more. */
static const int64_t KEPT_MS = INT64_C(8) * DAY_MS;

struct entry {
	size_t stream;
	struct slice id, json; /* in the arena */
	struct slice known;    /* what stands in ALERTS, or nothing */
};

struct watch {
	struct watch_options options;
	struct redis *redis;
	struct parcel_reader *reader, *known_reader;
	struct arena *arena; /* of one round */
	char names[STREAMS][STREAM_NAME_MAX];
	struct slice streams[STREAMS], start[STREAMS];
	struct entry entries[ENTRIES_MAX];
	size_t count, changes; /* entries; those by analysts */
	bool catching_up, away;
	bool up_to_date; /* no change by an analyst is left to be read */
	struct metric *escalations, *reminders;
	pthread_t thread;
	atomic_bool stopping;
	bool running;
};

static int64_t now_ms(const struct watch *w)
{
	return clock_wall_us(w->options.clock) / 1000;
}

/* ---- timers ---- */

struct timer {
	struct slice alert_id;
	char kind;         /* e: escalation, c: clock, p: purge */
	struct slice what; /* target or clock */
	uint64_t change;
};

static void timer_write(const struct timer *t, char ret[MEMBER_MAX])
{
	int len = snprintf(ret, MEMBER_MAX, "%.*s|%c|%.*s|%" PRIu64, SLICE_ARG(t->alert_id),
		t->kind, SLICE_ARG(t->what), t->change);

	must(len > 0 && len < MEMBER_MAX);
}

static bool timer_read(struct slice member, struct timer *ret)
{
	struct slice kind;

	if (!slice_cut(&member, '|', &ret->alert_id) || !slice_cut(&member, '|', &kind) ||
		kind.len != 1 || !slice_cut(&member, '|', &ret->what))
		return false;
	ret->kind = kind.at[0];
	return slice_to_u64(member, &ret->change);
}

/* `mode`: NX for a new one only, XX for one that stands there. */
static void queue_timer(struct watch *w, const struct timer *t, const char *mode, int64_t due_ms)
{
	char member[MEMBER_MAX], score[24];

	timer_write(t, member);
	(void)snprintf(score, sizeof(score), "%" PRId64, due_ms);
	redis_queue(w->redis, TIMERS,
		(struct slice[]){
			SLICE("ZADD"), TIMERS, slice_of(mode), slice_of(score), slice_of(member)},
		5);
}

/* Before what time each target is to get it; 0: not at all. */
static void escalations_of(
	const struct watch *w, const struct alert *alert, int64_t ret_after_ms[TARGETS_MAX])
{
	for (const struct route *r = NULL; (r = routes_match(w->options.routes, alert, r));) {
		for (size_t t = 0; t < w->options.config->targets.count; t++)
			if (r->escalate_to >> t & 1 &&
				(!ret_after_ms[t] || r->escalate_after_ms < ret_after_ms[t]))
				ret_after_ms[t] = r->escalate_after_ms;
	}
}

static bool is_untouched(const struct alert *alert)
{
	return !alert->standing.change || slice_is(alert->standing.state, "new");
}

static size_t queue_escalations(struct watch *w, const struct alert *alert)
{
	int64_t after_ms[TARGETS_MAX] = {0}, now = now_ms(w);
	int64_t start_us = alert->standing.change ? alert->standing.at_us : alert->timestamp_us;
	size_t count = 0;

	if (!is_untouched(alert))
		return 0;
	escalations_of(w, alert, after_ms);
	for (size_t t = 0; t < w->options.config->targets.count; t++) {
		int64_t due_ms = start_us / 1000 + after_ms[t];

		/* A courier that sees its first alerts does not escalate those of last week. */
		if (!after_ms[t] || due_ms < now - DAY_MS)
			continue;
		queue_timer(w,
			&(struct timer){alert->alert_id, 'e',
				slice_of(courier_targets(w->options.config)[t].name),
				alert->standing.change},
			"NX", due_ms);
		count++;
	}
	return count;
}

static int64_t clock_due_ms(const struct legal_clock *clock, const struct incident *incident)
{
	return incident->start_us / 1000 + clock->hours * 3600 * 1000;
}

static size_t queue_clocks(struct watch *w, const struct alert *alert)
{
	struct incident incident = clocks_incident(alert);
	size_t count = 0;

	for (size_t i = 0; i < CLOCK_COUNT; i++) {
		const struct legal_clock *clock = &legal_clocks[i];
		int64_t due_ms = clock_due_ms(clock, &incident);

		if (!(clock->gravities & incident.gravity) || due_ms < now_ms(w) - DAY_MS)
			continue;
		queue_timer(w, &(struct timer){alert->alert_id, 'c', slice_of(clock->id), 0}, "NX",
			due_ms - (clock->hours ? w->options.config->reminder_lead_ms : 0));
		count++;
	}
	return count;
}

/* ---- alerts coming in ---- */

static void on_entry(
	void *ctx, size_t stream, struct slice id, const struct slice *fields, size_t count)
{
	struct watch *w = ctx;
	struct entry *e = &w->entries[w->count];

	must(w->count < ENTRIES_MAX);
	w->count++;
	w->changes += stream == ALERT_BUCKETS;
	*e = (struct entry){.stream = stream, .id = arena_slice(w->arena, id)};
	for (size_t i = 0; i + 1 < count; i += 2)
		if (slice_is(fields[i], ALERT_FIELD_BODY))
			e->json = arena_slice(w->arena, fields[i + 1]);
}

/* Whether anything about this alert may ever become due. */
static bool is_watched(const struct watch *w, const struct alert *alert)
{
	int64_t after_ms[TARGETS_MAX] = {0};

	if (alert->standing.change || clocks_incident(alert).gravity)
		return true;
	escalations_of(w, alert, after_ms);
	for (size_t t = 0; t < TARGETS_MAX; t++)
		if (after_ms[t])
			return true;
	return false;
}

static void on_known(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct watch *w = ctx;

	for (size_t i = 0; i < w->count; i++)
		if (w->entries[i].json.len && index-- == 0)
			w->entries[i].known = arena_slice(w->arena, redis_reply_text(reply));
}

/* Drops what is not watched and asks what is known of the rest. */
static int ask_known(struct watch *w)
{
	struct parcel parcel;

	for (size_t i = 0; i < w->count; i++) {
		struct entry *e = &w->entries[i];
		struct err err = {0};

		if (!parcel_read(w->reader, e->json, &parcel, &err) ||
			!is_watched(w, parcel.alert)) {
			e->json.len = 0;
			continue;
		}
		redis_queue(w->redis, ALERTS,
			(struct slice[]){SLICE("HGET"), ALERTS, parcel.alert->alert_id}, 3);
	}
	return redis_flush(w->redis, on_known, w);
}

/* An alert and what analysts made of it come by two streams, and either may be the first. */
static bool is_older(struct watch *w, const struct entry *e, const struct alert *alert)
{
	struct parcel known;
	struct err err = {0};

	if (!e->known.len || !parcel_read(w->known_reader, e->known, &known, &err))
		return false;
	if (known.alert->standing.change != alert->standing.change)
		return known.alert->standing.change > alert->standing.change;
	return known.alert->revision > alert->revision;
}

static void queue_entry(struct watch *w, const struct entry *e)
{
	struct parcel parcel;
	struct err err = {0};

	must(parcel_read(w->reader, e->json, &parcel, &err)); /* as in ask_known() */
	const struct alert *alert = parcel.alert;

	if (is_older(w, e, alert))
		return;
	if (queue_escalations(w, alert) + queue_clocks(w, alert) == 0 && !e->known.len &&
		!alert->standing.change)
		return;
	redis_queue(w->redis, ALERTS,
		(struct slice[]){SLICE("HSET"), ALERTS, alert->alert_id, e->json}, 4);

	const struct timer purge = {alert->alert_id, 'p', SLICE("-"), 0};

	queue_timer(w, &purge, "CH", now_ms(w) + KEPT_MS);
}

static void on_checked(void *ctx, size_t index, const struct redis_reply *reply)
{
	(void)index;
	*(bool *)ctx |= redis_reply_kind(reply) == REDIS_ERROR;
}

static int flush(struct watch *w)
{
	bool refused = false;
	int err = redis_flush(w->redis, on_checked, &refused);

	return err ? err : refused ? -ENOSPC : 0;
}

static int acknowledge(struct watch *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct slice stream = w->streams[w->entries[i].stream];

		redis_queue(w->redis, stream,
			(struct slice[]){SLICE("XACK"), stream, SLICE(COURIER_WATCH_GROUP),
				w->entries[i].id},
			4);
	}
	return redis_flush(w->redis, NULL, NULL);
}

static int read_entries(struct watch *w)
{
	w->count = w->changes = 0;
	arena_rewind(w->arena);
	return redis_group_read(w->redis,
		&(struct redis_group_read){
			.group = SLICE(COURIER_WATCH_GROUP),
			.consumer = CONSUMER,
			.streams = w->streams,
			.stream_count = STREAMS,
			.after = w->catching_up ? w->start : NULL,
			.count = PER_STREAM,
			.block_ms = w->catching_up ? 0 : BLOCK_MS,
		},
		on_entry, w);
}

/* Nothing is acknowledged before its timers stand in Redis; what comes again finds them there. */
static int take(struct watch *w)
{
	int err = read_entries(w);

	if (err == -ENOENT) {
		err = redis_group_make(
			w->redis, w->streams, STREAMS, SLICE(COURIER_WATCH_GROUP), SLICE("0"));
		return err;
	}
	if (!err)
		err = ask_known(w);
	if (err)
		return err;
	for (size_t i = 0; i < w->count; i++)
		if (w->entries[i].json.len)
			queue_entry(w, &w->entries[i]);
	err = flush(w);
	if (!err)
		err = acknowledge(w);
	if (err)
		return err;
	w->up_to_date = !w->catching_up && w->changes < PER_STREAM;
	if (w->count == 0)
		w->catching_up = false;
	return 0;
}

/* ---- what is due ---- */

/* `to`: bits of targets. A target that is to get it gets what becomes of it too. */
static int send_notice(struct watch *w, const struct parcel *parcel,
	const struct alert_notice *notice, uint32_t to)
{
	CLEANUP(buf_release) struct buf body = {0};
	char stream[STREAM_NAME_MAX], got[STREAM_NAME_MAX], now[24];

	alert_amend(parcel->json, NULL, notice, &body);
	(void)snprintf(now, sizeof(now), "%" PRId64, now_ms(w));
	for (size_t t = 0; t < w->options.config->targets.count; t++) {
		const char *name = courier_targets(w->options.config)[t].name;

		if (!(to >> t & 1))
			continue;
		stream_for_target(name, stream);
		stream_got(name, got);
		redis_queue(w->redis, slice_of(got),
			(struct slice[]){SLICE("ZADD"), slice_of(got), slice_of(now),
				parcel->alert->alert_id},
			4);
		redis_queue(w->redis, slice_of(stream),
			(struct slice[]){SLICE("XADD"), slice_of(stream), SLICE("*"),
				SLICE(ALERT_FIELD_BODY), buf_slice(&body)},
			5);
	}
	return flush(w);
}

static uint32_t target_bit(const struct watch *w, struct slice name)
{
	for (size_t t = 0; t < w->options.config->targets.count; t++)
		if (slice_is(name, courier_targets(w->options.config)[t].name))
			return UINT32_C(1) << t;
	return 0;
}

static int escalate(struct watch *w, const struct timer *t, const struct parcel *parcel)
{
	CLEANUP(buf_release) struct buf vi = {0}, en = {0};
	const struct alert *alert = parcel->alert;
	int64_t minutes = (now_ms(w) - alert->timestamp_us / 1000) / 60000;
	uint32_t to = target_bit(w, t->what);

	if (!is_untouched(alert) || alert->standing.change != t->change || !to)
		return 0;
	buf_printf(&vi, "Sau %" PRId64 " phút chưa ai tiếp nhận cảnh báo này.", minutes);
	buf_printf(&en, "Nobody has acknowledged this alert for %" PRId64 " minutes.", minutes);
	log_notice("Nobody acknowledged %s, it goes to %.*s too", parcel->key, SLICE_ARG(t->what));
	metric_add(w->escalations, 1);
	return send_notice(w, parcel,
		&(struct alert_notice){.id = SLICE("escalation"),
			.kind = SLICE(ALERT_NOTICE_ESCALATION),
			.vi = buf_slice(&vi),
			.en = buf_slice(&en)},
		to);
}

static void on_got(void *ctx, size_t target, const struct redis_reply *reply)
{
	if (redis_reply_kind(reply) == REDIS_TEXT)
		*(uint32_t *)ctx |= UINT32_C(1) << target;
}

/* Adds the targets that got the alert, by escalation too. */
static int add_who_got(struct watch *w, struct slice alert_id, uint32_t *to)
{
	char got[STREAM_NAME_MAX];

	for (size_t t = 0; t < w->options.config->targets.count; t++) {
		stream_got(courier_targets(w->options.config)[t].name, got);
		redis_queue(w->redis, slice_of(got),
			(struct slice[]){SLICE("ZSCORE"), slice_of(got), alert_id}, 3);
	}
	return redis_flush(w->redis, on_got, to);
}

static int remind(struct watch *w, const struct timer *t, const struct parcel *parcel)
{
	CLEANUP(buf_release) struct buf vi = {0}, en = {0};
	struct incident incident = clocks_incident(parcel->alert);
	const struct legal_clock *clock = legal_clocks;
	uint32_t to = 0;

	while (clock < legal_clocks + CLOCK_COUNT && !slice_is(t->what, clock->id))
		clock++;
	if (clock == legal_clocks + CLOCK_COUNT || !(clock->gravities & incident.gravity))
		return 0;
	for (size_t i = 0; i < w->options.config->targets.count; i++)
		to |= (uint32_t)routes_want(w->options.routes, i, parcel->alert) << i;
	int err = add_who_got(w, parcel->alert->alert_id, &to);

	if (err)
		return err;
	if (!to)
		log_warning(
			"Nobody is reminded of a legal clock, for no target got %s", parcel->key);
	int64_t due_us = clock_due_ms(clock, &incident) * 1000;

	clocks_say(clock, due_us, &vi, &en);
	log_notice("A legal clock of %s ends soon, clock=%s", parcel->key, clock->id);
	metric_add(w->reminders, 1);
	return send_notice(w, parcel,
		&(struct alert_notice){.id = slice_of(clock->id),
			.kind = SLICE(ALERT_NOTICE_REMINDER),
			.due_us = due_us,
			.vi = buf_slice(&vi),
			.en = buf_slice(&en)},
		to);
}

static int purge(struct watch *w, struct slice alert_id, struct slice member)
{
	redis_queue(w->redis, ALERTS, (struct slice[]){SLICE("HDEL"), ALERTS, alert_id}, 3);
	redis_queue(w->redis, TIMERS, (struct slice[]){SLICE("ZREM"), TIMERS, member}, 3);
	return flush(w);
}

/* First sent, then marked as sent: killed in between it is sent again, under the same key. */
static int fire(struct watch *w, struct slice member)
{
	struct redis_reply *reply;
	struct timer t = {0};
	struct parcel parcel;
	struct err problem = {0};

	if (!timer_read(member, &t) || t.kind == 'p')
		return purge(w, t.alert_id, member);
	int err = redis_call(
		w->redis, ALERTS, (struct slice[]){SLICE("HGET"), ALERTS, t.alert_id}, 3, &reply);

	if (err)
		return err;
	if (parcel_read(w->reader, redis_reply_text(reply), &parcel, &problem))
		err = t.kind == 'e' ? escalate(w, &t, &parcel) : remind(w, &t, &parcel);
	redis_reply_free(&reply);
	if (err)
		return err;
	queue_timer(w, &t, "XX", FIRED_MS + now_ms(w));
	return flush(w);
}

static int fire_due(struct watch *w)
{
	char now[24], many[12];
	struct redis_reply *reply;

	(void)snprintf(now, sizeof(now), "%" PRId64, now_ms(w));
	(void)snprintf(many, sizeof(many), "%d", DUE_AT_ONCE);
	const struct slice due[] = {SLICE("ZRANGEBYSCORE"), TIMERS, SLICE("-inf"), slice_of(now),
		SLICE("LIMIT"), SLICE("0"), slice_of(many)};
	int err = redis_call(w->redis, TIMERS, due, sizeof(due) / sizeof(*due), &reply);

	if (err)
		return err;
	for (size_t i = 0; i < redis_reply_count(reply) && !err; i++)
		err = fire(w, redis_reply_text(redis_reply_at(reply, i)));
	redis_reply_free(&reply);
	return err;
}

/* Those that fired long ago, whose alert is purged too. */
static int forget_fired(struct watch *w)
{
	char before[24];

	(void)snprintf(before, sizeof(before), "%" PRId64, FIRED_MS + now_ms(w) - 2 * KEPT_MS);
	const struct slice args[] = {
		SLICE("ZREMRANGEBYSCORE"), TIMERS, SLICE("1000000000000000"), slice_of(before)};

	redis_queue(w->redis, TIMERS, args, 4);
	return flush(w);
}

static void *watch_run(void *ctx)
{
	struct watch *w = ctx;

	while (!atomic_load(&w->stopping)) {
		int err = take(w);

		/* Not before it is known what analysts did meanwhile. */
		if (!err && w->up_to_date)
			err = fire_due(w);
		if (!err && w->count == 0)
			err = forget_fired(w);
		if (err && !w->away)
			log_warning("Escalations and clocks wait, for Redis is away: %s",
				redis_said(w->redis));
		w->away = err != 0;
		if (err) {
			w->catching_up = true;
			(void)poll(NULL, 0, AWAY_MS);
		}
	}
	return NULL;
}

struct watch *watch_start(const struct watch_options *options)
{
	struct watch *w = mem_alloc(sizeof(*w));

	w->options = *options;
	w->redis = redis_new(&options->redis, options->clock);
	w->reader = parcel_reader_new();
	w->known_reader = parcel_reader_new();
	w->arena = arena_new();
	w->catching_up = true;
	w->escalations = metrics_counter(options->metrics, "haidang_courier_escalations_total", "",
		"Alerts sent on because nobody acknowledged them.");
	w->reminders = metrics_counter(options->metrics, "haidang_courier_reminders_total", "",
		"Warnings that a legal clock ends.");
	for (unsigned b = 0; b < ALERT_BUCKETS; b++)
		stream_alerts(b, w->names[b]);
	memcpy(w->names[ALERT_BUCKETS], CHANGE_STREAM, sizeof(CHANGE_STREAM));
	for (unsigned s = 0; s < STREAMS; s++) {
		w->streams[s] = slice_of(w->names[s]);
		w->start[s] = SLICE("0");
	}
	must(pthread_create(&w->thread, NULL, watch_run, w) == 0);
	w->running = true;
	return w;
}

void watch_stop(struct watch *w)
{
	atomic_store(&w->stopping, true);
}

void watch_free(struct watch **watch)
{
	struct watch *w = *watch;

	if (!w)
		return;
	watch_stop(w);
	if (w->running)
		must(pthread_join(w->thread, NULL) == 0);
	redis_free(&w->redis);
	parcel_reader_free(&w->reader);
	parcel_reader_free(&w->known_reader);
	arena_free(&w->arena);
	mem_free(w);
	*watch = NULL;
}
