/* A database on disk: SQLite in WAL mode, every commit on the platter before it is believed
 * (synchronous=FULL). The only module that knows SQLite.
 *
 *     db_begin(db, DB_WRITE);
 *     db_run(db, "UPDATE user SET role = ?1 WHERE id = ?2", DB_VALUES(db_text(role), db_int(id)));
 *     if (db_end(db) < 0)
 *             ...                    (nothing was changed; db_said() tells why)
 *
 * All work stands between db_begin() and db_end(). The first failure sticks: later statements do
 * nothing, queries give no row, and db_end() rolls back and tells. A connection belongs to one
 * thread; each thread opens its own. SQL texts are literals or otherwise few: each is compiled
 * once and kept. */
#pragma once

#include "lib/err.h"
#include "lib/slice.h"

struct db;
struct query;

enum db_mode { DB_READ, DB_WRITE };

struct db_value {
	enum { DB_NULL, DB_INT, DB_TEXT, DB_BYTES } kind;
	int64_t number;
	struct slice bytes;
};

#define DB_VALUES(...)                                                                             \
	(const struct db_value[]){__VA_ARGS__},                                                    \
		sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)
#define DB_NOTHING NULL, 0

static inline struct db_value db_int(int64_t number)
{
	return (struct db_value){.kind = DB_INT, .number = number};
}

static inline struct db_value db_text(struct slice text)
{
	return (struct db_value){.kind = DB_TEXT, .bytes = text};
}

static inline struct db_value db_bytes(const void *bytes, size_t len)
{
	return (struct db_value){.kind = DB_BYTES, .bytes = slice_over(bytes, len)};
}

/* Opens or makes the file ("": a passing one in memory) and brings its tables up to `steps`: step N makes version N+1. A file
 * from a newer program is refused. NULL with an error. */
struct db *db_open(const char *path, const char *const *steps, size_t step_count, struct err *err);
void db_close(struct db **db); /* NULL-safe; sets it to NULL */

void db_begin(struct db *db, enum db_mode mode);
int db_end(struct db *db) __attribute__((warn_unused_result)); /* 0 or -errno */
const char *db_said(const struct db *db);                      /* why the last db_end() failed */

/* A statement without rows; gives the number of rows it changed. */
int64_t db_run(struct db *db, const char *sql, const struct db_value *values, size_t count);

/* Values are borrowed until query_end(); texts and bytes of a row until the next query_next(). */
struct query *db_query(struct db *db, const char *sql, const struct db_value *values, size_t count);
bool query_next(struct query *q);
int64_t query_int(struct query *q, int column);
struct slice query_bytes(struct query *q, int column); /* also text */
void query_end(struct query **q);                      /* for CLEANUP */

/* The first column of the first row, or `fallback` when there is none. */
int64_t db_query_int(struct db *db, const char *sql, const struct db_value *values, size_t count,
	int64_t fallback);
