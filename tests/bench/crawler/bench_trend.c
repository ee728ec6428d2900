/* Trends on simulated news, through the crawler's own code: false alarms per topic-week and share
 * of bursts found, beside mean + 3 sigma of 14 days on the same counts. As measured for the
 * design: hourly counts are negative binomial (variance 1.6 times the mean), by hour of the day
 * and weekend; a burst adds max(3, 2.5 * base) stories an hour for four hours. Holidays halve the
 * news, copies follow within three hours, one story in ten is found up to six hours late. */
#include "crawler/trend.h"
#include "lib/digest.h"
#include "lib/mem.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	TOPICS = 40,
	TRAIN_DAYS = 42,
	TEST_WEEKS = 12,
	HOURS = 24 * (TRAIN_DAYS + 7 * TEST_WEEKS),
	BURST_HOURS = 4,
	SITES = 30,
	GRACE_HOURS = 6, /* an alarm so long after a burst began has found it */
	OVER_HOURS = 16, /* and until then one that follows is neither found nor false */
};

static const int64_t START_US = INT64_C(1788195600000000); /* 2026-09-01 00:00 in Viet Nam */

static uint64_t state;

static double chance(void)
{
	state += 0x9E3779B97F4A7C15;
	uint64_t x = state;
	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
	return ((double)((x ^ (x >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(chance())) * cos(2 * M_PI * chance());
}

/* Marsaglia and Tsang, "A simple method for generating gamma variables", 2000. */
static double gamma_of(double shape)
{
	if (shape < 1)
		return gamma_of(shape + 1) * pow(chance(), 1 / shape);
	double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
	for (;;) {
		double x = normal(), v = pow(1 + c * x, 3);

		if (v > 0 && log(chance()) < 0.5 * x * x + d - d * v + d * log(v))
			return d * v;
	}
}

static unsigned poisson(double mean)
{
	double limit = exp(-mean), product = chance();
	unsigned count = 0;

	for (; product > limit; count++)
		product *= chance();
	return count;
}

static unsigned news(double mean)
{
	return poisson(gamma_of(mean / 0.6) * 0.6);
}

static double rate(double base, const struct calendar *calendar, int64_t hour)
{
	static const double of_day[24] = {.3, .2, .15, .15, .2, .5, 1, 1.5, 1.8, 1.8, 1.6, 1.4, 1.1,
		1.1, 1.4, 1.6, 1.7, 1.5, 1.3, 1.2, 1.1, .9, .7, .5};
	enum day_kind kind = calendar_day(calendar, hour / 24).kind;

	if (calendar == NULL) /* the plain news of the design's simulation */
		return base * (1 + 0.6 * sin(2 * M_PI * (double)(hour % 24 - 8) / 24)) *
			(kind == DAY_WEEKEND ? 0.7 : 1);
	return base * of_day[hour % 24] / 1.1125 *
		(kind == DAY_HOLIDAY                  ? 0.5
				: kind == DAY_WEEKEND ? 0.6
						      : 1);
}

struct topic {
	char id[16];
	unsigned counts[HOURS];
	int burst_at[TEST_WEEKS]; /* hour in which one begins, or -1 */
	bool found[TEST_WEEKS];
	unsigned false_alarms, peer_false_alarms, peer_found;
	double delay_hours;
};

struct waiting {
	int due, hour;
	unsigned minute;
	char story[24], site[16];
	int topic;
};

static struct run {
	struct trends *trends;
	struct clock_manual clock;
	struct topic topics[TOPICS];
	struct waiting *waiting;
	size_t waiting_count, waiting_room;
	int hour;
	bool hard; /* articles come late */
	unsigned stories;
	double cpu_s;
	unsigned articles;
} run;

static void site_name(char ret[16])
{
	double u = chance();
	int site = (int)(exp(u * log(SITES + 1)) - 1); /* the few write the most */

	(void)snprintf(ret, 16, "bao%d.vn", site);
}

static void wait_for(struct run *r, int topic, int due, int hour, const char *story)
{
	if (r->waiting_count == r->waiting_room) {
		r->waiting_room = r->waiting_room * 2 + 64;
		r->waiting = mem_resize(r->waiting, r->waiting_room, sizeof *r->waiting);
	}
	struct waiting *w = &r->waiting[r->waiting_count++];
	*w = (struct waiting){
		.due = due, .hour = hour, .topic = topic, .minute = (unsigned)(chance() * 60)};
	(void)snprintf(w->story, sizeof w->story, "%s", story);
	site_name(w->site);
}

static void make_stories(struct run *r, int topic, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char story[24];
		unsigned copies = poisson(0.8);
		int late = r->hard && chance() < 0.1 ? (int)(chance() * 6) : 0;

		(void)snprintf(story, sizeof story, "st-%012x", r->stories++);
		wait_for(r, topic, r->hour + late, r->hour, story);
		for (unsigned k = 0; k < copies; k++) {
			int after = (int)(chance() * 3);

			wait_for(r, topic, r->hour + after, r->hour + after, story);
		}
	}
}

static void on_trend(const void *ctx, const struct trend *trend)
{
	struct run *r = ctx == NULL ? NULL : &run;

	int64_t number = 0;

	if (r == NULL || !slice_to_i64(slice_from(trend->topic.id, 1), &number))
		return;
	struct topic *t = &r->topics[number];

	for (int w = 0; w < TEST_WEEKS; w++)
		if (t->burst_at[w] >= 0 && r->hour >= t->burst_at[w] &&
			r->hour < t->burst_at[w] + GRACE_HOURS) {
			if (!t->found[w])
				t->delay_hours += r->hour - t->burst_at[w];
			t->found[w] = true;
			return;
		} else if (t->burst_at[w] >= 0 && r->hour >= t->burst_at[w] &&
			r->hour < t->burst_at[w] + OVER_HOURS) {
			return;
		}
	if (r->hour >= 24 * TRAIN_DAYS && trend->place.id.len == 3)
		t->false_alarms++;
}

static void read_articles(struct run *r)
{
	struct trend_name place = {SLICE("vn48-20500"), SLICE("Đại Lộc")};
	size_t kept = 0;
	clock_t begin = clock();

	for (size_t i = 0; i < r->waiting_count; i++) {
		struct waiting w = r->waiting[i];

		if (w.due > r->hour) {
			r->waiting[kept++] = w;
			continue;
		}
		struct trend_name topic = {slice_of(r->topics[w.topic].id), SLICE("")};
		struct trend_story story = {.id = slice_of(w.story),
			.publisher = slice_of(w.site),
			.title = SLICE("Nước lũ lên nhanh"),
			.published_us = START_US + ((int64_t)w.hour * 60 + w.minute) * 60000000,
			.topics = &topic,
			.topic_count = 1,
			.places = &place,
			.place_count = 1};
		trends_note(r->trends, &story, on_trend, r);
		r->articles++;
	}
	r->waiting_count = kept;
	r->cpu_s += (double)(clock() - begin) / CLOCKS_PER_SEC;
}

static bool bursts_at(const struct topic *t, int hour)
{
	for (int w = 0; w < TEST_WEEKS; w++)
		if (t->burst_at[w] >= 0 && hour >= t->burst_at[w] &&
			hour < t->burst_at[w] + BURST_HOURS)
			return true;
	return false;
}

/* Alarm when an hour is over mean + 3 sigma of the 14 days before, six hours of silence after. */
static void judge_peer(struct topic *t)
{
	int told = -100;
	bool found[TEST_WEEKS] = {0};

	for (int hour = 24 * TRAIN_DAYS; hour < HOURS; hour++) {
		double sum = 0, squares = 0;
		int window = 24 * 14, week = -1;

		for (int h = hour - window; h < hour; h++) {
			sum += t->counts[h];
			squares += (double)t->counts[h] * t->counts[h];
		}
		double mean = sum / window, sigma = sqrt(squares / window - mean * mean);
		if (t->counts[hour] <= mean + 3 * sigma || t->counts[hour] < 3 || hour - told < 6)
			continue;
		told = hour;
		for (int w = 0; w < TEST_WEEKS; w++)
			if (t->burst_at[w] >= 0 && hour >= t->burst_at[w] &&
				hour < t->burst_at[w] + GRACE_HOURS)
				week = w;
		if (week < 0)
			t->peer_false_alarms++;
		else
			t->peer_found += !found[week];
		if (week >= 0)
			found[week] = true;
	}
}

static void simulate(double base, const struct calendar *calendar, uint64_t seed)
{
	double burst = base * 2.5 > 3 ? base * 2.5 : 3;

	memset(&run, 0, sizeof run);
	state = seed;
	run.hard = calendar != NULL;
	clock_manual_init(&run.clock, START_US);
	run.trends = trends_new(NULL, "bench", &run.clock.clock);
	trends_use(run.trends, calendar);
	for (int i = 0; i < TOPICS; i++) {
		(void)snprintf(run.topics[i].id, sizeof run.topics[i].id, "t%d", i);
		for (int w = 0; w < TEST_WEEKS; w++)
			run.topics[i].burst_at[w] =
				w % 2 == 0 ? -1 : 24 * (TRAIN_DAYS + 7 * w) + (int)(chance() * 160);
	}
	for (run.hour = 0; run.hour < HOURS; run.hour++) {
		for (int i = 0; i < TOPICS; i++) {
			int64_t local = calendar_local_hour(START_US) + run.hour;
			unsigned count = news(rate(base, calendar, local));

			if (bursts_at(&run.topics[i], run.hour))
				count += poisson(burst);
			run.topics[i].counts[run.hour] = count;
			make_stories(&run, i, count);
		}
		clock_manual_advance(&run.clock, 3540000);
		read_articles(&run);
		clock_manual_advance(&run.clock, 60000);
	}
	unsigned false_alarms = 0, found = 0, bursts = 0, peer_false = 0, peer_found = 0;
	double delay = 0;
	for (int i = 0; i < TOPICS; i++) {
		judge_peer(&run.topics[i]);
		false_alarms += run.topics[i].false_alarms;
		peer_false += run.topics[i].peer_false_alarms;
		peer_found += run.topics[i].peer_found;
		delay += run.topics[i].delay_hours;
		for (int w = 0; w < TEST_WEEKS; w++) {
			bursts += run.topics[i].burst_at[w] >= 0;
			found += run.topics[i].found[w];
		}
	}
	double weeks = (double)TOPICS * TEST_WEEKS;
	printf("%s base %4.1f/h: false %.3f per topic-week, hits %.3f, delay %.1f h, %.1f us an article | "
	       "mean+3s: false %.2f, hits %.2f\n",
		run.hard ? "hard " : "plain", base, false_alarms / weeks, (double)found / bursts,
		found > 0 ? delay / found : 0, 1e6 * run.cpu_s / run.articles, peer_false / weeks,
		(double)peer_found / bursts);
	trends_free(&run.trends);
	mem_free(run.waiting);
}

/* 10,000 series that see four stories each. */
static void weigh(const struct calendar *calendar)
{
	struct clock_manual clock;
	struct mallinfo2 before = mallinfo2();

	clock_manual_init(&clock, START_US);
	struct trends *t = trends_new(NULL, "bench", &clock.clock);
	trends_use(t, calendar);
	for (int i = 0; i < 4 * 100 * 99; i++) {
		char topic[16], place[16], id[24];

		(void)snprintf(topic, sizeof topic, "topic.number%d", i % 100);
		(void)snprintf(place, sizeof place, "vn48-%05d", i / 100 % 99);
		(void)snprintf(id, sizeof id, "st-%012x", i);
		struct trend_name topics = {slice_of(topic), SLICE("")},
				  places = {slice_of(place), SLICE("")};
		struct trend_story story = {.id = slice_of(id),
			.publisher = SLICE("bao.vn"),
			.title = SLICE("Nước lũ lên nhanh ở nhiều nơi trong thành phố"),
			.topics = &topics,
			.topic_count = 1,
			.places = &places,
			.place_count = 1};
		trends_note(t, &story, on_trend, NULL);
	}
	struct mallinfo2 after = mallinfo2();
	printf("memory: %zu series, %.1f MB\n", trends_count(t),
		(double)(after.uordblks - before.uordblks) / 1e6);
	trends_free(&t);
}

int main(int argc, char **argv)
{
	static const double bases[] = {0.3, 2, 10, 0.05, 1};
	struct err err = {0};
	struct calendar *calendar = calendar_read(argc > 1 ? argv[1] : "rules/calendar.yaml", &err);

	if (calendar == NULL) {
		(void)fprintf(stderr, "%s\n", err_text(&err));
		return 2;
	}
	for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
		simulate(bases[i], NULL, 20261123 + i);
	for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
		simulate(bases[i], calendar, 20261223 + i);
	weigh(calendar);
	calendar_free(&calendar);
	return 0;
}
