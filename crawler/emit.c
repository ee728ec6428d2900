#include "crawler/emit.h"

#include "lib/mem.h"

static void emit(const struct emitter *e, struct slice type, struct event_part part)
{
	CLEANUP(buf_release) struct buf line = {0};
	struct json_writer w = json_writer_on(&line);
	int64_t now = clock_wall_us(e->clock);
	struct event_id id = publish_next_id(e->publish, now);
	char id_text[EVENT_ID_LEN + 1];
	struct event_common common = {
		.event_type = type, .timestamp_us = now, .sensor = slice_of(e->sensor)};

	event_id_write(id, id_text);
	common.event_id = slice_of(id_text);
	event_write(&w, &common, &part, 1);
	publish_event(e->publish, id, buf_slice(&line));
}

void emit_article(const struct emitter *e, const struct event_article *article)
{
	emit(e, SLICE("article"), (struct event_part){EVENT_GROUP_article, article});
}

void emit_lookalike(const struct emitter *e, const struct event_lookalike *lookalike)
{
	emit(e, SLICE("lookalike"), (struct event_part){EVENT_GROUP_lookalike, lookalike});
}

void emit_trend(const struct emitter *e, const struct event_trend *trend)
{
	emit(e, SLICE("trend"), (struct event_part){EVENT_GROUP_trend, trend});
}

void emit_site_check(const struct emitter *e, const struct event_site_check *check)
{
	emit(e, SLICE("site_check"), (struct event_part){EVENT_GROUP_site_check, check});
}
