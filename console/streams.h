/* The viewers that follow the queue live, by server-sent events:
 *
 *     id: CHANGE            event: alert      data: a summary, as in the list
 *     id: CHANGE            event: reset      data: {}      (too far behind: load the list anew)
 *     id: CHANGE            event: beat       data: {}      (every BEAT_MS, so that silence shows)
 *
 * A viewer that comes back says the last id it saw and misses nothing. */
#pragma once

#include "console/alerts.h"
#include "console/people.h"
#include "lib/http_server.h"

struct streams;

enum { BEAT_MS = 5000 };

struct streams *streams_new(struct db *db, const struct session_times *times,
	const struct clock *clock, struct metrics *metrics);
void streams_free(struct streams **s); /* all must have ended */

/* Answers `req` with the stream of the changes after `change`; false when too many follow. */
bool streams_add(
	struct streams *s, struct request *req, const struct session *session, int64_t change);

void streams_wake(struct streams *s); /* something changed */
void streams_beat(struct streams *s); /* once a second */
