#include "courier/worker.h"

#include "courier/inbox.h"
#include "courier/parcel.h"
#include "event/health.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum {
	IDLE_WAIT_MS = 200, /* for an alert when there is nothing to do; bounds the time to stop */
	BUSY_WAIT_MS = 20,  /* for an answer; bounds how late new alerts are seen meanwhile */
	AWAY_WAIT_MS = 200, /* between tries while Redis is away */
};

/* How long the changes of an alert follow to who got it. */
static const int64_t GOT_KEPT_US = 90LL * 24 * 3600 * 1000000;

struct counters {
	struct metric *delivered, *retried, *dead, *unreadable, *filtered, *gone;
	struct metric *backlog, *dead_letters, *failing_since, *circuit;
};

struct worker {
	const struct target_config *config;
	const struct routes *routes;
	size_t index;
	const struct target_kind *kind;
	const struct clock *clock;
	void *sender;
	struct redis *redis;
	struct inbox *inbox;
	struct queue *queue;
	struct parcel_reader *reader;
	struct counters counters;
	mono_t next_read, next_measure;
	bool redis_away;
	bool failing; /* written by the worker's thread only */
	pthread_t thread;
	bool running; /* not joined yet; of the thread that started it */
	atomic_bool stopping;
	pthread_mutex_t lock; /* over said */
	char said[REASON_MAX];
};

static const char *name_of(const struct worker *w)
{
	return w->config->name;
}

static void counters_init(struct counters *c, struct metrics *m, const char *target)
{
	CLEANUP(mem_cleanup) char *label = mem_printf("target=\"%s\"", target);

	c->delivered = metrics_counter(
		m, "haidang_courier_delivered_total", label, "Alerts the receiver took.");
	c->retried = metrics_counter(m, "haidang_courier_failed_attempts_total", label,
		"Attempts that failed and are made again.");
	c->dead = metrics_counter(
		m, "haidang_courier_refused_total", label, "Alerts the receiver refused for good.");
	c->unreadable = metrics_counter(
		m, "haidang_courier_unreadable_total", label, "Stream entries that are no alert.");
	c->filtered = metrics_counter(
		m, "haidang_courier_filtered_total", label, "Alerts not meant for this target.");
	c->gone = metrics_counter(m, "haidang_courier_lost_total", label,
		"Alerts trimmed from their stream before they were delivered.");
	c->backlog = metrics_gauge(
		m, "haidang_courier_pending", label, "Alerts waiting to be delivered.");
	c->dead_letters = metrics_gauge(
		m, "haidang_courier_dead_letters", label, "Refused alerts kept for the operator.");
	c->circuit = metrics_gauge(m, "haidang_courier_circuit", label,
		"0 closed: attempts are made freely; 1 half-open: one attempt tells; 2 open: at rest.");
	c->failing_since = metrics_gauge(m, "haidang_courier_failing_since_seconds", label,
		"Since when the target takes no alerts, seconds since 1970; 0 when it does.");
}

/* What became of an alert goes to whoever got it, whatever its route now says. What stands in the
 * target's own stream was meant for it when it was written. */
static void sort_item(struct worker *w, struct item *item, const struct alert *alert)
{
	bool own = item->stream == INBOX_OWN;

	item->follows = alert->revision > 1 || alert->standing.change || own;
	if (!routes_permit(w->config, alert)) {
		metric_add(w->counters.filtered, 1);
		queue_done(w->queue, item);
		return;
	}
	if (!own && routes_want(w->routes, w->index, alert))
		return;
	if (item->follows) {
		queue_hold(w->queue, item);
		return;
	}
	metric_add(w->counters.filtered, 1);
	queue_done(w->queue, item);
}

static void on_taken(void *ctx, struct item *item, bool gone)
{
	struct worker *w = ctx;
	struct parcel parcel;
	struct err err = {0};

	if (gone) {
		log_warning(
			"An alert was trimmed before %s got it, entry=%s", name_of(w), item->id);
		metric_add(w->counters.gone, 1);
		queue_done(w->queue, item);
		return;
	}
	if (!parcel_read(w->reader, buf_slice(&item->alert), &parcel, &err)) {
		log_error(
			"A stream entry is no alert and goes to the dead letters of %s, entry=%s: %s",
			name_of(w), item->id, err_text(&err));
		metric_add(w->counters.unreadable, 1);
		queue_refuse(w->queue, item, err_text(&err));
		return;
	}
	memcpy(item->key, parcel.key, strlen(parcel.key) + 1);
	sort_item(w, item, parcel.alert);
}

static void send_item(struct worker *w, struct item *item)
{
	struct parcel parcel;
	struct err err = {0};

	must(parcel_read(w->reader, buf_slice(&item->alert), &parcel, &err)); /* as in on_taken() */
	parcel.token = item;
	log_debug("Sending %s to %s, attempt=%" PRIu64, item->key, name_of(w), item->attempts);
	w->kind->send(w->sender, &parcel);
}

static void failing_set(struct worker *w, const struct answer *answer)
{
	int64_t now = clock_wall_us(w->clock) / 1000000;

	must(pthread_mutex_lock(&w->lock) == 0);
	memcpy(w->said, answer->said, sizeof(w->said));
	must(pthread_mutex_unlock(&w->lock) == 0);
	if (w->failing)
		return;
	w->failing = true;
	metric_set(w->counters.failing_since, now);
	if (answer->verdict == VERDICT_GONE)
		log_error("Target %s closed its address; change or remove it: %s", name_of(w),
			answer->said);
	else
		log_warning("Target %s takes no alerts, trying again and again: %s", name_of(w),
			answer->said);
}

static void failing_clear(struct worker *w)
{
	if (!w->failing)
		return;
	int64_t since = metric_value(w->counters.failing_since);

	w->failing = false;
	metric_set(w->counters.failing_since, 0);
	must(pthread_mutex_lock(&w->lock) == 0);
	w->said[0] = '\0';
	must(pthread_mutex_unlock(&w->lock) == 0);
	log_notice("Target %s takes alerts again, after_s=%" PRId64, name_of(w),
		clock_wall_us(w->clock) / 1000000 - since);
}

/* What fails behind answers that are good, such as a digest that cannot be mailed. */
static const char *trouble_of(const struct worker *w)
{
	return w->kind->trouble ? w->kind->trouble(w->sender) : "";
}

static void look_for_trouble(struct worker *w)
{
	struct answer answer = {.verdict = VERDICT_RETRY};
	const char *said = trouble_of(w);

	answer_say(&answer, "%s", said);
	if (said[0])
		failing_set(w, &answer);
	else if (queue_failures(w->queue) == 0)
		failing_clear(w);
}

static void on_answer(void *ctx, void *token, const struct answer *answer)
{
	struct worker *w = ctx;
	struct item *item = token;

	queue_answered(w->queue, item, answer);
	metric_set(w->counters.circuit, queue_circuit(w->queue));
	log_info("%s answered to %s: %s, attempt=%" PRIu64, name_of(w), item->key, answer->said,
		item->attempts);
	if (answer->verdict == VERDICT_DELIVERED)
		metric_add(w->counters.delivered, 1);
	else if (item->state == ITEM_WAITING)
		metric_add(w->counters.retried, 1);
	if (item->state == ITEM_REFUSED) {
		metric_add(w->counters.dead, 1);
		log_error("%s refused %s for good, it is now a dead letter: %s", name_of(w),
			item->key, answer->said);
	}
	if (queue_failures(w->queue) >= QUEUE_FAILURES_MAX || answer->verdict == VERDICT_GONE)
		failing_set(w, answer);
	else if (queue_failures(w->queue) == 0 && !trouble_of(w)[0])
		failing_clear(w);
}

/* Says once that Redis went away or came back. */
static void redis_noticed(struct worker *w, int err)
{
	bool away = err < 0;

	if (away && !w->redis_away)
		log_warning("Redis is %s for target %s: %s", err == -ENOSPC ? "full" : "away",
			name_of(w), redis_said(w->redis));
	if (!away && w->redis_away)
		log_notice("Redis is back for target %s", name_of(w));
	w->redis_away = away;
}

/* Reads new alerts when there is room for them, waiting for one only if nothing else is to be done.
 * False when it was not yet time to read. */
static bool take(struct worker *w)
{
	mono_t now = clock_mono(w->clock);
	bool idle = queue_flying(w->queue) == 0 && !queue_first(w->queue, ITEM_DONE);

	if (queue_room(w->queue) < INBOX_READ_MAX || mono_left_ms(w->next_read, now) > 0)
		return false;
	int64_t wait_ms = idle ? queue_wait_ms(w->queue, IDLE_WAIT_MS) : 0;
	int got = inbox_read(w->inbox, w->queue, wait_ms, on_taken, w);

	redis_noticed(w, got);
	if (got < 0)
		w->next_read = mono_after(now, AWAY_WAIT_MS);
	else if (got == 0 && !idle)
		w->next_read = mono_after(now, BUSY_WAIT_MS);
	return got >= 0;
}

/* Which of the held items are for this target is asked until Redis says it. */
static void decide(struct worker *w)
{
	int let_go = inbox_ask(w->inbox, w->queue);

	if (let_go < 0)
		redis_noticed(w, let_go);
}

static void settle(struct worker *w)
{
	int err = inbox_ack(w->inbox, w->queue, clock_wall_us(w->clock));

	if (!err)
		err = inbox_bury(w->inbox, w->queue, w->clock);
	if (err)
		redis_noticed(w, err);
}

static void measure(struct worker *w)
{
	mono_t now = clock_mono(w->clock);
	struct inbox_sizes sizes;

	if (mono_left_ms(w->next_measure, now) > 0)
		return;
	w->next_measure = mono_after(now, HEALTH_INTERVAL_MS);
	metric_set(w->counters.circuit, queue_circuit(w->queue));
	if (inbox_measure(w->inbox, &sizes) < 0 ||
		inbox_forget(w->inbox, clock_wall_us(w->clock) - GOT_KEPT_US) < 0)
		return;
	metric_set(w->counters.backlog, sizes.backlog);
	metric_set(w->counters.dead_letters, sizes.dead);
}

/* Until something may be sent or read again. */
static int64_t pause_ms(const struct worker *w)
{
	int64_t pause = queue_wait_ms(w->queue, AWAY_WAIT_MS);
	int64_t read = mono_left_ms(w->next_read, clock_mono(w->clock));

	return queue_room(w->queue) >= INBOX_READ_MAX && read < pause ? read : pause;
}

/* Something is always waited for, so that the loop never spins: an answer, an alert, or time. */
static void step(struct worker *w)
{
	bool took = take(w);
	struct item *item;

	decide(w);
	while ((item = queue_next(w->queue)))
		send_item(w, item);
	if (queue_flying(w->queue) > 0) {
		w->kind->wait(w->sender, BUSY_WAIT_MS, on_answer, w);
	} else {
		if (!took)
			(void)poll(NULL, 0, (int)pause_ms(w));
		w->kind->wait(w->sender, 0, on_answer, w);
	}
	if (w->kind->trouble)
		look_for_trouble(w);
	settle(w);
	measure(w);
}

static void drain(struct worker *w)
{
	mono_t end = mono_after(clock_mono(w->clock), DRAIN_MS);

	while (queue_flying(w->queue) > 0 && mono_left_ms(end, clock_mono(w->clock)) > 0) {
		w->kind->wait(w->sender, BUSY_WAIT_MS, on_answer, w);
		settle(w);
	}
	settle(w);
	w->next_measure = clock_mono(w->clock);
	measure(w);
}

static void *worker_run(void *ctx)
{
	struct worker *w = ctx;

	while (!atomic_load(&w->stopping))
		step(w);
	drain(w);
	return NULL;
}

struct worker *worker_start(const struct worker_options *options, struct err *err)
{
	const struct target_config *config = options->place.config;
	const struct target_kind *kind = target_kinds[config->kind];
	void *sender = kind->open(&options->place, err);
	uint64_t seed = 0;

	if (!sender)
		return NULL;
	struct worker *w = mem_alloc(sizeof(*w));

	must(getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed));
	w->config = config;
	w->routes = options->routes;
	w->index = options->index;
	w->kind = kind;
	w->sender = sender;
	w->clock = options->place.clock;
	w->redis = redis_new(&options->redis, w->clock);
	w->inbox = inbox_new(config->name, w->redis);
	w->reader = parcel_reader_new();
	w->queue = queue_new(
		&(struct queue_options){
			.concurrency = (size_t)config->concurrency,
			.retry_min_ms = config->retry_min_ms,
			.retry_max_ms = config->retry_max_ms,
			.refused_max = (uint64_t)config->refused_max,
			.seed = seed,
		},
		w->clock);
	counters_init(&w->counters, options->metrics, config->name);
	must(pthread_mutex_init(&w->lock, NULL) == 0);
	must(pthread_create(&w->thread, NULL, worker_run, w) == 0);
	w->running = true;
	return w;
}

void worker_stop(struct worker *w)
{
	atomic_store(&w->stopping, true);
}

void worker_join(struct worker *w)
{
	worker_stop(w);
	if (w->running)
		must(pthread_join(w->thread, NULL) == 0);
	w->running = false;
}

void worker_free(struct worker **worker)
{
	struct worker *w = *worker;

	if (!w)
		return;
	worker_join(w);
	/* A target that a reload took away, or mended, must not fail in the figures for ever. */
	metric_set(w->counters.failing_since, 0);
	metric_set(w->counters.backlog, 0);
	metric_set(w->counters.dead_letters, 0);
	w->kind->close(&w->sender);
	queue_free(&w->queue);
	inbox_free(&w->inbox);
	parcel_reader_free(&w->reader);
	redis_free(&w->redis);
	must(pthread_mutex_destroy(&w->lock) == 0);
	mem_free(w);
	*worker = NULL;
}

bool worker_is_failing(struct worker *w, char ret_said[REASON_MAX])
{
	must(pthread_mutex_lock(&w->lock) == 0);
	memcpy(ret_said, w->said, REASON_MAX);
	must(pthread_mutex_unlock(&w->lock) == 0);
	return ret_said[0] != '\0';
}
