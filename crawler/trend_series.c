#include "crawler/trend_series.h"

#include "crawler/trend.h"
#include "lib/cursor.h"
#include "lib/mem.h"

#include <string.h>

/* A series of which nothing was heard for longer is learnt as empty from there. */
enum { FORMAT = 1, ROOM_FIRST = 4, GAP_HOURS_MAX = 24 * 120, ENTRY_LEN = 13 };

void trend_series_release(struct trend_series *s)
{
	mem_free(s->key);
	mem_free(s->entries);
	s->key = NULL;
	s->entries = NULL;
	s->entry_count = s->entry_room = 0;
}

static void append(struct trend_series *s, const struct trend_entry *entry)
{
	if (s->entry_count == s->entry_room) {
		s->entry_room = s->entry_room == 0 ? ROOM_FIRST : 2 * s->entry_room;
		s->entries = mem_resize(s->entries, s->entry_room, sizeof *s->entries);
	}
	s->entries[s->entry_count++] = *entry;
}

bool trend_series_add(struct trend_series *s, const struct trend_entry *entry)
{
	struct trend_entry *first = NULL, *same = NULL, added = *entry;
	bool known = false;

	for (uint32_t i = 0; i < s->entry_count; i++) {
		struct trend_entry *e = &s->entries[i];

		if (e->story != entry->story)
			continue;
		known = true;
		first = e->first ? e : first;
		same = e->publisher == entry->publisher ? e : same;
	}
	/* The first is the earliest; without one the story began before the hours that are open. */
	added.first = !known || (first != NULL && entry->hour < first->hour);
	if (added.first && first != NULL)
		first->first = false;
	if (same != NULL) {
		if (entry->hour >= same->hour)
			return false;
		same->hour = entry->hour;
		same->first = same->first || added.first;
		return true;
	}
	if (s->entry_count == TREND_ENTRIES_MAX)
		return false;
	append(s, &added);
	return true;
}

unsigned trend_series_count(const struct trend_series *s, int64_t first, int64_t last)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < s->entry_count; i++) {
		const struct trend_entry *e = &s->entries[i];

		count += e->first && e->hour >= first && e->hour <= last;
	}
	return count;
}

unsigned trend_series_publishers(const struct trend_series *s, int64_t first, int64_t last)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < s->entry_count; i++) {
		const struct trend_entry *e = &s->entries[i];
		bool counts = e->hour >= first && e->hour <= last;

		for (uint32_t k = 0; k < i && counts; k++)
			counts = s->entries[k].publisher != e->publisher ||
				s->entries[k].hour < first || s->entries[k].hour > last;
		count += counts;
	}
	return count;
}

static void drop_before(struct trend_series *s, int64_t hour)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->entry_count; i++)
		if (s->entries[i].hour >= hour)
			s->entries[kept++] = s->entries[i];
	s->entry_count = kept;
}

void trend_series_learn(struct trend_series *s, const struct calendar *calendar, int64_t hour)
{
	struct baseline *b = &s->baseline;
	struct calendar_day day = {0};

	if (hour - b->next_hour > GAP_HOURS_MAX)
		b->next_hour = hour - GAP_HOURS_MAX;
	for (int64_t h = b->next_hour; h < hour; h++) {
		if (h % 24 == 0 || day.name.at == NULL)
			day = calendar_day(calendar, h / 24);
		baseline_learn(b, h, &day, trend_series_count(s, h, h));
	}
	drop_before(s, hour);
}

static void put(struct buf *out, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		buf_add_byte(out, (char)(value >> (8 * bytes)));
}

static void put_real(struct buf *out, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof bits);
	put(out, bits, 4);
}

static float get_real(struct cursor *c)
{
	uint32_t bits = cursor_be32(c);
	float value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* Every float of a baseline, in the order in which they are stored. */
enum { REALS = 24 + 1 + 2 * DAY_KINDS + 2 + 2 + 2 };
static void reals_of(struct baseline *b, float *ret[REALS])
{
	float **at = ret;

	for (int i = 0; i < 24; i++)
		*at++ = &b->sum[i];
	*at++ = &b->days;
	for (int i = 0; i < DAY_KINDS; i++) {
		*at++ = &b->kind_seen[i];
		*at++ = &b->kind_expected[i];
	}
	*at++ = &b->season_seen;
	*at++ = &b->season_expected;
	*at++ = &b->spread;
	*at++ = &b->spread_weight;
	*at++ = &b->block_seen;
	*at++ = &b->block_expected;
}

void trend_series_write(const struct trend_series *s, struct buf *out)
{
	struct baseline b = s->baseline;
	float *reals[REALS];

	reals_of(&b, reals);
	put(out, FORMAT, 1);
	put(out, (uint64_t)b.next_hour, 4);
	put(out, (uint64_t)s->told_hour, 4);
	for (int i = 0; i < REALS; i++)
		put_real(out, *reals[i]);
	put(out, s->entry_count, 2);
	for (uint32_t i = 0; i < s->entry_count; i++) {
		put(out, s->entries[i].story, 4);
		put(out, s->entries[i].publisher, 4);
		put(out, (uint32_t)s->entries[i].hour, 4);
		put(out, s->entries[i].first, 1);
	}
}

bool trend_series_read(struct slice bytes, struct trend_series *ret)
{
	struct cursor c = cursor_over(bytes.at, bytes.len);
	float *reals[REALS];

	*ret = (struct trend_series){0};
	reals_of(&ret->baseline, reals);
	bool known = cursor_u8(&c) == FORMAT;
	ret->baseline.next_hour = cursor_be32(&c);
	ret->told_hour = cursor_be32(&c);
	for (int i = 0; i < REALS; i++)
		*reals[i] = get_real(&c);
	size_t count = cursor_be16(&c);
	if (!known || !cursor_ok(&c) || count > TREND_ENTRIES_MAX ||
		cursor_left(&c) != count * ENTRY_LEN || !baseline_is_sane(&ret->baseline)) {
		*ret = (struct trend_series){0};
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct trend_entry e = {.story = cursor_be32(&c)};

		e.publisher = cursor_be32(&c);
		e.hour = (int32_t)(cursor_be32(&c) & INT32_MAX);
		e.first = cursor_u8(&c) != 0;
		append(ret, &e);
	}
	return true;
}
