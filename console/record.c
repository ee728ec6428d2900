#include "console/record.h"

/* A step is never changed once released; the next one is added below it. */
static const char *const steps[] = {
	/* 1: alerts, their search index, people, sessions, audit */
	"CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO counter VALUES ('change', 0);"

	/* `change` grows with every change of any alert: the id of the live stream. */
	"CREATE TABLE alert ("
	"	seq INTEGER PRIMARY KEY,"
	"	alert_id TEXT NOT NULL UNIQUE,"
	"	revision INTEGER NOT NULL,"
	"	change INTEGER NOT NULL,"
	"	received_us INTEGER NOT NULL,"
	"	raised_us INTEGER NOT NULL,"
	"	first_seen_us INTEGER NOT NULL,"
	"	last_seen_us INTEGER NOT NULL,"
	"	level INTEGER NOT NULL,"
	"	domain INTEGER NOT NULL,"
	"	state INTEGER NOT NULL,"
	"	disposition INTEGER NOT NULL,"
	"	assignee TEXT NOT NULL,"
	"	rule_id TEXT NOT NULL,"
	"	title TEXT NOT NULL,"
	"	entity TEXT NOT NULL,"
	"	owner TEXT NOT NULL,"
	"	count INTEGER NOT NULL,"
	"	body TEXT NOT NULL);"
	"CREATE UNIQUE INDEX alert_by_change ON alert (change);"
	"CREATE INDEX alert_by_state ON alert (state, seq);"
	"CREATE INDEX alert_by_time ON alert (received_us, level, domain);"

	/* Folded text: lower case, no diacritics, đ as d. */
	"CREATE VIRTUAL TABLE alert_search USING fts5 (folded, tokenize = 'unicode61');"

	"CREATE TABLE user ("
	"	id INTEGER PRIMARY KEY,"
	"	name TEXT NOT NULL UNIQUE COLLATE NOCASE,"
	"	role INTEGER NOT NULL,"
	"	domains INTEGER NOT NULL,"
	"	password TEXT NOT NULL,"
	"	must_change INTEGER NOT NULL,"
	"	disabled INTEGER NOT NULL,"
	"	created_us INTEGER NOT NULL);"

	/* Only the hash of a session's token is kept. */
	"CREATE TABLE session ("
	"	token BLOB PRIMARY KEY,"
	"	user INTEGER NOT NULL REFERENCES user (id),"
	"	created_us INTEGER NOT NULL,"
	"	seen_us INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX session_by_user ON session (user, created_us);"

	"CREATE TABLE audit ("
	"	seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	at_us INTEGER NOT NULL,"
	"	actor TEXT NOT NULL,"
	"	address TEXT NOT NULL,"
	"	action TEXT NOT NULL,"
	"	alert_id TEXT NOT NULL,"
	"	detail TEXT NOT NULL,"
	"	hash BLOB NOT NULL);"
	"CREATE INDEX audit_by_alert ON audit (alert_id, seq) WHERE alert_id <> '';"
	"CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit "
	"BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;"
	"CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit "
	"BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;",

	/* 2: what the list chooses by, in the order in which it is shown */
	"CREATE INDEX alert_to_list ON alert (seq, state, level, domain);",

	/* 3: incidents, and what the courier is yet to be told */
	"ALTER TABLE alert ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE alert ADD COLUMN incident TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE alert ADD COLUMN incident_us INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE outbox (id INTEGER PRIMARY KEY, body TEXT NOT NULL);"
	"INSERT INTO counter VALUES ('outbox', 0);",
};

struct db *record_open(const char *path, struct err *err)
{
	return db_open(path, steps, sizeof steps / sizeof *steps, err);
}
