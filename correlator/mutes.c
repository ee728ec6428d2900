#include "correlator/mutes.h"

#include "event/streams.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>

struct mutes {
	struct redis *redis;
	const struct clock *clock;
	struct mute_list *list;
	struct buf text; /* that the list was read from */
	uint64_t counts[MUTES_MAX];
};

struct mutes *mutes_new(struct redis *redis, const struct clock *clock)
{
	struct mutes *m = mem_alloc(sizeof *m);

	m->redis = redis;
	m->clock = clock;
	m->list = mute_list_new();
	return m;
}

void mutes_free(struct mutes **m)
{
	if (!*m)
		return;
	mute_list_free(&(*m)->list);
	buf_release(&(*m)->text);
	mem_free(*m);
	*m = NULL;
}

static void take(struct mutes *m, struct slice text)
{
	struct err err = {0};

	if (slice_equal(text, buf_slice(&m->text)))
		return;
	struct mute_list *list = mute_list_read(text, &err);

	buf_clear(&m->text);
	buf_add_slice(&m->text, text);
	if (!list) {
		log_error("The mutes cannot be read, the old ones stay: %s", err_text(&err));
		return;
	}
	mute_list_free(&m->list);
	m->list = list;
	log_notice("Mutes are reloaded mutes=%zu", list->count);
}

static void on_reply(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct mutes *m = ctx;

	(void)index;
	if (redis_reply_kind(reply) == REDIS_TEXT)
		take(m, redis_reply_text(reply));
	else if (redis_reply_kind(reply) == REDIS_NIL)
		take(m, (struct slice){0});
}

static int tell_counts(struct mutes *m)
{
	bool any = false;

	for (size_t i = 0; i < m->list->count; i++) {
		char number[24];

		if (m->counts[i] == 0)
			continue;
		(void)snprintf(number, sizeof number, "%" PRIu64, m->counts[i]);
		m->counts[i] = 0;
		any = true;
		const struct slice add[] = {SLICE("HINCRBY"), SLICE(MUTE_COUNTS_KEY),
			m->list->at[i].id, slice_of(number)};

		redis_queue(m->redis, SLICE(MUTE_COUNTS_KEY), add, 4);
	}
	return any ? redis_flush(m->redis, NULL, NULL) : 0;
}

/* The counts go first: their places are those of the old list. */
int mutes_refresh(struct mutes *m)
{
	const struct slice get[] = {SLICE("GET"), SLICE(MUTES_KEY)};
	int said = tell_counts(m);

	if (said < 0)
		return said;
	redis_queue(m->redis, SLICE(MUTES_KEY), get, 2);
	return redis_flush(m->redis, on_reply, m);
}

bool mutes_find(struct mutes *m, const struct alert *alert, struct slice *ret_id)
{
	const struct mute *mute =
		m->list->count ? mute_list_find(m->list, alert, clock_wall_us(m->clock)) : NULL;

	if (mute)
		*ret_id = mute->id;
	return mute != NULL;
}

void mutes_count(struct mutes *m, struct slice id)
{
	for (size_t i = 0; i < m->list->count; i++)
		m->counts[i] += slice_equal(m->list->at[i].id, id);
}

size_t mutes_known(const struct mutes *m)
{
	return m->list->count;
}
