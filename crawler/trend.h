/* Bursts: a topic at a place in more stories than its baseline explains.
 *
 *     struct trends *t = trends_new(redis, "demo", clock);
 *     trends_use(t, calendar);
 *     trends_load(t);                           (0: its past is here)
 *     trends_note(t, &story, on_trend, ctx);    (for each new article)
 *     trends_commit(t);                         (when the events about them have arrived)
 *     trends_free(&t);
 *
 * A series is a topic at a place, or at any ("all"). In it a story counts once, in the hour in which
 * its first article was published, whichever comes first; its copies count as publishers only. An
 * hour is learnt when it is TREND_OPEN_HOURS old: until then articles may come late, in any
 * order, with the same result. Series and the stories of those hours lie in Redis, in 64 lanes
 * trend:{NAME.tNN}. One thread. */
#pragma once

#include "crawler/baseline.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/redis.h"

enum {
	TREND_WINDOW_HOURS = 4,
	TREND_OPEN_HOURS = 24,
	TREND_LEARN_DAYS = 14, /* no trend is told before */
	TREND_PAUSE_HOURS = 6, /* after one was told */
	TREND_PUBLISHERS_MIN = 3,
	TREND_STORIES_MAX = 5, /* told of */
	TREND_SERIES_MAX = 10000,
	TREND_ENTRIES_MAX = 1024, /* of one series */
	TREND_LANES = 64,
	TREND_TITLE_MAX = 200,
	TREND_PAIRS_MAX = 8, /* topics of an article, and places */
};

static const double TREND_UNUSUAL_MIN = 3.0; /* once in 1,000 windows */

struct trend_name {
	struct slice id, name;
};

struct trend_story {
	struct slice id, publisher, title;
	int64_t published_us; /* 0: unknown, that is now */
	const struct trend_name *topics, *places;
	size_t topic_count, place_count;
};

struct trend {
	struct trend_name topic, place;
	unsigned seen, publishers, learnt_days;
	double expected, unusual;
	int64_t start_us;
	struct slice season;
	struct slice stories[TREND_STORIES_MAX], titles[TREND_STORIES_MAX];
	size_t story_count;
};

typedef void trend_fn(const void *ctx, const struct trend *trend);

struct trends;

/* `redis` may be NULL; it is borrowed. */
struct trends *trends_new(struct redis *redis, const char *name, const struct clock *clock);
void trends_free(struct trends **t);
void trends_use(struct trends *t, const struct calendar *calendar); /* borrowed; may be NULL */
int trends_load(struct trends *t) __attribute__((warn_unused_result));
bool trends_are_loaded(const struct trends *t);

/* Articles older than TREND_OPEN_HOURS are no news. Before its past is here nothing is noted. */
void trends_note(struct trends *t, const struct trend_story *story, trend_fn *fn, const void *ctx);
size_t trends_waiting(const struct trends *t); /* for trends_commit() */
int trends_commit(struct trends *t) __attribute__((warn_unused_result));

size_t trends_count(const struct trends *t); /* series */
unsigned trends_learnt_days(const struct trends *t);
