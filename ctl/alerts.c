#include "ctl/alerts.h"

#include "ctl/alert_stream.h"
#include "ctl/alert_words.h"
#include "ctl/terminal.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FOLLOW_EVERY_MS = 250 };

/* An alert as it will be printed, with what it is sorted by. */
struct shown {
	uint64_t ms, seq;
	unsigned bucket;
	char *text;
};

struct listing {
	const struct ctl_config *config;
	struct alert_words how;
	struct shown *shown;
	size_t count, room;
	size_t in_bucket; /* of the stream being read */
	unsigned bucket;
	bool cut; /* older ones were left out */
};

static void alert_print(const struct listing *l, const struct alert_entry *entry, struct buf *out)
{
	if (!l->config->json) {
		alert_words_write(&l->how, entry->alert, out);
		return;
	}
	terminal_add_json(out, entry->json);
	buf_add_byte(out, '\n');
}

static bool on_history(void *ctx, const struct alert_entry *entry)
{
	struct listing *l = ctx;
	CLEANUP(buf_release) struct buf text = {0};

	if (entry->bucket != l->bucket) {
		l->bucket = entry->bucket;
		l->in_bucket = 0;
	}
	if ((int64_t)entry->alert->rule.level < l->config->level)
		return true;
	if ((int64_t)l->in_bucket == l->config->limit) {
		l->cut = true;
		return false;
	}
	l->in_bucket++;
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->shown = mem_resize(l->shown, l->room, sizeof(l->shown[0]));
	}
	alert_print(l, entry, &text);
	l->shown[l->count++] =
		(struct shown){entry->ms, entry->seq, entry->bucket, mem_text(buf_text(&text))};
	return true;
}

static int compare_shown(const void *left, const void *right)
{
	const struct shown *a = left, *b = right;

	if (a->ms != b->ms)
		return a->ms < b->ms ? -1 : 1;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return (a->bucket > b->bucket) - (a->bucket < b->bucket);
}

/* Prints the newest of what was collected, oldest first, and forgets it. */
static void history_print(struct listing *l)
{
	size_t limit = (size_t)l->config->limit;
	size_t first = l->count > limit ? l->count - limit : 0;

	if (l->count > 0)
		qsort(l->shown, l->count, sizeof(l->shown[0]), compare_shown);
	for (size_t i = 0; i < l->count; i++) {
		if (i >= first)
			(void)fputs(l->shown[i].text, stdout);
		mem_free(l->shown[i].text);
	}
	mem_free(l->shown);
	l->shown = NULL;
	if (first > 0 || l->cut)
		(void)fprintf(
			stderr, "haidang: only the newest %zu are shown; see --limit\n", limit);
}

static bool on_next(void *ctx, const struct alert_entry *entry)
{
	const struct listing *l = ctx;
	CLEANUP(buf_release) struct buf text = {0};

	if ((int64_t)entry->alert->rule.level < l->config->level)
		return true;
	alert_print(l, entry, &text);
	(void)fputs(buf_text(&text), stdout);
	return true;
}

/* Until the reader of our output goes away or a signal ends us. */
static int follow(struct alert_stream *stream, struct redis *redis, struct listing *l)
{
	const struct timespec pause = {.tv_nsec = FOLLOW_EVERY_MS * 1000000L};
	bool away = false;

	while (fflush(stdout) == 0) {
		int err = alert_stream_next(stream, on_next, l);

		if (err && !away)
			(void)fprintf(stderr, "haidang: Redis is away, trying again: %s\n",
				redis_said(redis));
		away = err != 0;
		(void)nanosleep(&pause, NULL);
	}
	return 1;
}

int alerts_run(void *ctl_config, struct arena *a)
{
	const struct ctl_config *config = ctl_config;
	CLEANUP(redis_free) struct redis *redis = ctl_redis(config, a);
	struct listing listing = {
		.config = config,
		.how = {(enum ctl_lang)config->lang,
			isatty(STDOUT_FILENO) && !secure_getenv("NO_COLOR")},
	};

	if (!redis)
		return 2;
	CLEANUP(alert_stream_free) struct alert_stream *stream = alert_stream_new(redis);
	int64_t since_ms = clock_wall_us(clock_system()) / 1000 - config->since_ms;
	int err = alert_stream_history(
		stream, since_ms > 0 ? (uint64_t)since_ms : 0, on_history, &listing);

	history_print(&listing);
	if (err) {
		(void)fprintf(stderr, "haidang: alerts cannot be read: %s\n", redis_said(redis));
		return 1;
	}
	if (alert_stream_unreadable(stream) > 0)
		(void)fprintf(stderr, "haidang: stream entries that are no alert: %llu\n",
			(unsigned long long)alert_stream_unreadable(stream));
	if (config->follow)
		return follow(stream, redis, &listing);
	return fflush(stdout) == 0 ? 0 : 1;
}
