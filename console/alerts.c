#include "console/alerts.h"

#include "console/audit.h"
#include "console/limits.h"
#include "console/outbox.h"
#include "console/search.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/mem.h"

static const char *const states[ALERT_STATE_COUNT] = {"new", "acknowledged", "closed"};
static const char *const dispositions[DISPOSITION_COUNT] = {"", "true_positive", "false_positive",
	"configuration", "drill", "duplicate", "undetermined"};
static const char *const acts[ACT_COUNT] = {
	"acknowledge", "comment", "incident", "close", "reopen"};

static const char *const incidents[] = {"at_once", "serious", "ordinary"};

static bool name_read(const char *const *names, unsigned count, struct slice name, unsigned *ret)
{
	for (unsigned i = 0; i < count; i++)
		if (names[i][0] && slice_is(name, names[i])) {
			*ret = i;
			return true;
		}
	return false;
}

const char *alert_state_name(enum alert_state state)
{
	return states[state];
}

bool alert_state_read(struct slice name, enum alert_state *ret)
{
	return name_read(states, ALERT_STATE_COUNT, name, ret);
}

const char *disposition_name(enum disposition disposition)
{
	return dispositions[disposition];
}

bool disposition_read(struct slice name, enum disposition *ret)
{
	return name_read(dispositions, DISPOSITION_COUNT, name, ret);
}

bool incident_read(struct slice name)
{
	unsigned ignored;

	return name_read(incidents, sizeof incidents / sizeof *incidents, name, &ignored);
}

const char *alert_act_name(enum alert_act act)
{
	return acts[act];
}

bool alert_act_read(struct slice name, enum alert_act *ret)
{
	return name_read(acts, ACT_COUNT, name, ret);
}

bool alert_domain_read(struct slice name, enum alert_domain *ret)
{
	for (enum alert_domain d = ALERT_NETWORK; d <= ALERT_BRIDGE; d++)
		if (slice_is(name, alert_domain_name(d))) {
			*ret = d;
			return true;
		}
	return false;
}

unsigned alerts_visible(bool network, bool information)
{
	return (network ? 1U << ALERT_NETWORK : 0) | (information ? 1U << ALERT_INFORMATION : 0) |
		(network || information ? 1U << ALERT_BRIDGE : 0);
}

static int64_t next_change(struct db *db)
{
	return db_query_int(db,
		"UPDATE counter SET value = value + 1 WHERE name = 'change' RETURNING value",
		DB_NOTHING, 0);
}

int64_t alerts_last_change(struct db *db)
{
	return db_query_int(db, "SELECT value FROM counter WHERE name = 'change'", DB_NOTHING, 0);
}

static void index_alert(struct db *db, int64_t seq, const struct alert *alert)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice folded = search_fold(a, alert);

	db_run(db, "DELETE FROM alert_search WHERE rowid = ?1", DB_VALUES(db_int(seq)));
	db_run(db, "INSERT INTO alert_search (rowid, folded) VALUES (?1, ?2)",
		DB_VALUES(db_int(seq), db_text(folded)));
}

bool alerts_put(struct db *db, const struct alert *alert, struct slice body, int64_t now_us)
{
	int64_t known = db_query_int(db, "SELECT revision FROM alert WHERE alert_id = ?1",
		DB_VALUES(db_text(alert->alert_id)), -1);

	if (known >= 0 && (uint64_t)known >= alert->revision)
		return false;

	struct slice title = alert->rule.title_vi.len ? alert->rule.title_vi : alert->rule.title;
	int64_t seq = db_query_int(db,
		"INSERT INTO alert (alert_id, revision, change, received_us, raised_us, first_seen_us,"
		" last_seen_us, level, domain, state, disposition, assignee, rule_id, title, entity,"
		" owner, count, body)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, '', ?10, ?11, ?12, ?13, ?14, ?15)"
		" ON CONFLICT (alert_id) DO UPDATE SET revision = ?2, change = ?3, raised_us = ?5,"
		" first_seen_us = ?6, last_seen_us = ?7, level = ?8, domain = ?9, rule_id = ?10,"
		" title = ?11, entity = ?12, owner = ?13, count = ?14, body = ?15 RETURNING seq",
		DB_VALUES(db_text(alert->alert_id), db_int((int64_t)alert->revision),
			db_int(next_change(db)), db_int(now_us), db_int(alert->timestamp_us),
			db_int(alert->first_seen_us), db_int(alert->last_seen_us),
			db_int(alert->rule.level), db_int(alert->domain), db_text(alert->rule.id),
			db_text(title), db_text(alert->entity), db_text(alert->owner),
			db_int((int64_t)alert->count), db_text(body)),
		0);

	index_alert(db, seq, alert);
	return true;
}

#define SUMMARY                                                                                    \
	"a.seq, a.change, a.alert_id, a.revision, a.received_us, a.first_seen_us, a.last_seen_us," \
	" a.level, a.domain, a.state, a.disposition, a.assignee, a.rule_id, a.title, a.entity,"    \
	" a.owner, a.count, a.incident, a.incident_us"

static void write_time(struct json_writer *w, const char *key, int64_t at_us)
{
	char text[TIME_TEXT_LEN + 1];

	time_write(at_us, text);
	json_key(w, key);
	json_text(w, slice_of(text));
}

static void write_text(struct json_writer *w, const char *key, struct slice text)
{
	json_key(w, key);
	json_text(w, text);
}

static void write_int(struct json_writer *w, const char *key, int64_t number)
{
	json_key(w, key);
	json_int(w, number);
}

/* The first columns of `q` are SUMMARY. */
static void write_summary(struct query *q, struct json_writer *w)
{
	json_begin_object(w);
	write_int(w, "seq", query_int(q, 0));
	write_text(w, "id", query_bytes(q, 2));
	write_int(w, "revision", query_int(q, 3));
	write_time(w, "received", query_int(q, 4));
	write_time(w, "first_seen", query_int(q, 5));
	write_time(w, "last_seen", query_int(q, 6));
	write_text(w, "level", slice_of(alert_level_name((enum alert_level)query_int(q, 7))));
	write_text(w, "domain", slice_of(alert_domain_name((enum alert_domain)query_int(q, 8))));
	write_text(w, "state", slice_of(states[query_int(q, 9)]));
	write_text(w, "disposition", slice_of(dispositions[query_int(q, 10)]));
	write_text(w, "assignee", query_bytes(q, 11));
	write_text(w, "rule", query_bytes(q, 12));
	write_text(w, "title", query_bytes(q, 13));
	write_text(w, "entity", query_bytes(q, 14));
	write_text(w, "owner", query_bytes(q, 15));
	write_int(w, "count", query_int(q, 16));
	write_text(w, "incident", query_bytes(q, 17));
	if (query_bytes(q, 17).len)
		write_time(w, "incident_at", query_int(q, 18));
	json_end_object(w);
}

/* The alerts to list are chosen in the index alert_to_list, without a look at their rows: those
 * hold the bodies, and all of them would be read when only few alerts among many fit. */
#define CHOSEN "SELECT " SUMMARY " FROM alert a WHERE a.seq IN (SELECT f.seq FROM "
#define FILTER                                                                                     \
	" ((1 << f.domain) & ?1) AND (?2 = 0 OR (1 << f.domain) & ?2)"                             \
	" AND (?3 = 0 OR (1 << f.state) & ?3) AND (?4 = 0 OR (1 << f.level) & ?4)"                 \
	" AND (?5 = 0 OR f.seq < ?5)"

void alerts_list(struct db *db, const struct alert_filter *filter, struct json_writer *w)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice match = search_match(a, filter->search);
	/* CROSS JOIN: the words first, newest first, so that LIMIT ends the search. */
	const char *sql = match.len ? CHOSEN
		"alert_search s CROSS JOIN alert f INDEXED BY alert_to_list"
		" ON f.seq = s.rowid WHERE s.folded MATCH ?7 AND" FILTER
		" ORDER BY s.rowid DESC LIMIT ?6) ORDER BY a.seq DESC"
				    : CHOSEN "alert f INDEXED BY alert_to_list WHERE" FILTER
					     " ORDER BY f.seq DESC LIMIT ?6) ORDER BY a.seq DESC";
	const struct db_value values[] = {db_int(filter->visible), db_int(filter->domains),
		db_int(filter->states), db_int(filter->levels), db_int(filter->before),
		db_int(filter->limit), db_text(match)};
	size_t count = sizeof values / sizeof *values;
	bool nothing = filter->search.len > 0 && match.len == 0;
	CLEANUP(query_end)
	struct query *q = nothing ? NULL : db_query(db, sql, values, match.len ? count : count - 1);

	json_begin_array(w);
	while (query_next(q))
		write_summary(q, w);
	json_end_array(w);
}

void alerts_changed(
	struct db *db, const struct alerts_since *since, alerts_each_fn *each, void *ctx)
{
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(query_end)
	struct query *q = db_query(db,
		"SELECT " SUMMARY " FROM alert a WHERE a.change > ?1 AND ((1 << a.domain) & ?2)"
		" ORDER BY a.change LIMIT ?3",
		DB_VALUES(db_int(since->change), db_int(since->visible), db_int(since->limit)));

	while (query_next(q)) {
		struct json_writer w = json_writer_on(&out);

		buf_clear(&out);
		write_summary(q, &w);
		each(ctx, query_int(q, 1), buf_slice(&out));
	}
}

static void write_history(struct db *db, struct slice alert_id, struct json_writer *w)
{
	CLEANUP(query_end)
	struct query *q = db_query(db,
		"SELECT at_us, actor, action, detail FROM (SELECT * FROM audit WHERE alert_id = ?1"
		" AND alert_id <> '' ORDER BY seq DESC LIMIT ?2) ORDER BY seq",
		DB_VALUES(db_text(alert_id), db_int(HISTORY_MAX)));

	json_begin_array(w);
	while (query_next(q)) {
		json_begin_object(w);
		write_time(w, "at", query_int(q, 0));
		write_text(w, "actor", query_bytes(q, 1));
		write_text(w, "action", query_bytes(q, 2));
		json_key(w, "detail");
		json_raw(w, query_bytes(q, 3));
		json_end_object(w);
	}
	json_end_array(w);
}

bool alerts_detail(struct db *db, unsigned visible, struct slice alert_id, struct json_writer *w)
{
	CLEANUP(query_end)
	struct query *q = db_query(db,
		"SELECT " SUMMARY ", a.body FROM alert a WHERE a.alert_id = ?1"
		" AND ((1 << a.domain) & ?2)",
		DB_VALUES(db_text(alert_id), db_int(visible)));

	if (!query_next(q))
		return false;
	json_begin_object(w);
	json_key(w, "summary");
	write_summary(q, w);
	json_key(w, "alert");
	json_raw(w, query_bytes(q, 19));
	json_key(w, "history");
	write_history(db, alert_id, w);
	json_end_object(w);
	return true;
}

void alerts_counts(struct db *db, unsigned visible, int64_t now_us, struct json_writer *w)
{
	static const int64_t day_us = 24LL * 3600 * 1000000;
	int64_t levels[ALERT_LEVEL_COUNT] = {0};

	{
		CLEANUP(query_end)
		struct query *q = db_query(db,
			"SELECT level, count(*) FROM alert WHERE received_us > ?1"
			" AND ((1 << domain) & ?2) GROUP BY level",
			DB_VALUES(db_int(now_us - day_us), db_int(visible)));

		while (query_next(q))
			levels[query_int(q, 0)] = query_int(q, 1);
	}
	json_key(w, "levels_24h");
	json_begin_object(w);
	for (enum alert_level level = ALERT_INFORMATIONAL; level <= ALERT_CRITICAL; level++)
		write_int(w, alert_level_name(level), levels[level]);
	json_end_object(w);

	json_key(w, "open");
	json_begin_object(w);
	for (enum alert_state state = ALERT_NEW; state < ALERT_CLOSED; state++)
		write_int(w, states[state],
			db_query_int(db,
				"SELECT count(*) FROM alert WHERE state = ?1 AND ((1 << domain) & ?2)",
				DB_VALUES(db_int(state), db_int(visible)), 0));
	json_end_object(w);
}

/* From which states an act is possible, and where it leads. */
static const struct transition {
	unsigned from;
	enum alert_state to;
	bool moves;
} transitions[ACT_COUNT] = {
	[ACT_ACKNOWLEDGE] = {1U << ALERT_NEW, ALERT_ACKNOWLEDGED, true},
	[ACT_COMMENT] = {1U << ALERT_NEW | 1U << ALERT_ACKNOWLEDGED | 1U << ALERT_CLOSED, ALERT_NEW,
		false},
	[ACT_INCIDENT] = {1U << ALERT_NEW | 1U << ALERT_ACKNOWLEDGED, ALERT_ACKNOWLEDGED, true},
	[ACT_CLOSE] = {1U << ALERT_NEW | 1U << ALERT_ACKNOWLEDGED, ALERT_CLOSED, true},
	[ACT_REOPEN] = {1U << ALERT_CLOSED, ALERT_NEW, true},
};

static void audit_action(struct db *db, const struct alert_action *action)
{
	CLEANUP(buf_release) struct buf detail = {0};
	struct json_writer w = json_writer_on(&detail);

	json_begin_object(&w);
	if (action->disposition != DISPOSITION_NONE)
		write_text(&w, "disposition", slice_of(dispositions[action->disposition]));
	if (action->incident.len)
		write_text(&w, "incident", action->incident);
	if (action->note.len)
		write_text(&w, "note", action->note);
	json_end_object(&w);
	audit_append(db,
		&(struct audit_entry){action->now_us, action->actor, action->address,
			slice_of(acts[action->act]), action->alert_id, buf_slice(&detail)});
}

enum acted alerts_act(struct db *db, const struct alert_action *action)
{
	int64_t state = db_query_int(db,
		"SELECT state FROM alert WHERE alert_id = ?1 AND ((1 << domain) & ?2)",
		DB_VALUES(db_text(action->alert_id), db_int(action->visible)), -1);
	const struct transition *t = &transitions[action->act];

	if (state < 0)
		return ACTED_NO_SUCH;
	if (!(t->from & 1U << state))
		return ACTED_WRONG_STATE;

	struct slice assignee = action->act == ACT_REOPEN ? SLICE("") : action->actor;

	db_run(db,
		"UPDATE alert SET change = ?2, state = iif(?3, ?4, state),"
		" assignee = iif(?3, ?5, assignee), disposition = iif(?3, ?6, disposition)"
		" WHERE alert_id = ?1",
		DB_VALUES(db_text(action->alert_id), db_int(next_change(db)), db_int(t->moves),
			db_int(t->to), db_text(assignee), db_int(action->disposition)));
	if (action->incident.len)
		db_run(db,
			"UPDATE alert SET incident = ?2,"
			" incident_us = iif(incident_us = 0, ?3, incident_us) WHERE alert_id = ?1",
			DB_VALUES(db_text(action->alert_id), db_text(action->incident),
				db_int(action->now_us)));
	audit_action(db, action);
	if (t->moves)
		outbox_put(db,
			&(struct outbox_change){action->alert_id, action->note, action->now_us});
	return ACTED;
}
