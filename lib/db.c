#include "lib/db.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STATEMENTS_KEPT = 96, BUSY_MS = 5000, SAID_MAX = 256 };

struct query {
	struct db *db;
	sqlite3_stmt *statement;
	char *sql;
	bool in_use;
};

struct db {
	sqlite3 *file;
	struct query kept[STATEMENTS_KEPT];
	size_t kept_count;
	bool open;  /* between db_begin() and db_end() */
	int failed; /* -errno; sticks until db_end() */
	char said[SAID_MAX];
};

static int error_number(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return -EBUSY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN: return -EACCES;
	case SQLITE_CONSTRAINT: return -EEXIST;
	case SQLITE_ERROR: return -EINVAL;
	default: return -EIO;
	}
}

static void fail(struct db *db, int code)
{
	must(code != SQLITE_NOMEM && code != SQLITE_MISUSE && code != SQLITE_RANGE);
	if (db->failed)
		return;
	db->failed = error_number(code);
	(void)snprintf(db->said, sizeof db->said, "%s", sqlite3_errmsg(db->file));
}

static struct query *statement_for(struct db *db, const char *sql)
{
	for (size_t i = 0; i < db->kept_count; i++)
		if (!db->kept[i].in_use && strcmp(db->kept[i].sql, sql) == 0)
			return &db->kept[i];

	must(db->kept_count < STATEMENTS_KEPT);
	struct query *q = &db->kept[db->kept_count];
	int code = sqlite3_prepare_v3(
		db->file, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->statement, NULL);

	must(code != SQLITE_ERROR); /* our own SQL, not the disk */
	if (code != SQLITE_OK) {
		fail(db, code);
		return NULL;
	}
	q->db = db;
	q->sql = mem_text(sql);
	db->kept_count++;
	return q;
}

static int bind_value(sqlite3_stmt *statement, int at, const struct db_value *value)
{
	switch (value->kind) {
	case DB_NULL: return sqlite3_bind_null(statement, at);
	case DB_INT: return sqlite3_bind_int64(statement, at, value->number);
	case DB_TEXT:
		return sqlite3_bind_text64(statement, at, value->bytes.at ? value->bytes.at : "",
			value->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
	case DB_BYTES:
		return sqlite3_bind_blob64(statement, at, value->bytes.at ? value->bytes.at : "",
			value->bytes.len, SQLITE_STATIC);
	}
	must_fail("no kind of value", __FILE__, __LINE__);
}

struct query *db_query(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
	must(db->open);
	struct query *q = db->failed ? NULL : statement_for(db, sql);

	if (!q)
		return NULL;
	q->in_use = true;
	for (size_t i = 0; i < count; i++) {
		int code = bind_value(q->statement, (int)i + 1, &values[i]);

		if (code != SQLITE_OK)
			fail(db, code);
	}
	return q;
}

bool query_next(struct query *q)
{
	if (!q || q->db->failed)
		return false;
	int code = sqlite3_step(q->statement);

	if (code != SQLITE_ROW && code != SQLITE_DONE)
		fail(q->db, code);
	return code == SQLITE_ROW;
}

int64_t query_int(struct query *q, int column)
{
	return sqlite3_column_int64(q->statement, column);
}

struct slice query_bytes(struct query *q, int column)
{
	const void *bytes = sqlite3_column_blob(q->statement, column);
	int len = sqlite3_column_bytes(q->statement, column);

	return bytes ? slice_over(bytes, (size_t)len) : SLICE("");
}

void query_end(struct query **q)
{
	if (!*q)
		return;
	(void)sqlite3_reset((*q)->statement); /* repeats the error of the last step */
	(void)sqlite3_clear_bindings((*q)->statement);
	(*q)->in_use = false;
	*q = NULL;
}

int64_t db_run(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
	CLEANUP(query_end) struct query *q = db_query(db, sql, values, count);

	while (query_next(q))
		continue;
	return db->failed ? 0 : sqlite3_changes64(db->file);
}

int64_t db_query_int(struct db *db, const char *sql, const struct db_value *values, size_t count,
	int64_t fallback)
{
	CLEANUP(query_end) struct query *q = db_query(db, sql, values, count);

	return query_next(q) ? query_int(q, 0) : fallback;
}

void db_begin(struct db *db, enum db_mode mode)
{
	must(!db->open);
	db->open = true;
	db->failed = 0;
	db->said[0] = '\0';
	db_run(db, mode == DB_WRITE ? "BEGIN IMMEDIATE" : "BEGIN", DB_NOTHING);
}

int db_end(struct db *db)
{
	must(db->open);
	if (!db->failed)
		db_run(db, "COMMIT", DB_NOTHING);
	int failed = db->failed;

	db->failed = 0;
	if (!sqlite3_get_autocommit(db->file))
		db_run(db, "ROLLBACK", DB_NOTHING);
	db->failed = 0;
	db->open = false;
	return failed;
}

const char *db_said(const struct db *db)
{
	return db->said;
}

static bool execute(struct db *db, const char *sql)
{
	return sqlite3_exec(db->file, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool migrate(struct db *db, const char *const *steps, size_t step_count, int64_t *ret_found)
{
	if (!execute(db, "BEGIN IMMEDIATE"))
		return false;
	db->open = true;
	*ret_found = db_query_int(db, "PRAGMA user_version", DB_NOTHING, 0);
	bool well = !db->failed && *ret_found <= (int64_t)step_count;

	for (size_t i = (size_t)*ret_found; well && i < step_count; i++) {
		char version[64];

		(void)snprintf(version, sizeof version, "PRAGMA user_version = %zu", i + 1);
		well = execute(db, steps[i]) && execute(db, version);
	}
	db->open = false;
	return execute(db, well ? "COMMIT" : "ROLLBACK") && well;
}

/* Made by us rather than by SQLite, so that only its owner reads it; the files that SQLite puts
 * beside it get the same mode. Never opened when it is there: closing it would drop the locks that
 * another connection of this process holds (POSIX), and a third process could take the log away. */
static void make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)close(fd);
}

static bool prepare_file(struct db *db, const char *path)
{
	make_file(path);
	int code = sqlite3_open_v2(path, &db->file,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	if (code != SQLITE_OK)
		return false;
	(void)sqlite3_busy_timeout(db->file, BUSY_MS);
	(void)sqlite3_db_config(db->file, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db->file, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return execute(db, "PRAGMA journal_mode = WAL") &&
		execute(db, "PRAGMA synchronous = FULL") && execute(db, "PRAGMA foreign_keys = ON");
}

struct db *db_open(const char *path, const char *const *steps, size_t step_count, struct err *err)
{
	struct db *db = mem_alloc(sizeof *db);
	int64_t found = 0;

	if (prepare_file(db, path) && migrate(db, steps, step_count, &found))
		return db;
	if (found > (int64_t)step_count)
		err_set(err, path, 0, "made by a newer program: version %lld, this one knows %zu",
			(long long)found, step_count);
	else
		err_set(err, path, 0, "cannot be used as a database: %s",
			db->file ? sqlite3_errmsg(db->file) : "no memory");
	db_close(&db);
	return NULL;
}

void db_close(struct db **db)
{
	if (!*db)
		return;
	for (size_t i = 0; i < (*db)->kept_count; i++) {
		(void)sqlite3_finalize((*db)->kept[i].statement);
		mem_free((*db)->kept[i].sql);
	}
	(void)sqlite3_close((*db)->file);
	mem_free(*db);
	*db = NULL;
}
