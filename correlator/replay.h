/* Events from a file through the same engine and window code as the service, with windows in
 * memory: what the commands `test` and `test-pack` do.
 *
 *     struct replay *r = replay_new(rules, &listener);
 *     replay_file(r, "scan.match.ndjson", &err);
 *     replay_free(&r);
 *
 * Events without event_id are numbered by their line; those without a time have that of the last
 * one before them that matched. */
#pragma once

#include "correlator/ruleset.h"

/* Either may be NULL. `line` is from 1. A match of a rule that raises alerts by itself comes to
 * .matched when that is set, and then raises none. */
struct replay_listener {
	void (*matched)(void *ctx, const struct rule *rule, unsigned line);
	void (*alerted)(void *ctx, struct slice alert, unsigned line);
	void *ctx;
};

struct replay;

struct replay *replay_new(const struct ruleset *rules, const struct replay_listener *listener);
void replay_free(struct replay **r);

/* A line that is no event is named in `err`, the first one; the others are still replayed. */
bool replay_file(struct replay *r, const char *path, struct err *err);
