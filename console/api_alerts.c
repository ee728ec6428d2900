#include "console/call.h"
#include "console/limits.h"
#include "lib/mem.h"

/* A parameter of the list: one or several names parted by commas, as a mask of bits. */
typedef bool read_name_fn(struct slice name, unsigned *ret);

static bool read_state(struct slice name, unsigned *ret)
{
	enum alert_state state;
	bool known = alert_state_read(name, &state);

	*ret = known ? (unsigned)state : 0;
	return known;
}

static bool read_level(struct slice name, unsigned *ret)
{
	enum alert_level level;
	bool known = alert_level_read(name, &level);

	*ret = known ? (unsigned)level : 0;
	return known;
}

static bool read_domain(struct slice name, unsigned *ret)
{
	enum alert_domain domain;
	bool known = alert_domain_read(name, &domain);

	*ret = known ? (unsigned)domain : 0;
	return known;
}

static bool read_mask(struct slice names, read_name_fn *read, unsigned *ret)
{
	struct slice name;
	unsigned bit;

	*ret = 0;
	while (slice_cut(&names, ',', &name)) {
		if (!read(name, &bit))
			return false;
		*ret |= 1U << bit;
	}
	return true;
}

static bool read_number(const struct call *call, const char *name, int64_t fallback, int64_t *ret)
{
	struct slice text = request_target_param(&call->req->target, name);

	*ret = fallback;
	return text.len == 0 || (slice_to_i64(text, ret) && *ret >= 0);
}

/* NULL, or the name of the parameter that is wrong. */
static const char *read_filter(const struct call *call, struct alert_filter *ret)
{
	const struct request_target *t = &call->req->target;

	*ret = (struct alert_filter){.visible = call->session.person.visible};
	if (!read_mask(request_target_param(t, "status"), read_state, &ret->states))
		return "status";
	if (!read_mask(request_target_param(t, "level"), read_level, &ret->levels))
		return "level";
	if (!read_mask(request_target_param(t, "domain"), read_domain, &ret->domains))
		return "domain";
	if (!read_number(call, "before", 0, &ret->before))
		return "before";
	if (!read_number(call, "limit", LIST_DEFAULT, &ret->limit) || ret->limit < 1 ||
		ret->limit > LIST_MAX)
		return "limit";
	ret->search = slice_trim(request_target_param(t, "q"));
	return NULL;
}

void alert_list(struct call *call)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct db *db = call->api->options.db;
	struct alert_filter filter;
	const char *wrong = read_filter(call, &filter);

	if (wrong) {
		request_problem(call->req, 400, "bad_parameter", wrong);
		return;
	}
	db_begin(db, DB_READ);
	json_begin_object(&w);
	json_key(&w, "change");
	json_int(&w, alerts_last_change(db));
	json_key(&w, "alerts");
	alerts_list(db, &filter, &w);
	json_end_object(&w);
	if (call_commit(call))
		call_answer(call, 200, &out);
}

static void answer_detail(struct call *call)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct db *db = call->api->options.db;

	db_begin(db, DB_READ);
	bool found = alerts_detail(db, call->session.person.visible, call->id, &w);

	if (!call_commit(call))
		return;
	if (found)
		call_answer(call, 200, &out);
	else
		request_problem(call->req, 404, "no_such_alert", NULL);
}

void alert_show(struct call *call)
{
	answer_detail(call);
}

static void act(struct call *call, struct alert_action *action)
{
	struct db *db = call->api->options.db;

	action->visible = call->session.person.visible;
	action->alert_id = call->id;
	action->actor = slice_of(call->session.person.name);
	action->address = call->req->address;
	action->now_us = call->now_us;
	db_begin(db, DB_WRITE);
	enum acted acted = alerts_act(db, action);

	if (!call_commit(call))
		return;
	switch (acted) {
	case ACTED:
		metric_add(call->api->alerts_acted, 1);
		api_changed(call->api);
		answer_detail(call);
		return;
	case ACTED_NO_SUCH: request_problem(call->req, 404, "no_such_alert", NULL); return;
	case ACTED_WRONG_STATE: request_problem(call->req, 409, "wrong_state", NULL); return;
	}
}

void alert_acknowledge(struct call *call)
{
	if (call->req->body.len == 0 || call_form(call, NULL, 0))
		act(call, &(struct alert_action){.act = ACT_ACKNOWLEDGE});
}

void alert_comment(struct call *call)
{
	struct alert_action action = {.act = ACT_COMMENT};
	const struct form_field fields[] = {{"text", NOTE_LEN_MAX, &action.note}};

	if (call_form(call, fields, 1))
		act(call, &action);
}

void alert_incident(struct call *call)
{
	struct alert_action action = {.act = ACT_INCIDENT};
	const struct form_field fields[] = {
		{"severity", 32, &action.incident}, {"reason", NOTE_LEN_MAX, &action.note}};

	if (!call_form(call, fields, 2))
		return;
	if (incident_read(action.incident))
		act(call, &action);
	else
		request_problem(call->req, 400, "unknown_severity", NULL);
}

void alert_close(struct call *call)
{
	struct alert_action action = {.act = ACT_CLOSE};
	struct slice disposition;
	const struct form_field fields[] = {
		{"disposition", 32, &disposition}, {"reason", NOTE_LEN_MAX, &action.note}};

	if (!call_form(call, fields, 2))
		return;
	if (disposition_read(disposition, &action.disposition))
		act(call, &action);
	else
		request_problem(call->req, 400, "unknown_disposition", NULL);
}

void alert_reopen(struct call *call)
{
	struct alert_action action = {.act = ACT_REOPEN};
	const struct form_field fields[] = {{"reason", NOTE_LEN_MAX, &action.note}};

	if (call_form(call, fields, 1))
		act(call, &action);
}

void alert_stream(struct call *call)
{
	struct slice last = request_header(call->req, "Last-Event-ID");
	int64_t change;

	if (last.len ? !slice_to_i64(last, &change) || change < 0
		     : !read_number(call, "after", 0, &change)) {
		request_problem(
			call->req, 400, "bad_parameter", last.len ? "Last-Event-ID" : "after");
		return;
	}
	if (!streams_add(call->api->streams, call->req, &call->session, change))
		request_problem(call->req, 503, "busy", NULL);
}
