#include "correlator/told.h"

#include "lib/mem.h"

enum { FORMAT = 1, REVISIONS_MAX = 24, STEP = 4, FIRST_STEP = 10 };

_Static_assert(TOLD_VALUES_MAX < 1 << 16, "the count of values is written as 16 bits");

void told_release(struct told *t)
{
	mem_free(t->values);
	*t = (struct told){0};
}

/* Values are told apart by 32 bits: two of 512 coincide once in 30,000 alerts. */
static bool add_value(struct told *t, uint64_t value)
{
	uint32_t folded = (uint32_t)(value ^ value >> 32);

	for (size_t i = 0; i < t->value_count; i++)
		if (t->values[i] == folded)
			return false;
	if (t->value_count == TOLD_VALUES_MAX)
		return false;
	t->values = mem_resize(t->values, t->value_count + 1, sizeof *t->values);
	t->values[t->value_count++] = folded;
	return true;
}

void told_open(struct told *t, const struct told_news *news, const struct window *w,
	const struct window_verdict *verdict)
{
	told_release(t);
	*t = (struct told){.cause = news->hit->id,
		.revision = 1,
		.level = response_level_of_count(news->response, news->level, verdict->count),
		.count = verdict->count,
		.count_told = verdict->count,
		.first_us = verdict->first_us,
		.last_us = verdict->last_us};
	if (news->kind != WINDOW_VALUE_COUNT && news->kind != WINDOW_PLACES)
		return;
	for (size_t i = 0; i < w->element_count; i++)
		if (w->elements[i].time_us >= verdict->first_us &&
			w->elements[i].time_us <= verdict->last_us)
			(void)add_value(t, w->elements[i].value);
}

void told_hold_back(struct told *t)
{
	t->count_told = UINT64_MAX / STEP;
}

static void count(struct told *t, const struct told_news *news)
{
	if (news->kind == WINDOW_VALUE_COUNT || news->kind == WINDOW_PLACES)
		t->count += add_value(t, news->hit->value);
	else if (news->kind == WINDOW_SINGLE || news->kind == WINDOW_EVENT_COUNT)
		t->count++;
}

static enum alert_level level_of(const struct told *t, const struct told_news *news)
{
	return response_level_of_count(news->response, news->level, t->count);
}

bool told_add(struct told *t, const struct told_news *news)
{
	int64_t time_us = news->hit->time_us;

	if (t->revision == 0)
		return false;
	count(t, news);
	t->last_us = time_us > t->last_us ? time_us : t->last_us;
	t->first_us = time_us < t->first_us ? time_us : t->first_us;
	if (level_of(t, news) > t->level)
		return true;
	return t->revision < REVISIONS_MAX &&
		(t->count >= FIRST_STEP && t->count >= STEP * t->count_told);
}

bool told_revise(struct told *t, const struct told_news *news)
{
	enum alert_level level = level_of(t, news);
	bool rises = level > t->level;

	t->revision++;
	t->level = rises ? level : t->level;
	t->count_told = t->count;
	return rises;
}

static void put(struct buf *out, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		buf_add_byte(out, (char)(value >> (8 * bytes)));
}

static uint64_t take_u64(struct cursor *c)
{
	uint64_t high = cursor_be32(c);

	return high << 32 | cursor_be32(c);
}

/* Windows of before this was written end here: nothing was told of them. */
bool told_read(struct told *t, struct cursor *c)
{
	*t = (struct told){0};
	if (!cursor_ok(c) || cursor_left(c) == 0)
		return cursor_ok(c);
	if (cursor_u8(c) != FORMAT)
		return false;
	t->cause.ms = take_u64(c);
	t->cause.seq = cursor_be32(c);
	t->revision = cursor_be32(c);
	uint8_t level = cursor_u8(c);
	t->level = level <= ALERT_CRITICAL ? (enum alert_level)level : ALERT_CRITICAL;
	t->count = take_u64(c);
	t->count_told = take_u64(c);
	t->first_us = (int64_t)take_u64(c);
	t->last_us = (int64_t)take_u64(c);
	size_t values = cursor_be16(c);
	if (!cursor_ok(c) || values > TOLD_VALUES_MAX || cursor_left(c) < values * 4)
		return false;
	t->values = mem_array(values ? values : 1, sizeof *t->values);
	for (; t->value_count < values; t->value_count++)
		t->values[t->value_count] = cursor_be32(c);
	return cursor_ok(c);
}

void told_write(const struct told *t, struct buf *out)
{
	if (t->revision == 0)
		return;
	put(out, FORMAT, 1);
	put(out, t->cause.ms, 8);
	put(out, t->cause.seq, 4);
	put(out, t->revision, 4);
	put(out, (uint64_t)t->level, 1);
	put(out, t->count, 8);
	put(out, t->count_told, 8);
	put(out, (uint64_t)t->first_us, 8);
	put(out, (uint64_t)t->last_us, 8);
	put(out, t->value_count, 2);
	for (size_t i = 0; i < t->value_count; i++)
		put(out, t->values[i], 4);
}
