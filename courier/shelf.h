/* What a publishing target offers, in SQLite: versions of documents, each with the time it was added,
 * which only grows. The sender's thread puts, the server's thread reads, each through a shelf of its
 * own on the same file. The only difference between kinds is what a document is.
 *
 *     shelf_begin(s);
 *     shelf_put(s, &document);              (the same id and version again changes nothing)
 *     shelf_end(s);                         (durable now) */
#pragma once

#include "lib/clock.h"
#include "lib/db.h"

struct shelf;

struct shelf_document {
	struct slice id, type, version, body;
	int64_t added_us; /* of those read */
};

/* `name` with ".db" in `folder`. NULL with an error. */
struct shelf *shelf_open(
	const char *folder, const char *name, const struct clock *clock, struct err *err);
void shelf_close(struct shelf **s);

void shelf_begin(struct shelf *s);
void shelf_put(struct shelf *s, const struct shelf_document *document);
int shelf_end(struct shelf *s) __attribute__((warn_unused_result));
const char *shelf_said(const struct shelf *s);

/* Forgets versions added longer than `kept_ms` ago, and the oldest above `kept_max`. */
int shelf_forget(struct shelf *s, int64_t kept_ms, int64_t kept_max)
	__attribute__((warn_unused_result));

enum shelf_versions { SHELF_LAST = 1, SHELF_FIRST = 2, SHELF_ALL = 4 };

struct shelf_question {
	int64_t after_us;        /* added later than that */
	struct slice ids, types; /* lists with commas; "" for any */
	unsigned versions;       /* of an id: enum shelf_versions, one or more */
	struct slice exact;      /* and these versions of it: a list with commas */
	int64_t limit;
	bool newest_first;
};

typedef void shelf_on_document(void *ctx, const struct shelf_document *document);

/* Calls `fn` for those that fit, in the order they were added; 0 or -errno. */
int shelf_ask(struct shelf *s, const struct shelf_question *q, shelf_on_document *fn, void *ctx)
	__attribute__((warn_unused_result));
