/* What was told of the last alert of a window. While the window is silent, what still happens is
 * counted here, and makes a revision of that alert when there is news: at once when its level
 * rises, and at four times the count last told, ten at least. So a storm of a million events is one
 * alert of ten revisions.
 *
 * It is part of the window's blob: after a restart the same events make the same revisions. */
#pragma once

#include "correlator/response.h"
#include "correlator/window.h"
#include "lib/cursor.h"

struct told_news {
	const struct hit *hit;
	enum window_kind kind;
	enum alert_level level;          /* that this event deserves */
	const struct response *response; /* of the rule */
};

void told_release(struct told *t);

/* A new alert; `elements` are what its window held. */
void told_open(struct told *t, const struct told_news *news, const struct window *w,
	const struct window_verdict *verdict);

/* The alert did not go out, as another one tells of the same: only a higher level is news now, for no
 * count must bring out a second alert after all. */
void told_hold_back(struct told *t);

/* One more hit while the alert is silent; true when it is worth a revision. */
bool told_add(struct told *t, const struct told_news *news);

/* The next revision goes out; true when for a higher level. */
bool told_revise(struct told *t, const struct told_news *news);

bool told_read(struct told *t, struct cursor *c);
void told_write(const struct told *t, struct buf *out);
