/* The crawler's events, numbered and given to event/publish. */
#pragma once

#include "event/fields.h"
#include "event/publish.h"
#include "lib/clock.h"

struct emitter {
	struct publish *publish;
	const struct clock *clock;
	const char *sensor;
};

void emit_article(const struct emitter *e, const struct event_article *article);
void emit_lookalike(const struct emitter *e, const struct event_lookalike *lookalike);
void emit_trend(const struct emitter *e, const struct event_trend *trend);
void emit_site_check(const struct emitter *e, const struct event_site_check *check);
