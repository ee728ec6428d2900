#include "courier/shelf.h"

#include "lib/mem.h"

#include <errno.h>

struct shelf {
	struct db *db;
	const struct clock *clock;
};

static const char *const steps[] = {
	"CREATE TABLE document (added INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL,"
	" version TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (id, version))",
};

struct shelf *shelf_open(
	const char *folder, const char *name, const struct clock *clock, struct err *err)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/courier-%s.db", folder, name);
	struct db *db = db_open(path, steps, sizeof(steps) / sizeof(steps[0]), err);

	if (!db)
		return NULL;
	struct shelf *s = mem_alloc(sizeof(*s));

	s->db = db;
	s->clock = clock;
	return s;
}

void shelf_close(struct shelf **s)
{
	if (!*s)
		return;
	db_close(&(*s)->db);
	mem_free(*s);
	*s = NULL;
}

void shelf_begin(struct shelf *s)
{
	db_begin(s->db, DB_WRITE);
}

void shelf_put(struct shelf *s, const struct shelf_document *document)
{
	/* Later than all before even when the clock was set back: readers ask for what is new. */
	db_run(s->db,
		"INSERT OR IGNORE INTO document (added, id, type, version, body) VALUES "
		"(max(?1, coalesce((SELECT max(added) FROM document), 0) + 1), ?2, ?3, ?4, ?5)",
		DB_VALUES(db_int(clock_wall_us(s->clock)), db_text(document->id),
			db_text(document->type), db_text(document->version),
			db_bytes(document->body.at, document->body.len)));
}

int shelf_end(struct shelf *s)
{
	return db_end(s->db);
}

const char *shelf_said(const struct shelf *s)
{
	return db_said(s->db);
}

int shelf_forget(struct shelf *s, int64_t kept_ms, int64_t kept_max)
{
	db_begin(s->db, DB_WRITE);
	db_run(s->db, "DELETE FROM document WHERE added < ?1",
		DB_VALUES(db_int(clock_wall_us(s->clock) - kept_ms * 1000)));
	db_run(s->db,
		"DELETE FROM document WHERE added <= "
		"(SELECT added FROM document ORDER BY added DESC LIMIT 1 OFFSET ?1)",
		DB_VALUES(db_int(kept_max)));
	return db_end(s->db);
}

/* Whether a value stands in a list with commas is asked as ",list," holding ",value,". */
#define FITS                                                                                        \
	" added > ?1 AND (?2 = '' OR instr(',' || ?2 || ',', ',' || id || ',') > 0)"                \
	" AND (?3 = '' OR instr(',' || ?3 || ',', ',' || type || ',') > 0)"                         \
	" AND (?5 & 4 OR (?4 <> '' AND instr(',' || ?4 || ',', ',' || version || ',') > 0)"         \
	" OR (?5 & 1 AND version = (SELECT max(version) FROM document d WHERE d.id = document.id))" \
	" OR (?5 & 2 AND version = (SELECT min(version) FROM document d WHERE d.id = document.id)))"

int shelf_ask(struct shelf *s, const struct shelf_question *q, shelf_on_document *fn, void *ctx)
{
	db_begin(s->db, DB_READ);
	struct query *rows = db_query(s->db,
		q->newest_first ? "SELECT id, type, version, body, added FROM document WHERE" FITS
				  " ORDER BY added DESC LIMIT ?6"
				: "SELECT id, type, version, body, added FROM document WHERE" FITS
				  " ORDER BY added LIMIT ?6",
		DB_VALUES(db_int(q->after_us), db_text(q->ids), db_text(q->types),
			db_text(q->exact), db_int((int64_t)q->versions), db_int(q->limit)));

	while (query_next(rows))
		fn(ctx,
			&(struct shelf_document){.id = query_bytes(rows, 0),
				.type = query_bytes(rows, 1),
				.version = query_bytes(rows, 2),
				.body = query_bytes(rows, 3),
				.added_us = query_int(rows, 4)});
	query_end(&rows);
	return db_end(s->db);
}
