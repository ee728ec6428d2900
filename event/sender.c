#include "event/sender.h"

#include "event/spool.h"
#include "event/streams.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How nothing is lost and nothing doubled.
 *
 * Order. A stream has one producer; batches reach Redis in the order of their ids. Each group of
 * batches goes as one MULTI … EXEC, so that Redis applies all of it or none: when it is full, or the
 * connection breaks, no later batch of the group can overtake an earlier one. So at any time what
 * stands in the stream is what we made up to some id, and "equal or smaller" in answer to an id that
 * may have been sent before means: it is there already.
 *
 * Spool. Once a batch stands in the spool, all later ones go behind it until it is empty. A record
 * is dropped from the spool after Redis answered. Whatever an earlier run of the program left in
 * the spool may have been sent by it.
 *
 * Ids. They must be above the stream's last id, else Redis refuses them and the events would be
 * mistaken for ones already there. Ids are "checked" when they were given out with that last id
 * known. If Redis cannot be reached at start, ids follow the clock (and the spool) unchecked, and
 * nothing can have been sent with them. At the first connect the last id is read: if the clock had
 * been set back, all ids given out so far move up (struct id_shift), in the spool as well as in
 * memory, before any of them is sent. The shift is written to the spool's header first, so that
 * after a crash the same records get the same ids again. The EVE file may show the unmoved id.
 *
 * Replicas. With redis.replicas a group counts as taken once so many replicas have it, so that the death
 * of a master loses nothing that left memory or spool; what is sent again to the next master is
 * refused as too small an id where it is there already. When replicas are silent for half a
 * second the group counts as taken all the same, and its events as unconfirmed.
 *
 * A refusal of an id that cannot have been sent before means that someone else wrote to our stream;
 * then ids are unchecked again. */

enum {
	GROUP_BATCHES = 128,
	GROUP_LEN = 4 * 1024 * 1024,
	INDEX_INTERVAL_MS = 10000,
	RETRY_MS = 50,
	NUMBER_ROOM = 24,
};

/* Ids have 13 digits of milliseconds; a stream whose last id is beyond this leaves no room. */
#define LAST_MS_MAX UINT64_C(9000000000000)

struct entry {
	struct event_id id;
	size_t count;
	struct slice text;
};

struct group {
	struct entry entries[GROUP_BATCHES];
	size_t count;
	bool exec_done;
	bool refused;   /* an id that was never sent was too small */
	char said[128]; /* why Redis refused the group */
};

struct sender {
	struct sender_options o;
	struct redis *redis;
	struct spool *spool; /* NULL: none */
	struct spool_ids ids;
	struct event_id maybe_sent; /* no id above it was ever sent without an answer */
	struct batch_list waiting, done;
	struct buf spool_text;
	struct group group;
	mono_t index_due, retry_at;
	bool index_missing; /* our stream must be named in it, once the stream is there */
	bool away, spool_failing, unconfirmed;
};

static void count_drop(struct sender *s, enum drop_reason reason, size_t events)
{
	metric_add(s->o.metrics->dropped[reason], events);
}

static void batch_finish(struct sender *s, struct batch *b)
{
	batch_reset(b);
	batch_list_push(&s->done, b);
}

/* Says once that Redis is away, and once that it is back. */
static void note_away(struct sender *s, const char *why)
{
	if (!s->away)
		log_warning("Redis does not take events, they %s stream=%s reason=%s",
			s->spool ? "are spooled" : "wait in memory", s->o.stream, why);
	s->away = true;
}

static void note_back(struct sender *s)
{
	if (s->away)
		log_notice("Redis takes events again stream=%s", s->o.stream);
	s->away = false;
}

static void ids_save(struct sender *s)
{
	int error = s->spool ? spool_ids_set(s->spool, &s->ids) : 0;

	if (error)
		log_error("the spool's header cannot be written stream=%s reason=%s", s->o.stream,
			strerrordesc_np(-error));
}

static void spool_start(struct sender *s)
{
	const struct publish_options *p = s->o.publish;
	bool damaged = false;
	int error = spool_open(p->spool_path, p->spool_len_max, &s->spool, &damaged);

	if (error)
		log_error(
			"the spool cannot be opened, events are lost while Redis is away path=%s reason=%s",
			p->spool_path,
			error == -EWOULDBLOCK ? "another process uses it"
					      : strerrordesc_np(-error));
	if (damaged)
		log_error("the spool was damaged and is begun anew path=%s", p->spool_path);
	if (error)
		return;
	if (spool_was_torn(s->spool))
		log_warning(
			"the spool ends in a half-written record, left out path=%s", p->spool_path);
	if (!spool_is_empty(s->spool)) {
		s->ids = spool_ids(s->spool);
		if (s->ids.checked)
			s->maybe_sent = sender_spool_last(s);
	}
}

struct event_id sender_spool_last(const struct sender *s)
{
	if (!s->spool)
		return (struct event_id){0};
	return id_shift_apply(&s->ids.shift, spool_last(s->spool));
}

/* The oldest id never sent, as it was given out; zero when the sender holds none. */
static struct event_id first_unsent(const struct sender *s)
{
	return s->waiting.first ? s->waiting.first->first : (struct event_id){0};
}

static void waiting_shift(struct sender *s, struct batch_list *list)
{
	for (struct batch *b = list->first; b; b = b->next) {
		batch_text_shift(&s->ids.shift, b->text.at, b->text.len);
		b->first = id_shift_apply(&s->ids.shift, b->first);
		b->id = id_shift_apply(&s->ids.shift, b->id);
	}
}

static bool last_id_read(const struct redis_reply *reply, struct event_id *ret)
{
	*ret = (struct event_id){0};
	if (redis_reply_kind(reply) == REDIS_ERROR)
		return slice_starts(redis_reply_text(reply), SLICE("ERR no such key"));
	for (size_t i = 0; i + 1 < redis_reply_count(reply); i += 2)
		if (slice_is(redis_reply_text(redis_reply_at(reply, i)), "last-generated-id"))
			return event_id_read(redis_reply_text(redis_reply_at(reply, i + 1)), ret) &&
				ret->ms < LAST_MS_MAX;
	return false;
}

/* Reads the stream's last id and moves what was given out too small. */
static bool ids_check(struct sender *s)
{
	const struct slice stream = slice_of(s->o.stream);
	const struct slice args[] = {SLICE("XINFO"), SLICE("STREAM"), stream};
	struct redis_reply *reply;
	struct event_id last, first = first_unsent(s);
	struct spool_record record;

	if (redis_call(s->redis, stream, args, 3, &reply)) {
		note_away(s, redis_said(s->redis));
		return false;
	}
	bool ok = last_id_read(reply, &last);

	if (!ok) {
		(void)snprintf(s->group.said, sizeof s->group.said,
			"the last id of the stream cannot be read or is too high: %.60s",
			redis_reply_kind(reply) == REDIS_ERROR ? redis_reply_text(reply).at : "");
		note_away(s, s->group.said);
	}
	redis_reply_free(&reply);
	if (!ok)
		return false;
	if (s->spool && !spool_is_empty(s->spool)) {
		struct spool_place place = spool_first(s->spool);

		buf_clear(&s->spool_text);
		if (spool_read(s->spool, &place, &record, &s->spool_text))
			first = record.first;
	}

	struct id_shift shift = s->o.settle(s->o.ctx, last, first);

	if (shift.ms)
		log_warning(
			"the clock is behind the ids in Redis, events get later ids stream=%s ms=%llu",
			s->o.stream, (unsigned long long)shift.ms);
	s->ids = (struct spool_ids){.checked = true, .shift = shift};
	ids_save(s);
	waiting_shift(s, &s->waiting);
	return true;
}

struct sender *sender_new(const struct sender_options *options)
{
	struct sender *s = mem_alloc(sizeof *s);

	s->o = *options;
	s->redis = redis_new(&options->publish->redis, options->clock);
	s->index_due = clock_mono(options->clock);
	if (options->publish->spool_path)
		spool_start(s);
	(void)s->o.settle(s->o.ctx, sender_spool_last(s), (struct event_id){0});
	if (!s->ids.checked)
		(void)ids_check(s);
	return s;
}

void sender_take(struct sender *s, struct batch_list *batches)
{
	if (s->ids.shift.ms)
		waiting_shift(s, batches);
	batch_list_append(&s->waiting, batches);
}

size_t sender_events(const struct sender *s)
{
	return s->waiting.events;
}

size_t sender_len(const struct sender *s)
{
	return s->waiting.len;
}

struct batch *sender_done(struct sender *s)
{
	return batch_list_pop(&s->done);
}

static void spool_one(struct sender *s, const struct batch *b)
{
	const struct spool_record record = {.first = b->first,
		.id = b->id,
		.count = (uint32_t)b->count,
		.text = buf_slice(&b->text)};
	int error = spool_append(s->spool, &record);

	if (error)
		count_drop(s, DROP_SPOOL, b->count);
	else
		metric_add(s->o.metrics->spooled, b->count);
	if (error && !s->spool_failing)
		log_error("events are lost: the spool takes no more path=%s reason=%s",
			s->o.publish->spool_path,
			error == -ENOSPC ? "full" : strerrordesc_np(-error));
	s->spool_failing = error != 0;
}

static void spool_waiting(struct sender *s)
{
	struct batch *b;

	if (s->waiting.first && spool_is_empty(s->spool))
		ids_save(s);
	while ((b = batch_list_pop(&s->waiting))) {
		spool_one(s, b);
		batch_finish(s, b);
	}
	metric_set(s->o.metrics->spool_len, (int64_t)spool_len(s->spool));
}

static size_t number(char *out, uint64_t value)
{
	return (size_t)snprintf(out, NUMBER_ROOM, "%llu", (unsigned long long)value);
}

static void queue_one(struct sender *s, const struct entry *entry)
{
	const struct slice stream = slice_of(s->o.stream);
	char id[2 * NUMBER_ROOM], max[NUMBER_ROOM];
	size_t id_len = number(id, entry->id.ms);

	id[id_len++] = '-';
	id_len += number(id + id_len, entry->id.seq);

	const struct slice id_text = {id, id_len}, field = SLICE(EVENT_FIELD_BATCH);
	int64_t len_max = s->o.publish->stream_len_max;

	if (len_max > 0) {
		const struct slice max_text = {max, number(max, (uint64_t)len_max)};
		const struct slice args[] = {SLICE("XADD"), stream, SLICE("MAXLEN"), SLICE("~"),
			max_text, id_text, field, entry->text};

		redis_queue(s->redis, stream, args, sizeof args / sizeof *args);
	} else {
		const struct slice args[] = {SLICE("XADD"), stream, id_text, field, entry->text};

		redis_queue(s->redis, stream, args, sizeof args / sizeof *args);
	}
}

static void index_added(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct sender *s = ctx;

	(void)index;
	s->index_missing = redis_reply_kind(reply) != REDIS_INT;
}

/* On its own, because in a cluster another node may hold the index, and be away. */
static bool index_keep(struct sender *s)
{
	const struct slice index = SLICE(STREAM_INDEX);
	const struct slice sadd[] = {SLICE("SADD"), index, slice_of(s->o.stream)};

	if (!s->index_missing)
		return true;
	redis_queue(s->redis, index, sadd, 3);
	if (redis_flush(s->redis, index_added, s) < 0 || s->index_missing)
		return false;
	s->index_due = mono_after(clock_mono(s->o.clock), INDEX_INTERVAL_MS);
	return true;
}

/* A Redis that was away may have come back without the index. */
static void index_check(struct sender *s)
{
	s->index_missing |= !redis_connected(s->redis) ||
		mono_left_ms(s->index_due, clock_mono(s->o.clock)) == 0;
}

static void queue_group(struct sender *s)
{
	const struct slice stream = slice_of(s->o.stream);
	const struct slice multi = SLICE("MULTI"), exec = SLICE("EXEC");
	struct group *g = &s->group;

	redis_queue(s->redis, stream, &multi, 1);
	for (size_t i = 0; i < g->count; i++)
		queue_one(s, &g->entries[i]);
	redis_queue(s->redis, stream, &exec, 1);
}

static void keep_said(struct group *g, struct slice said)
{
	if (!*g->said)
		(void)snprintf(g->said, sizeof g->said, "%.*s",
			said.len > 120 ? 120 : (int)said.len, said.at);
}

/* One batch's answer inside EXEC's. */
static void on_entry(struct sender *s, size_t i, const struct redis_reply *reply)
{
	struct entry *entry = &s->group.entries[i];
	struct slice said = redis_reply_text(reply);

	if (redis_reply_kind(reply) != REDIS_ERROR) {
		metric_add(s->o.metrics->events, entry->count);
		metric_add(s->o.metrics->batches, 1);
	} else if (slice_starts(said, SLICE("ERR The ID specified"))) {
		if (event_id_compare(entry->id, s->maybe_sent) <= 0)
			metric_add(s->o.metrics->duplicates, entry->count);
		else
			s->group.refused = true;
	} else if (slice_starts(said, SLICE("WRONGTYPE"))) {
		keep_said(&s->group, said);
	} else {
		log_error("Redis refuses a batch, it is dropped stream=%s events=%zu reason=%.*s",
			s->o.stream, entry->count, SLICE_ARG(said));
		count_drop(s, DROP_REFUSED, entry->count);
	}
}

static void on_reply(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct sender *s = ctx;
	struct group *g = &s->group;
	size_t exec_at = 1 + g->count;

	if (index < exec_at) {
		if (redis_reply_kind(reply) == REDIS_ERROR)
			keep_said(g, redis_reply_text(reply));
	} else if (redis_reply_count(reply) == g->count) {
		g->exec_done = true;
		for (size_t i = 0; i < g->count; i++)
			on_entry(s, i, redis_reply_at(reply, i));
	} else {
		keep_said(g, redis_reply_text(reply));
	}
}

/* Never goes back: a later, shorter group may fail before an earlier one was heard of. */
static void note_maybe_sent(struct sender *s, struct event_id id)
{
	if (event_id_compare(id, s->maybe_sent) > 0)
		s->maybe_sent = id;
}

/* Redis goes on without its replicas; what it took may be lost with it. */
static void note_confirmed(struct sender *s, bool confirmed)
{
	for (size_t i = 0; i < s->group.count && !confirmed; i++)
		metric_add(s->o.metrics->unconfirmed, s->group.entries[i].count);
	if (!confirmed && !s->unconfirmed)
		log_warning("The replicas of Redis do not confirm events in time stream=%s",
			s->o.stream);
	s->unconfirmed = !confirmed;
}

/* True when every batch of the group is settled: in Redis, or never to be. */
static bool send_group(struct sender *s)
{
	struct group *g = &s->group;

	bool confirmed = true;

	g->refused = g->exec_done = false;
	*g->said = '\0';
	index_check(s);
	queue_group(s);
	if (redis_flush(s->redis, on_reply, s) < 0 || redis_confirm(s->redis, &confirmed) < 0) {
		note_maybe_sent(s, g->entries[g->count - 1].id);
		note_away(s, redis_said(s->redis));
		return false;
	}
	if (!g->exec_done || *g->said) {
		note_away(s, g->said);
		return false;
	}
	if (g->refused) {
		log_error("someone else writes to our stream, events get later ids stream=%s",
			s->o.stream);
		s->ids.checked = false;
		return false;
	}
	note_confirmed(s, confirmed);
	note_back(s);
	(void)index_keep(s); /* or later, by sender_work() */
	return true;
}

/* While Redis is away one batch is enough to find out whether it is back. */
static bool group_is_full(const struct sender *s, size_t len)
{
	return s->group.count == (s->away ? 1 : GROUP_BATCHES) || len > GROUP_LEN;
}

static void group_from_waiting(struct sender *s)
{
	struct group *g = &s->group;
	size_t len = 0;

	g->count = 0;
	for (struct batch *b = s->waiting.first; b && !group_is_full(s, len); b = b->next) {
		g->entries[g->count++] = (struct entry){b->id, b->count, buf_slice(&b->text)};
		len += b->text.len;
	}
}

/* Returns the place behind the group's last record. */
static struct spool_place group_from_spool(struct sender *s)
{
	struct spool_place place = spool_first(s->spool);
	struct buf *text = &s->spool_text;
	struct group *g = &s->group;
	struct spool_record r;

	g->count = 0;
	buf_clear(text);
	while (!group_is_full(s, text->len) && spool_read(s->spool, &place, &r, text))
		g->entries[g->count++] =
			(struct entry){id_shift_apply(&s->ids.shift, r.id), r.count, r.text};
	batch_text_shift(&s->ids.shift, text->at, text->len);

	const char *at = text->at; /* the buffer may have moved while it grew */

	for (size_t i = 0; i < g->count; i++) {
		g->entries[i].text.at = at;
		at += g->entries[i].text.len;
	}
	return place;
}

static bool ids_are_checked(struct sender *s)
{
	return s->ids.checked || ids_check(s);
}

static enum sender_state state_now(const struct sender *s)
{
	bool more = s->waiting.first || (s->spool && !spool_is_empty(s->spool));

	return more ? SENDER_BUSY : SENDER_IDLE;
}

static void spool_give_up(struct sender *s)
{
	uint64_t events = spool_events(s->spool);

	log_error("the spool cannot be read, events are lost path=%s events=%llu",
		s->o.publish->spool_path, (unsigned long long)events);
	count_drop(s, DROP_DAMAGED, events);
	if (spool_clear(s->spool))
		log_error("the spool cannot be written path=%s", s->o.publish->spool_path);
}

static bool replay(struct sender *s)
{
	if (!ids_are_checked(s))
		return false;

	struct spool_place place = group_from_spool(s);

	if (!s->group.count) {
		spool_give_up(s);
		return true;
	}
	if (!send_group(s))
		return false;
	/* If the header cannot be written now, the next run sends these again: duplicates. */
	if (spool_drop(s->spool, place))
		log_error("the spool's header cannot be written path=%s", s->o.publish->spool_path);
	metric_set(s->o.metrics->spool_len, (int64_t)spool_len(s->spool));
	return true;
}

static bool send_waiting(struct sender *s)
{
	if (!ids_are_checked(s))
		return false;
	group_from_waiting(s);
	if (!send_group(s))
		return false;
	for (size_t i = 0; i < s->group.count; i++)
		batch_finish(s, batch_list_pop(&s->waiting));
	return true;
}

/* One try to send, unless the last one failed a moment ago. */
static bool try_to(struct sender *s, bool (*send)(struct sender *s))
{
	mono_t now = clock_mono(s->o.clock);

	if (mono_left_ms(s->retry_at, now) > 0)
		return false;
	if (send(s))
		return true;
	s->retry_at = mono_after(now, RETRY_MS);
	return false;
}

enum sender_state sender_work(struct sender *s)
{
	if (s->spool && !spool_is_empty(s->spool)) {
		spool_waiting(s);
		return try_to(s, replay) ? state_now(s) : SENDER_STUCK;
	}
	if (!s->waiting.first)
		return try_to(s, index_keep) ? SENDER_IDLE : SENDER_STUCK;
	if (try_to(s, send_waiting))
		return state_now(s);
	if (s->spool)
		spool_waiting(s);
	return SENDER_STUCK;
}

void sender_free(struct sender **sender)
{
	struct sender *s = *sender;

	if (!s)
		return;
	if (s->spool)
		spool_waiting(s);
	count_drop(s, DROP_SHUTDOWN, s->waiting.events);
	batch_list_release(&s->waiting);
	batch_list_release(&s->done);
	spool_close(&s->spool);
	redis_free(&s->redis);
	buf_release(&s->spool_text);
	mem_free(s);
	*sender = NULL;
}
