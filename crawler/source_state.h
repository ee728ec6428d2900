/* What is remembered of a source between looks, also over a restart: when the last look began, how
 * often it changes, and what its body was. */
#pragma once

#include "crawler/pace.h"
#include "lib/buf.h"

enum { SOURCE_STATE_TIME_DIGITS = 13, SOURCE_VALIDATOR_MAX = 1024 };

struct source_state {
	int64_t looked_ms; /* wall clock; 0: never */
	struct pace pace;
	char *etag, *last_modified, *body_hash; /* of the last look that went well, or NULL */
};

void source_state_release(struct source_state *s);
void source_state_validators(struct source_state *s, struct slice etag, struct slice last_modified,
	struct slice body_hash);

/* One line each: looked_ms in 13 digits, so that a script can compare it; the pace; the three. */
void source_state_write(const struct source_state *s, struct buf *out);
bool source_state_read(struct slice bytes, struct source_state *ret); /* false leaves it empty */
