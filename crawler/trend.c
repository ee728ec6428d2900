#include "crawler/trend.h"

#include "crawler/trend_series.h"
#include "lib/digest.h"
#include "lib/mem.h"

#include <math.h>
#include <stdio.h>

enum {
	CHAINS = 16384,
	KEY_MAX = 200,
	ID_MAX = 32,
	STALE_HOURS = 24 * 30,
	SEND_MAX = 2000,
};

static const int64_t HOUR_US = INT64_C(3600000000);

#define ANYWHERE "all"

/* What a told trend says of a story. */
struct story {
	struct story *chain, *next_dirty;
	uint32_t hash;
	int32_t hour; /* last named */
	bool dirty;
	char id[ID_MAX + 1];
	char *title;
};

struct trends {
	struct redis *redis;
	const struct clock *clock;
	const struct calendar *calendar;
	char *name;
	struct trend_series **series;
	struct story **stories;
	size_t series_count, dirty_count;
	struct trend_series *dirty_series;
	struct story *dirty_stories, *gone_stories;
	int64_t start_hour; /* when learning began; 0: not yet */
	int64_t pruned_hour;
	bool loaded;
};

struct trends *trends_new(struct redis *redis, const char *name, const struct clock *clock)
{
	struct trends *t = mem_alloc(sizeof *t);

	t->redis = redis;
	t->clock = clock;
	t->name = mem_text(name);
	t->series = mem_array(CHAINS, sizeof(struct trend_series *));
	t->stories = mem_array(CHAINS, sizeof(struct story *));
	t->loaded = redis == NULL;
	return t;
}

static void story_free(struct story *s)
{
	mem_free(s->title);
	mem_free(s);
}

static void gone_free(struct trends *t)
{
	for (struct story *s = t->gone_stories, *next; s != NULL; s = next) {
		next = s->next_dirty;
		story_free(s);
	}
	t->gone_stories = NULL;
}

static void series_free(struct trend_series *s)
{
	trend_series_release(s);
	mem_free(s);
}

void trends_free(struct trends **t)
{
	if (*t == NULL)
		return;
	for (size_t i = 0; i < CHAINS; i++) {
		for (struct trend_series *s = (*t)->series[i], *next; s != NULL; s = next) {
			next = s->chain;
			series_free(s);
		}
		for (struct story *s = (*t)->stories[i], *next; s != NULL; s = next) {
			next = s->chain;
			story_free(s);
		}
	}
	gone_free(*t);
	mem_free((*t)->series);
	mem_free((*t)->stories);
	mem_free((*t)->name);
	mem_free(*t);
	*t = NULL;
}

void trends_use(struct trends *t, const struct calendar *calendar)
{
	t->calendar = calendar;
}

bool trends_are_loaded(const struct trends *t)
{
	return t->loaded;
}

static int64_t this_hour(const struct trends *t)
{
	return calendar_local_hour(clock_wall_us(t->clock));
}

static double days_learnt(const struct trends *t)
{
	double days = (double)(this_hour(t) - TREND_OPEN_HOURS - t->start_hour) / 24;

	return t->start_hour == 0 || days < 0 ? 0 : days;
}

unsigned trends_learnt_days(const struct trends *t)
{
	return (unsigned)days_learnt(t);
}

size_t trends_count(const struct trends *t)
{
	return t->series_count;
}

size_t trends_waiting(const struct trends *t)
{
	return t->redis == NULL ? 0 : t->dirty_count;
}

static struct trend_series **find(const struct trends *t, struct slice key)
{
	struct trend_series **at = &t->series[digest_hash64(key) % CHAINS];

	while (*at != NULL && !slice_is(key, (*at)->key))
		at = &(*at)->chain;
	return at;
}

static struct story **find_story(const struct trends *t, uint32_t hash)
{
	struct story **at = &t->stories[hash % CHAINS];

	while (*at != NULL && (*at)->hash != hash)
		at = &(*at)->chain;
	return at;
}

static void touch(struct trends *t, struct trend_series *s)
{
	if (s->dirty || t->redis == NULL)
		return;
	s->dirty = true;
	s->next_dirty = t->dirty_series;
	t->dirty_series = s;
	t->dirty_count++;
}

static void touch_story(struct trends *t, struct story *s)
{
	if (s->dirty || t->redis == NULL)
		return;
	s->dirty = true;
	s->next_dirty = t->dirty_stories;
	t->dirty_stories = s;
	t->dirty_count++;
}

static void drop_story(struct trends *t, struct story *s)
{
	if (t->redis == NULL) {
		story_free(s);
		return;
	}
	s->next_dirty = t->gone_stories;
	t->gone_stories = s;
}

static void prune_stories(struct trends *t, struct story **at, int64_t hour)
{
	while (*at != NULL) {
		struct story *s = *at;

		if (s->dirty || s->hour > hour - TREND_OPEN_HOURS) {
			at = &s->chain;
			continue;
		}
		*at = s->chain;
		drop_story(t, s);
	}
}

static void prune_series(struct trends *t, struct trend_series **at, int64_t hour)
{
	while (*at != NULL) {
		struct trend_series *s = *at;

		if (s->dirty || s->baseline.next_hour > hour - STALE_HOURS) {
			at = &s->chain;
			continue;
		}
		*at = s->chain;
		series_free(s);
		t->series_count--;
	}
}

/* Of series that fell silent long ago nothing is kept, and of stories nothing after their hours
 * have closed. */
static void prune(struct trends *t, int64_t hour)
{
	if (t->pruned_hour == hour)
		return;
	t->pruned_hour = hour;
	for (size_t i = 0; i < CHAINS; i++) {
		prune_stories(t, &t->stories[i], hour);
		prune_series(t, &t->series[i], hour);
	}
}

/* NULL when there are too many. */
static struct trend_series *series_of(struct trends *t, struct slice key)
{
	struct trend_series **at = find(t, key);

	if (*at != NULL || t->series_count == TREND_SERIES_MAX)
		return *at;
	*at = mem_alloc(sizeof **at);
	(*at)->key = mem_printf("%.*s", SLICE_ARG(key));
	baseline_init(&(*at)->baseline, this_hour(t) - TREND_OPEN_HOURS + 1, days_learnt(t));
	t->series_count++;
	return *at;
}

static uint32_t hash32(struct slice text)
{
	return (uint32_t)(digest_hash64(text) >> 32);
}

/* The top stories of the window: those of the most publishers. */
static void name_stories(const struct trends *t, const struct trend_series *s, int64_t first,
	int64_t last, struct trend *trend)
{
	unsigned weights[TREND_STORIES_MAX] = {0};

	for (uint32_t i = 0; i < s->entry_count; i++) {
		const struct trend_entry *e = &s->entries[i];
		const struct story *story = *find_story(t, e->story);
		unsigned weight = 0;
		size_t place = TREND_STORIES_MAX;

		if (!e->first || e->hour < first || e->hour > last || story == NULL)
			continue;
		for (uint32_t k = 0; k < s->entry_count; k++)
			weight += s->entries[k].story == e->story;
		while (place > 0 && weights[place - 1] < weight)
			place--;
		if (place == TREND_STORIES_MAX)
			continue;
		for (size_t k = TREND_STORIES_MAX - 1; k > place; k--) {
			weights[k] = weights[k - 1];
			trend->stories[k] = trend->stories[k - 1];
			trend->titles[k] = trend->titles[k - 1];
		}
		weights[place] = weight;
		trend->stories[place] = slice_of(story->id);
		trend->titles[place] = slice_of(story->title);
		trend->story_count += trend->story_count < TREND_STORIES_MAX;
	}
}

struct judged {
	const struct trend_name *topic, *place;
	trend_fn *fn;
	const void *ctx;
};

/* The whole current hour counts as expected, though it is not over: what is told now would be told
 * at its end as well. */
static double expected_in(const struct trends *t, const struct trend_series *s, int64_t first,
	int64_t last, double *ret_unusual)
{
	struct expected e = {0};

	for (int64_t h = first; h <= last; h++) {
		struct calendar_day day = calendar_day(t->calendar, h / 24);

		baseline_expect(&s->baseline, h, &day, &e);
	}
	*ret_unusual =
		-log10(baseline_chance(&s->baseline, &e, trend_series_count(s, first, last)));
	return e.mean;
}

static void judge(struct trends *t, struct trend_series *s, const struct judged *j)
{
	int64_t last = this_hour(t), first = last - TREND_WINDOW_HOURS + 1;
	struct trend trend = {.topic = *j->topic,
		.place = *j->place,
		.learnt_days = trends_learnt_days(t),
		.season = calendar_day(t->calendar, last / 24).name};

	if (trend.learnt_days < TREND_LEARN_DAYS ||
		(s->told_hour != 0 && last - s->told_hour < TREND_PAUSE_HOURS))
		return;
	trend.expected = expected_in(t, s, first, last, &trend.unusual);
	if (trend.unusual < TREND_UNUSUAL_MIN)
		return;
	trend.publishers = trend_series_publishers(s, first, last);
	if (trend.publishers < TREND_PUBLISHERS_MIN)
		return;
	trend.seen = trend_series_count(s, first, last);
	trend.start_us = (first - CALENDAR_ZONE_H) * HOUR_US;
	name_stories(t, s, first, last, &trend);
	s->told_hour = last;
	j->fn(j->ctx, &trend);
}

static void note_pair(struct trends *t, const struct trend_entry *entry, const struct judged *j)
{
	char key[KEY_MAX];
	int len = snprintf(
		key, sizeof key, "%.*s|%.*s", SLICE_ARG(j->topic->id), SLICE_ARG(j->place->id));
	struct trend_series *s = len >= KEY_MAX ? NULL : series_of(t, slice_of(key));

	if (s == NULL)
		return;
	trend_series_learn(s, t->calendar, this_hour(t) - TREND_OPEN_HOURS + 1);
	if (!trend_series_add(s, entry))
		return;
	judge(t, s, j);
	touch(t, s);
}

static void note_story(struct trends *t, const struct trend_story *story, uint32_t hash)
{
	struct story **at = find_story(t, hash);
	struct slice title = story->title;

	if (*at == NULL) {
		while (title.len > TREND_TITLE_MAX ||
			(title.len > 0 && title.len < story->title.len &&
				((unsigned char)title.at[title.len] & 0xC0) == 0x80))
			title.len--;
		*at = mem_alloc(sizeof **at);
		(*at)->hash = hash;
		(*at)->title = mem_printf("%.*s", (int)title.len, title.len > 0 ? title.at : "");
		(void)snprintf((*at)->id, sizeof(*at)->id, "%.*s", SLICE_ARG(story->id));
	}
	(*at)->hour = (int32_t)this_hour(t);
	touch_story(t, *at);
}

void trends_note(struct trends *t, const struct trend_story *story, trend_fn *fn, const void *ctx)
{
	static const struct trend_name anywhere = {SLICE_INIT(ANYWHERE), SLICE_INIT("")};
	int64_t now = this_hour(t), hour = calendar_local_hour(story->published_us);
	struct trend_entry entry = {
		.story = hash32(story->id), .publisher = hash32(story->publisher)};

	/* What is noted now would stand in the way of the past, and replace it. */
	if (!t->loaded)
		return;
	if (t->start_hour == 0)
		t->start_hour = now;
	if (story->published_us == 0 || hour > now)
		hour = now;
	if (hour <= now - TREND_OPEN_HOURS || story->topic_count == 0 || story->place_count == 0)
		return;
	prune(t, now);
	entry.hour = (int32_t)hour;
	note_story(t, story, entry.story);
	for (size_t i = 0; i < story->topic_count && i < TREND_PAIRS_MAX; i++) {
		struct judged j = {&story->topics[i], &anywhere, fn, ctx};

		note_pair(t, &entry, &j);
		for (size_t k = 0; k < story->place_count && k < TREND_PAIRS_MAX; k++) {
			j.place = &story->places[k];
			note_pair(t, &entry, &j);
		}
	}
}

static struct slice lane_key(const struct trends *t, struct slice field, struct buf *key)
{
	buf_clear(key);
	buf_printf(
		key, "trend:{%s.t%02u}", t->name, (unsigned)(digest_hash64(field) % TREND_LANES));
	return buf_slice(key);
}

static void queue_set(struct trends *t, const char *field, const struct buf *value)
{
	CLEANUP(buf_release) struct buf key = {0};
	struct slice name = slice_of(field), lane = lane_key(t, name, &key);
	struct slice set[] = {SLICE("HSET"), lane, name, buf_slice(value)};
	struct slice expire[] = {SLICE("EXPIRE"), lane, SLICE("10368000")}; /* 120 days */

	redis_queue(t->redis, lane, set, 4);
	redis_queue(t->redis, lane, expire, 3);
}

static void queue_series(struct trends *t, const struct trend_series *s, struct buf *value)
{
	CLEANUP(mem_cleanup) char *field = mem_printf("r|%s", s->key);

	buf_clear(value);
	trend_series_write(s, value);
	queue_set(t, field, value);
}

static void queue_story(struct trends *t, const struct story *s, struct buf *value)
{
	CLEANUP(mem_cleanup) char *field = mem_printf("s|%s", s->id);

	buf_clear(value);
	buf_printf(value, "%d|%s", (int)s->hour, s->title);
	queue_set(t, field, value);
}

static void queue_gone(struct trends *t, const struct story *s)
{
	CLEANUP(buf_release) struct buf key = {0};
	CLEANUP(mem_cleanup) char *field = mem_printf("s|%s", s->id);
	struct slice name = slice_of(field), lane = lane_key(t, name, &key);
	struct slice drop[] = {SLICE("HDEL"), lane, name};

	redis_queue(t->redis, lane, drop, 3);
}

static void queue_start(struct trends *t, struct buf *value)
{
	buf_clear(value);
	buf_printf(value, "%lld", (long long)t->start_hour);
	queue_set(t, "start", value);
}

int trends_commit(struct trends *t)
{
	CLEANUP(buf_release) struct buf value = {0};

	if (t->redis == NULL || t->dirty_count == 0)
		return 0;
	queue_start(t, &value);
	/* A story that was let go may have been named again since: what goes, goes first. */
	for (const struct story *s = t->gone_stories; s != NULL; s = s->next_dirty)
		queue_gone(t, s);
	for (const struct trend_series *s = t->dirty_series; s != NULL; s = s->next_dirty)
		queue_series(t, s, &value);
	for (const struct story *s = t->dirty_stories; s != NULL; s = s->next_dirty)
		queue_story(t, s, &value);
	int error = redis_flush(t->redis, NULL, NULL);
	if (error < 0)
		return error;
	gone_free(t);
	for (struct trend_series *s = t->dirty_series; s != NULL; s = s->next_dirty)
		s->dirty = false;
	for (struct story *s = t->dirty_stories; s != NULL; s = s->next_dirty)
		s->dirty = false;
	t->dirty_series = NULL;
	t->dirty_stories = NULL;
	t->dirty_count = 0;
	return 0;
}

/* One that cannot be read, or is stale, is deleted. */
static bool load_series(struct trends *t, struct slice key, struct slice bytes)
{
	struct trend_series read, **at = find(t, key);

	if (*at != NULL || t->series_count == TREND_SERIES_MAX || key.len >= KEY_MAX ||
		!trend_series_read(bytes, &read))
		return *at != NULL;
	if (read.baseline.next_hour < this_hour(t) - STALE_HOURS) {
		trend_series_release(&read);
		return false;
	}
	*at = mem_copy(&read, sizeof read);
	(*at)->key = mem_printf("%.*s", SLICE_ARG(key));
	t->series_count++;
	return true;
}

static bool load_story(struct trends *t, struct slice id, struct slice bytes)
{
	struct slice hour_text, title = bytes;
	struct story **at = find_story(t, hash32(id));
	int64_t hour;

	if (*at != NULL)
		return true;
	if (!slice_cut(&title, '|', &hour_text) || !slice_to_i64(hour_text, &hour) ||
		hour < this_hour(t) - TREND_OPEN_HOURS || hour > INT32_MAX || id.len > ID_MAX ||
		title.len > TREND_TITLE_MAX)
		return false;
	*at = mem_alloc(sizeof **at);
	(*at)->hash = hash32(id);
	(*at)->hour = (int32_t)hour;
	(*at)->title = mem_printf("%.*s", (int)title.len, title.len > 0 ? title.at : "");
	(void)snprintf((*at)->id, sizeof(*at)->id, "%.*s", SLICE_ARG(id));
	return true;
}

static bool load_field(struct trends *t, struct slice field, struct slice value)
{
	if (slice_starts(field, SLICE("r|")))
		return load_series(t, slice_from(field, 2), value);
	if (slice_starts(field, SLICE("s|")))
		return load_story(t, slice_from(field, 2), value);
	int64_t start;
	if (!slice_is(field, "start") || !slice_to_i64(value, &start) || start <= 0 ||
		start > this_hour(t))
		return false;
	t->start_hour = start;
	return true;
}

struct loading {
	struct trends *t;
	struct arena *a;
	struct slice *dropped;
	size_t dropped_count;
};

static void on_lane(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct loading *l = ctx;

	(void)index;
	for (size_t i = 0; i + 1 < redis_reply_count(reply); i += 2) {
		struct slice field = redis_reply_text(redis_reply_at(reply, i));

		if (!load_field(l->t, field, redis_reply_text(redis_reply_at(reply, i + 1))) &&
			l->dropped_count < SEND_MAX)
			l->dropped[l->dropped_count++] = arena_slice(l->a, field);
	}
}

int trends_load(struct trends *t)
{
	CLEANUP(buf_release) struct buf key = {0};
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct loading l = {t, a, arena_array(a, SEND_MAX, sizeof(struct slice)), 0};

	if (t->loaded)
		return 0;
	for (unsigned lane = 0; lane < TREND_LANES; lane++) {
		buf_clear(&key);
		buf_printf(&key, "trend:{%s.t%02u}", t->name, lane);
		struct slice get[] = {SLICE("HGETALL"), buf_slice(&key)};

		redis_queue(t->redis, get[1], get, 2);
	}
	int error = redis_flush(t->redis, on_lane, &l);
	if (error < 0)
		return error;
	for (size_t i = 0; i < l.dropped_count; i++) {
		struct slice lane = lane_key(t, l.dropped[i], &key);
		struct slice drop[] = {SLICE("HDEL"), lane, l.dropped[i]};

		redis_queue(t->redis, lane, drop, 3);
	}
	error = l.dropped_count == 0 ? 0 : redis_flush(t->redis, NULL, NULL);
	t->loaded = error == 0;
	return error;
}
