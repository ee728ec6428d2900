/* What is taken of another sensor's EVE event: known fields only, so that no payload, no secret and
 * nobody's name comes in (privacy charter): see the table in eve_take.c. Suricata 7 and 8 differ in
 * the shape of DNS events; what comes out has the shape of docs/events.md. Community id and direction
 * are added where they are missing.
 *
 *     struct eve_taker *t = eve_taker_new(&options);
 *     switch (eve_take(t, line, &event)) {
 *     case EVE_TAKEN: eve_write(t, id, out); … */
#pragma once

#include "event/id.h"
#include "lib/address.h"
#include "lib/buf.h"
#include "lib/config.h"

struct eve_taker;

struct eve_taker_options {
	const char *sensor;
	const struct config_texts *types; /* none: those our probe does not write; "all" */
	const struct networks *home;
};

enum eve_taken {
	EVE_TAKEN,
	EVE_UNWANTED,   /* its type is not among those wanted */
	EVE_NOT_JSON,   /* from here on: refused */
	EVE_NO_EVENT,   /* without event_type or timestamp */
	EVE_BAD_FIELDS, /* an address or number that is none */
	EVE_TOO_LONG,
};

extern const char *const eve_taken_names[]; /* "taken", "unwanted", "not_json" … */
enum { EVE_TAKEN_COUNT = EVE_TOO_LONG + 1 };

/* Whether all types are such as Suricata writes; says which is not. */
bool eve_types_check(const struct config_texts *types, struct err *err);

struct eve_taker *eve_taker_new(const struct eve_taker_options *options);
void eve_taker_free(struct eve_taker **t);

enum eve_taken eve_take(struct eve_taker *t, struct slice line);

/* The event taken last, as a JSON object with this id, appended. False when it is too long. */
bool eve_write(struct eve_taker *t, struct event_id id, struct buf *out);
