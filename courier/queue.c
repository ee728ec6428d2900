#include "courier/queue.h"

#include "event/alert.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <stdio.h>
#include <string.h>

struct queue {
	struct queue_options options;
	const struct clock *clock;
	struct item *items[QUEUE_ITEMS_MAX]; /* in the order of arrival */
	size_t count, flying;
	uint64_t failures; /* in a row, refusals of single alerts left out */
	mono_t rest_until; /* no attempt before */
	uint64_t random;
};

struct queue *queue_new(const struct queue_options *options, const struct clock *clock)
{
	struct queue *q = mem_alloc(sizeof(*q));

	q->options = *options;
	q->clock = clock;
	q->random = options->seed;
	return q;
}

static void item_free(struct item *item)
{
	buf_release(&item->alert);
	mem_free(item);
}

void queue_free(struct queue **q)
{
	if (!*q)
		return;
	for (size_t i = 0; i < (*q)->count; i++)
		item_free((*q)->items[i]);
	mem_free(*q);
	*q = NULL;
}

size_t queue_count(const struct queue *q)
{
	return q->count;
}

size_t queue_flying(const struct queue *q)
{
	return q->flying;
}

size_t queue_room(const struct queue *q)
{
	return QUEUE_ITEMS_MAX - q->count;
}

uint64_t queue_failures(const struct queue *q)
{
	return q->failures;
}

const char *const circuit_names[] =
	{[CIRCUIT_CLOSED] = "closed", [CIRCUIT_HALF_OPEN] = "half-open", [CIRCUIT_OPEN] = "open"};

enum circuit queue_circuit(const struct queue *q)
{
	if (mono_left_ms(q->rest_until, clock_mono(q->clock)) > 0)
		return CIRCUIT_OPEN;
	return q->failures >= QUEUE_FAILURES_MAX ? CIRCUIT_HALF_OPEN : CIRCUIT_CLOSED;
}

bool queue_has(const struct queue *q, unsigned stream, struct slice id)
{
	for (size_t i = 0; i < q->count; i++)
		if (q->items[i]->stream == stream && slice_is(id, q->items[i]->id))
			return true;
	return false;
}

struct item *queue_add(struct queue *q, unsigned stream, struct slice id, struct slice alert)
{
	struct item *item = mem_alloc(sizeof(*item));

	must(q->count < QUEUE_ITEMS_MAX && id.len < sizeof(item->id));
	item->stream = stream;
	memcpy(item->id, id.at, id.len);
	buf_add_slice(&item->alert, alert);
	item->due = clock_mono(q->clock);
	q->items[q->count++] = item;
	return item;
}

static bool is_resting(const struct queue *q)
{
	return q->failures >= QUEUE_FAILURES_MAX;
}

static bool is_of_same_alert(const struct item *a, const struct item *b)
{
	return strncmp(a->key, b->key, ALERT_ID_LEN) == 0;
}

/* Whether an earlier item of the same alert is still to be sent. */
static bool is_early(const struct queue *q, size_t at)
{
	const struct item *item = q->items[at];

	if (!item->follows)
		return false;
	for (size_t i = 0; i < at; i++)
		if (q->items[i]->state <= ITEM_FLYING && is_of_same_alert(q->items[i], item))
			return true;
	return false;
}

bool queue_is_second(const struct queue *q, const struct item *item)
{
	for (size_t i = 0; i < q->count && q->items[i] != item; i++) {
		const struct item *earlier = q->items[i];

		if ((earlier->state != ITEM_DONE || earlier->delivered) &&
			is_of_same_alert(earlier, item))
			return true;
	}
	return false;
}

/* Among those that are due: the oldest, but at rest the one tried least often. */
static struct item *first_due(const struct queue *q, mono_t now)
{
	struct item *best = NULL;

	for (size_t i = 0; i < q->count; i++) {
		struct item *item = q->items[i];

		if (item->state != ITEM_WAITING || mono_left_ms(item->due, now) > 0 ||
			is_early(q, i))
			continue;
		if (!is_resting(q))
			return item;
		if (!best || item->attempts < best->attempts)
			best = item;
	}
	return best;
}

struct item *queue_next(struct queue *q)
{
	mono_t now = clock_mono(q->clock);
	size_t limit = is_resting(q) ? 1 : q->options.concurrency;

	if (q->flying >= limit || mono_left_ms(q->rest_until, now) > 0)
		return NULL;
	struct item *item = first_due(q, now);

	if (!item)
		return NULL;
	item->state = ITEM_FLYING;
	item->attempts++;
	q->flying++;
	return item;
}

int64_t queue_wait_ms(const struct queue *q, int64_t limit_ms)
{
	mono_t now = clock_mono(q->clock);
	int64_t rest = mono_left_ms(q->rest_until, now), soonest = limit_ms;

	for (size_t i = 0; i < q->count; i++) {
		if (q->items[i]->state != ITEM_WAITING || is_early(q, i))
			continue;
		int64_t left = mono_left_ms(q->items[i]->due, now);

		left = left > rest ? left : rest;
		soonest = left < soonest ? left : soonest;
	}
	return soonest;
}

/* splitmix64 */
static uint64_t random_next(struct queue *q)
{
	uint64_t z = q->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* Between half and all of retry_min * 2^(failures - 1), which retry_max bounds. */
static int64_t backoff_ms(struct queue *q, uint64_t failures)
{
	int64_t pause = q->options.retry_min_ms;

	for (uint64_t i = 1; i < failures && pause < q->options.retry_max_ms; i++)
		pause *= 2;
	if (pause > q->options.retry_max_ms)
		pause = q->options.retry_max_ms;
	return pause - (int64_t)(random_next(q) % (uint64_t)(pause / 2 + 1));
}

static mono_t later(mono_t a, mono_t b)
{
	return a.ns > b.ns ? a : b;
}

static void on_delivered(struct queue *q, struct item *item)
{
	bool was_resting = is_resting(q);
	mono_t now = clock_mono(q->clock);

	item->state = ITEM_DONE;
	item->delivered = true;
	q->failures = 0;
	if (!was_resting)
		return;
	q->rest_until = now;
	for (size_t i = 0; i < q->count; i++)
		q->items[i]->due = now;
}

static void on_failed(struct queue *q, struct item *item, const struct answer *answer)
{
	mono_t now = clock_mono(q->clock);
	int64_t rest_ms = answer->retry_after_ms;

	item->state = ITEM_WAITING;
	item->due = mono_after(now, backoff_ms(q, item->attempts));
	q->failures++;
	if (is_resting(q)) {
		int64_t pause = backoff_ms(q, q->failures - QUEUE_FAILURES_MAX + 1);

		rest_ms = rest_ms > pause ? rest_ms : pause;
	}
	if (answer->verdict == VERDICT_GONE && rest_ms < GONE_REST_MS)
		rest_ms = GONE_REST_MS;
	q->rest_until = later(q->rest_until, mono_after(now, rest_ms));
}

/* The receiver works, it only does not want this one. */
static void on_refused(struct queue *q, struct item *item)
{
	item->refusals++;
	q->failures = 0;
	if (item->refusals >= q->options.refused_max) {
		item->state = ITEM_REFUSED;
		return;
	}
	item->state = ITEM_WAITING;
	item->due = mono_after(clock_mono(q->clock), backoff_ms(q, item->refusals));
}

void queue_answered(struct queue *q, struct item *item, const struct answer *answer)
{
	must(item->state == ITEM_FLYING && q->flying > 0);
	q->flying--;
	(void)snprintf(item->said, sizeof(item->said), "%s", answer->said);
	switch (answer->verdict) {
	case VERDICT_DELIVERED: on_delivered(q, item); break;
	case VERDICT_REFUSED: on_refused(q, item); break;
	case VERDICT_RETRY:
	case VERDICT_GONE: on_failed(q, item, answer); break;
	}
}

void queue_hold(struct queue *q, struct item *item)
{
	must(q->count > 0 && item->state == ITEM_WAITING);
	item->state = ITEM_HELD;
}

void queue_release(struct queue *q, struct item *item)
{
	must(q->count > 0 && item->state == ITEM_HELD);
	item->state = ITEM_WAITING;
}

void queue_done(struct queue *q, struct item *item)
{
	must(q->count > 0 && item->state != ITEM_FLYING);
	item->state = ITEM_DONE;
}

void queue_refuse(struct queue *q, struct item *item, const char *said)
{
	must(q->count > 0 && item->state == ITEM_WAITING);
	item->state = ITEM_REFUSED;
	(void)snprintf(item->said, sizeof(item->said), "%s", said);
}

size_t queue_list(const struct queue *q, enum item_state state, struct item **ret, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < q->count && count < room; i++)
		if (q->items[i]->state == state)
			ret[count++] = q->items[i];
	return count;
}

struct item *queue_first(const struct queue *q, enum item_state state)
{
	struct item *item = NULL;

	return queue_list(q, state, &item, 1) ? item : NULL;
}

void queue_remove(struct queue *q, struct item *item)
{
	size_t at = 0;

	while (at < q->count && q->items[at] != item)
		at++;
	must(at < q->count && item->state != ITEM_FLYING);
	q->count--;
	memmove(&q->items[at], &q->items[at + 1], (q->count - at) * sizeof(struct item *));
	item_free(item);
}
