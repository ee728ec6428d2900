#include "console/streams.h"

#include "console/limits.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

struct viewer {
	struct streams *streams;
	struct viewer *previous, *next;
	struct request *req;
	uint8_t token[SHA256_LEN];
	unsigned visible;
	int64_t change; /* the last one sent */
	mono_t next_beat, next_check;
};

struct streams {
	struct db *db;
	struct session_times times;
	const struct clock *clock;
	struct viewer *viewers;
	size_t count;
	struct metric *gauge;
};

struct streams *streams_new(struct db *db, const struct session_times *times,
	const struct clock *clock, struct metrics *metrics)
{
	struct streams *s = mem_alloc(sizeof *s);

	s->db = db;
	s->times = *times;
	s->clock = clock;
	s->gauge =
		metrics_gauge(metrics, "haidang_console_viewers", "", "Viewers that follow live.");
	return s;
}

void streams_free(struct streams **s)
{
	must(!*s || (*s)->count == 0);
	mem_free(*s);
	*s = NULL;
}

struct sending {
	struct viewer *viewer;
	struct buf *out;
	int64_t count;
};

static void add_change(void *ctx, int64_t change, struct slice json)
{
	struct sending *s = ctx;

	s->viewer->change = change;
	s->count++;
	buf_printf(s->out, "id: %lld\nevent: alert\ndata: %.*s\n\n", (long long)change,
		SLICE_ARG(json));
}

static void add_news(struct viewer *v, struct buf *out)
{
	struct sending sending = {v, out, 0};
	int64_t last = alerts_last_change(v->streams->db);

	/* A viewer that is ahead has seen another record than this one. */
	if (v->change <= last && last - v->change <= STREAM_BACKLOG_MAX) {
		const struct alerts_since since = {v->visible, v->change, STREAM_BATCH};

		alerts_changed(v->streams->db, &since, add_change, &sending);
		/* Changes it may not see do not count as a backlog. */
		if (sending.count < STREAM_BATCH)
			v->change = last;
		return;
	}
	v->change = last;
	buf_printf(out, "id: %lld\nevent: reset\ndata: {}\n\n", (long long)last);
}

static bool next(void *ctx, struct buf *out)
{
	struct viewer *v = ctx;
	struct streams *s = v->streams;
	mono_t now = clock_mono(s->clock);
	bool holds = true;

	db_begin(s->db, DB_READ);
	add_news(v, out);
	if (mono_left_ms(v->next_check, now) == 0) {
		holds = session_holds(s->db, v->token, &s->times, clock_wall_us(s->clock));
		v->next_check = mono_after(now, BEAT_MS);
	}
	if (db_end(s->db) < 0)
		return false;
	if (out->len == 0 && mono_left_ms(v->next_beat, now) == 0)
		buf_printf(out, "id: %lld\nevent: beat\ndata: {}\n\n", (long long)v->change);
	if (out->len)
		v->next_beat = mono_after(now, BEAT_MS);
	return holds;
}

static void end(void *ctx)
{
	struct viewer *v = ctx;

	if (v->previous)
		v->previous->next = v->next;
	else
		v->streams->viewers = v->next;
	if (v->next)
		v->next->previous = v->previous;
	v->streams->count--;
	metric_set(v->streams->gauge, (int64_t)v->streams->count);
	mem_free(v);
}

bool streams_add(
	struct streams *s, struct request *req, const struct session *session, int64_t change)
{
	if (s->count == STREAMS_MAX)
		return false;
	struct viewer *v = mem_alloc(sizeof *v);

	*v = (struct viewer){.streams = s,
		.next = s->viewers,
		.req = req,
		.visible = session->person.visible,
		.change = change,
		.next_beat = clock_mono(s->clock)};
	memcpy(v->token, session->token, sizeof v->token);
	if (v->next)
		v->next->previous = v;
	s->viewers = v;
	s->count++;
	metric_set(s->gauge, (int64_t)s->count);
	request_stream(req, "text/event-stream", &(struct request_stream){next, end, v});
	return true;
}

void streams_wake(struct streams *s)
{
	for (struct viewer *v = s->viewers; v; v = v->next)
		request_wake(v->req);
}

void streams_beat(struct streams *s)
{
	mono_t now = clock_mono(s->clock);

	for (struct viewer *v = s->viewers; v; v = v->next)
		if (mono_left_ms(v->next_beat, now) == 0)
			request_wake(v->req);
}
