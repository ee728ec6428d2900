/* Words to find an alert by: what is indexed, and how a question becomes one for the full-text
 * index. Both are folded, so that "song tranh" finds "Sông Tranh" and "Đà Nẵng" is found by
 * "da nang". */
#pragma once

#include "event/alert.h"
#include "lib/arena.h"

/* Titles, entity, explanations and the values of the events. Lives in the arena. */
struct slice search_fold(struct arena *a, const struct alert *alert);

/* Every word must occur, the last may go on; "" when the question holds no word. */
struct slice search_match(struct arena *a, struct slice question);
