#include "event/publish.h"

#include "event/eve.h"
#include "event/sender.h"
#include "event/streams.h"
#include "event/wait.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <stdio.h>

enum {
	BATCH_EVENTS = 10,
	BATCH_LEN_MAX = 256 * 1024, /* a batch this long is not filled further */
	EVENT_LEN_MAX = 4 * 1024 * 1024,
	LINGER_MS = 50,
	QUEUE_EVENTS = 65536,
	QUEUE_LEN_MAX = 64 * 1024 * 1024,
	DRAIN_MS = 3000,
	STUCK_MS = 50,
};

struct publish {
	struct publish_options options;
	char *spool_path;
	char stream[STREAM_NAME_MAX];
	const struct clock *clock;
	struct publish_metrics metrics;
	struct eve *eve;       /* NULL: none */
	struct sender *sender; /* NULL: no Redis; of the thread alone once that runs */
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t work, done;
	/* Under the lock. */
	struct event_id first, last; /* ids given out by this process; zero before the first */
	struct batch *open;          /* being filled, or NULL */
	struct batch_list queue, unused;
	size_t held_events, held_len; /* with the sender */
	bool idle;                    /* the sender has nothing left */
	bool hurry, stop;
	mono_t stop_by;
	bool queue_full;
};

static struct id_shift settle(void *ctx, struct event_id stream_last, struct event_id first)
{
	struct publish *p = ctx;
	struct id_shift shift = {0};

	(void)pthread_mutex_lock(&p->lock);
	if (!first.ms)
		first = p->first;
	if (first.ms && event_id_compare(first, stream_last) <= 0) {
		uint64_t past = stream_last.ms > p->last.ms ? stream_last.ms : p->last.ms;

		shift = (struct id_shift){.ms = past + 1 - first.ms, .upto = p->last};
		p->last.ms += shift.ms;
	}
	if (event_id_compare(p->last, stream_last) < 0)
		p->last = stream_last;
	(void)pthread_mutex_unlock(&p->lock);
	return shift;
}

static bool open_is_due(const struct publish *p)
{
	mono_t due = mono_after(p->open ? p->open->opened : (mono_t){0}, p->options.linger_ms);

	return p->open && (p->hurry || p->stop || mono_left_ms(due, clock_mono(p->clock)) == 0);
}

/* Under the lock: a full or waited-for batch goes to the queue, if that has room. */
static void close_open(struct publish *p)
{
	struct batch *b = p->open;
	size_t events = p->queue.events + p->held_events + b->count;
	size_t len = p->queue.len + p->held_len + b->text.len;

	p->open = NULL;
	if (events <= p->options.queue_events && len <= QUEUE_LEN_MAX) {
		batch_list_push(&p->queue, b);
		p->queue_full = false;
		return;
	}
	if (!p->queue_full)
		log_error("events are lost: the queue to Redis is full stream=%s", p->stream);
	p->queue_full = true;
	metric_add(p->metrics.dropped[DROP_QUEUE], b->count);
	batch_reset(b);
	batch_list_push(&p->unused, b);
}

/* Under the lock: waits for batches, the time the open one may wait, or the next try. */
static void wait_for_batches(struct publish *p, enum sender_state state)
{
	if (state == SENDER_STUCK)
		(void)wait_on(&p->work, &p->lock, STUCK_MS);
	else if (state == SENDER_BUSY || p->queue.first || p->stop || (p->hurry && p->open))
		return;
	else if (p->open)
		(void)wait_on(&p->work, &p->lock, p->options.linger_ms);
	else
		(void)pthread_cond_wait(&p->work, &p->lock);
}

/* Under the lock: what came back from the sender, and what it holds. */
static void account(struct publish *p, enum sender_state state)
{
	struct batch *b;

	while ((b = sender_done(p->sender)))
		batch_list_push(&p->unused, b);
	p->held_events = sender_events(p->sender);
	p->held_len = sender_len(p->sender);
	p->idle = state == SENDER_IDLE && !p->queue.first && !p->open;
	metric_set(p->metrics.queue, (int64_t)(p->queue.events + p->held_events));
	if (p->idle)
		(void)pthread_cond_broadcast(&p->done);
}

static bool has_more_to_do(const struct publish *p)
{
	if (!p->stop)
		return true;
	return !p->idle && mono_left_ms(p->stop_by, clock_mono(clock_system())) > 0;
}

static void *publish_run(void *ctx)
{
	struct publish *p = ctx;
	enum sender_state state = SENDER_BUSY;

	(void)pthread_mutex_lock(&p->lock);
	while (has_more_to_do(p)) {
		wait_for_batches(p, state);
		if (open_is_due(p))
			close_open(p);
		p->hurry = false;

		struct batch_list taken = p->queue;

		p->queue = (struct batch_list){0};
		p->held_events += taken.events;
		p->held_len += taken.len;
		(void)pthread_mutex_unlock(&p->lock);
		sender_take(p->sender, &taken);
		state = sender_work(p->sender);
		(void)pthread_mutex_lock(&p->lock);
		account(p, state);
	}
	if (p->open)
		close_open(p);
	(void)pthread_mutex_unlock(&p->lock);
	sender_take(p->sender, &p->queue);
	return NULL;
}

static void metrics_make(struct publish *p, struct metrics *m)
{
	static const char *const reasons[DROP_REASON_COUNT] = {
		[DROP_QUEUE] = "reason=\"queue\"",
		[DROP_SPOOL] = "reason=\"spool\"",
		[DROP_DAMAGED] = "reason=\"damaged\"",
		[DROP_REFUSED] = "reason=\"refused\"",
		[DROP_SHUTDOWN] = "reason=\"shutdown\"",
		[DROP_TOO_LONG] = "reason=\"too_long\"",
	};
	char worker[32];

	(void)snprintf(worker, sizeof worker, "worker=\"%u\"", p->options.worker);
	p->metrics = (struct publish_metrics){
		.events = metrics_counter(
			m, "haidang_publish_events_total", "", "Events Redis has taken."),
		.batches = metrics_counter(
			m, "haidang_publish_batches_total", "", "Stream entries Redis has taken."),
		.spooled = metrics_counter(m, "haidang_publish_spooled_total", "",
			"Events written to the spool because Redis did not take them."),
		.duplicates = metrics_counter(m, "haidang_publish_duplicates_total", "",
			"Events sent again that Redis already had."),
		.unconfirmed = metrics_counter(m, "haidang_publish_unconfirmed_total", "",
			"Events taken by a Redis whose replicas did not confirm them in time."),
		.eve_lost = metrics_counter(m, "haidang_publish_eve_lost_total", "",
			"Events that could not be written to the EVE file."),
		.queue = metrics_gauge(m, "haidang_publish_queue_events", worker,
			"Events waiting in memory for Redis."),
		.spool_len = metrics_gauge(m, "haidang_publish_spool_bytes", worker,
			"Bytes waiting in the spool for Redis."),
	};
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		p->metrics.dropped[i] = metrics_counter(m, "haidang_publish_dropped_total",
			reasons[i], "Events lost on the way to Redis.");
}

static const char *keep(char **place, const char *text)
{
	*place = text ? mem_text(text) : NULL;
	return *place;
}

static void options_copy(struct publish *p, const struct publish_options *from)
{
	struct publish_options *o = &p->options;

	*o = *from;
	o->redis = (struct redis_options){0};
	o->spool_path = keep(&p->spool_path, from->spool_path);
	o->batch_events = o->batch_events ? o->batch_events : BATCH_EVENTS;
	o->linger_ms = o->linger_ms ? o->linger_ms : LINGER_MS;
	o->queue_events = o->queue_events ? o->queue_events : QUEUE_EVENTS;
	o->drain_ms = o->drain_ms ? o->drain_ms : DRAIN_MS;
}

struct publish *publish_new(
	const struct publish_options *options, const struct clock *clock, struct metrics *metrics)
{
	struct publish *p = mem_alloc(sizeof *p);

	options_copy(p, options);
	p->clock = clock;
	stream_producer(options->kind, options->name, options->worker, p->stream);
	metrics_make(p, metrics);
	wait_init(&p->lock, &p->work, &p->done);
	if (options->eve_path)
		p->eve = eve_new(options->eve_path, p->options.linger_ms, p->metrics.eve_lost);
	if (!options->redis.address)
		return p;

	const struct sender_options sender = {.publish = &p->options,
		.stream = p->stream,
		.clock = clock,
		.metrics = &p->metrics,
		.settle = settle,
		.ctx = p};

	p->options.redis = options->redis; /* borrowed for this call */
	p->sender = sender_new(&sender);
	p->options.redis = (struct redis_options){0};
	wait_thread(&p->thread, publish_run, p);
	return p;
}

static void stop_sender(struct publish *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->stop = true;
	p->stop_by = mono_after(clock_mono(clock_system()), p->options.drain_ms);
	(void)pthread_cond_signal(&p->work);
	(void)pthread_mutex_unlock(&p->lock);
	(void)pthread_join(p->thread, NULL);
	sender_free(&p->sender);
}

void publish_free(struct publish **publish)
{
	struct publish *p = *publish;

	if (!p)
		return;
	if (p->sender)
		stop_sender(p);
	eve_free(&p->eve);
	batch_list_release(&p->unused);
	batch_free(p->open);
	wait_release(&p->lock, &p->work, &p->done);
	mem_free(p->spool_path);
	mem_free(p);
	*publish = NULL;
}

struct event_id publish_next_id(struct publish *p, int64_t wall_us)
{
	(void)pthread_mutex_lock(&p->lock);
	p->last = event_id_next(p->last, wall_us);

	struct event_id id = p->last;

	if (!p->first.ms)
		p->first = id;
	(void)pthread_mutex_unlock(&p->lock);
	return id;
}

/* Under the lock. */
static struct batch *open_batch(struct publish *p)
{
	if (p->open)
		return p->open;
	p->open = batch_list_pop(&p->unused);
	if (!p->open)
		p->open = batch_new();
	p->open->opened = clock_mono(p->clock);
	return p->open;
}

static void enqueue(struct publish *p, struct event_id id, struct slice json)
{
	(void)pthread_mutex_lock(&p->lock);

	bool was_closed = !p->open;
	struct batch *b = open_batch(p);

	p->idle = false;
	batch_add(b, id, json);
	bool is_full = b->count >= p->options.batch_events || b->text.len >= BATCH_LEN_MAX;

	if (is_full)
		close_open(p);
	if (is_full || was_closed)
		(void)pthread_cond_signal(&p->work);
	(void)pthread_mutex_unlock(&p->lock);
}

void publish_event(struct publish *p, struct event_id id, struct slice json)
{
	if (p->eve)
		eve_line(p->eve, json);
	if (!p->sender)
		return;
	if (json.len > EVENT_LEN_MAX)
		metric_add(p->metrics.dropped[DROP_TOO_LONG], 1);
	else
		enqueue(p, id, json);
}

void publish_flush(struct publish *p)
{
	if (p->eve)
		eve_flush(p->eve);
	if (!p->sender)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->hurry = true;
	(void)pthread_cond_signal(&p->work);
	(void)pthread_mutex_unlock(&p->lock);
}

void publish_reopen(struct publish *p)
{
	if (p->eve)
		eve_reopen(p->eve);
}

int publish_eve_error(const struct publish *p)
{
	return p->eve ? eve_error(p->eve) : 0;
}

static bool wait_for_redis(struct publish *p, mono_t until)
{
	bool idle;

	(void)pthread_mutex_lock(&p->lock);
	for (;;) {
		int64_t left_ms = mono_left_ms(until, clock_mono(clock_system()));

		idle = p->idle;
		if (idle || left_ms <= 0)
			break;
		p->hurry = true;
		(void)pthread_cond_signal(&p->work);
		(void)wait_on(&p->done, &p->lock, left_ms);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return idle;
}

bool publish_wait(struct publish *p, int64_t timeout_ms)
{
	mono_t until = mono_after(clock_mono(clock_system()), timeout_ms);
	bool done = !p->sender || wait_for_redis(p, until);

	if (p->eve)
		done &= eve_wait(p->eve, mono_left_ms(until, clock_mono(clock_system())));
	return done;
}

uint64_t publish_lost(const struct publish *p)
{
	int64_t lost = metric_value(p->metrics.eve_lost);

	for (int i = 0; i < DROP_REASON_COUNT; i++)
		lost += metric_value(p->metrics.dropped[i]);
	return (uint64_t)lost;
}
