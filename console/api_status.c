#include "console/call.h"
#include "lib/mem.h"

void status_show(struct call *call)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct db *db = call->api->options.db;
	char now[TIME_TEXT_LEN + 1];

	time_write(call->now_us, now);
	json_begin_object(&w);
	json_key(&w, "now");
	json_text(&w, slice_of(now));
	json_key(&w, "version");
	json_text(&w, SLICE(VERSION));
	if (call->api->collector)
		collector_programs(call->api->collector, &w);
	db_begin(db, DB_READ);
	alerts_counts(db, call->session.person.visible, call->now_us, &w);
	json_end_object(&w);
	if (call_commit(call))
		call_answer(call, 200, &out);
}

void status_health(struct call *call)
{
	struct db *db = call->api->options.db;

	db_begin(db, DB_READ);
	(void)alerts_last_change(db);
	if (call_commit(call))
		request_answer(call->req, 200, "application/json", SLICE("{\"status\":\"ok\"}"));
}

/* From this machine itself; what a proxy on it passes on is not, and not every proxy says that it
 * is one: where there is one, nothing counts as local. */
static bool is_local(const struct call *call)
{
	const struct request *req = call->req;

	static const char *const passed_on[] = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};

	if (call->api->options.settings->origin[0])
		return false;
	for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
		if (request_header(req, passed_on[i]).len)
			return false;
	return slice_starts(req->address, SLICE("127.")) || slice_is(req->address, "::1");
}

void status_metrics(struct call *call)
{
	CLEANUP(buf_release) struct buf out = {0};
	bool allowed = call->has_session && !call->session.person.must_change;

	if (!allowed && !is_local(call)) {
		request_problem(call->req, 401, "not_logged_in", NULL);
		return;
	}
	metrics_write(call->api->options.metrics, &out);
	request_answer(call->req, 200, "text/plain; version=0.0.4", buf_slice(&out));
}
