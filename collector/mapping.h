/* How messages of other devices become events, as data: rules/syslog.yaml says which text a format is
 * known by, how it is taken apart, and which of our fields the parts are. Only fields of
 * event/fields.def can be named, so nothing else comes in; docs/collector.md explains the file.
 *
 *     struct mapping *m = mapping_read(path, &err);
 *     struct mapped *into = mapped_new(home);
 *     if (mapping_apply(m, &message, into) == MAP_DONE)
 *             mapped_write(into, id, &json);
 *
 * A mapping never changes. What is mapped borrows from the message until the next mapping_apply(). */
#pragma once

#include "collector/syslog.h"
#include "event/id.h"
#include "lib/address.h"
#include "lib/buf.h"
#include "lib/err.h"

struct mapping;
struct mapped;

struct mapping *mapping_read(const char *path, struct err *err);
void mapping_free(struct mapping **m);
size_t mapping_count(const struct mapping *m); /* of formats */

enum map_outcome {
	MAP_DONE,
	MAP_UNKNOWN, /* no format knows the text */
	MAP_SKIPPED, /* a format knows it, and no event of it is wanted */
	MAP_BAD,     /* an address or number that is none */
};

extern const char *const map_outcome_names[]; /* "mapped", "unknown", "skipped", "bad_fields" */
enum { MAP_OUTCOME_COUNT = MAP_BAD + 1 };

struct mapped *mapped_new(const char *sensor, const struct networks *home);
void mapped_free(struct mapped **m);

/* `received_us` stands for the time where the message's own is missing or a day off. */
enum map_outcome mapping_apply(const struct mapping *m, const struct syslog_message *message,
	int64_t received_us, struct mapped *ret);
const char *mapped_format(const struct mapped *m); /* id of the format that knew the message */
void mapped_write(const struct mapped *m, struct event_id id, struct buf *out);
