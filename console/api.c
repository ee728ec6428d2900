#include "console/api.h"

#include "console/assets.h"
#include "console/call.h"
#include "console/limits.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <string.h>

enum { EXPIRY_MS = 60000, TOUCH_US = 60 * 1000000 };

/* Who may come in. */
enum gate {
	GATE_OPEN,    /* anybody */
	GATE_SESSION, /* a session, even one that must change its password first */
	GATE_READ,    /* people who may read */
	GATE_ACT,     /* people who may act */
};

static const struct route {
	enum request_method method;
	const char *pattern; /* one part may be "*" */
	enum gate gate;
	bool is_use; /* keeps the session alive: something that a person does */
	void (*handle)(struct call *call);
} routes[] = {
	{METHOD_GET, "/api/v1/session", GATE_SESSION, true, session_show},
	{METHOD_POST, "/api/v1/session", GATE_OPEN, false, session_login},
	{METHOD_DELETE, "/api/v1/session", GATE_SESSION, false, session_logout},
	{METHOD_POST, "/api/v1/session/password", GATE_SESSION, true, session_password},
	{METHOD_GET, "/api/v1/alerts", GATE_READ, false, alert_list},
	{METHOD_GET, "/api/v1/alerts/*", GATE_READ, false, alert_show},
	{METHOD_POST, "/api/v1/alerts/*/acknowledge", GATE_ACT, true, alert_acknowledge},
	{METHOD_POST, "/api/v1/alerts/*/comment", GATE_ACT, true, alert_comment},
	{METHOD_POST, "/api/v1/alerts/*/incident", GATE_ACT, true, alert_incident},
	{METHOD_POST, "/api/v1/alerts/*/close", GATE_ACT, true, alert_close},
	{METHOD_POST, "/api/v1/alerts/*/reopen", GATE_ACT, true, alert_reopen},
	{METHOD_GET, "/api/v1/stream", GATE_READ, false, alert_stream},
	{METHOD_GET, "/api/v1/status", GATE_READ, false, status_show},
	{METHOD_GET, "/healthz", GATE_OPEN, false, status_health},
	{METHOD_GET, "/metrics", GATE_OPEN, false, status_metrics},
};

struct api *api_new(const struct api_options *options)
{
	struct api *a = mem_alloc(sizeof *a);
	const struct console_settings *s = options->settings;

	a->options = *options;
	a->times = (struct session_times){s->session_idle_ms, s->session_max_ms};
	a->json = json_reader_new(BODY_LEN_MAX);
	a->backoff = backoff_new();
	a->hasher = hasher_new();
	a->streams = streams_new(options->db, &a->times, options->clock, options->metrics);
	a->login_failures =
		metrics_counter(options->metrics, "haidang_console_login_failures_total", "",
			"Log-ins refused for a wrong name or password.");
	a->alerts_acted = metrics_counter(options->metrics, "haidang_console_actions_total", "",
		"Changes of an alert by an analyst.");
	a->next_expiry = clock_mono(options->clock);
	return a;
}

void api_free(struct api **a)
{
	if (!*a)
		return;
	hasher_free(&(*a)->hasher);
	streams_free(&(*a)->streams);
	backoff_free(&(*a)->backoff);
	json_reader_free(&(*a)->json);
	mem_free(*a);
	*a = NULL;
}

void api_set_collector(struct api *a, struct collector *collector)
{
	a->collector = collector;
}

int api_hasher_fd(const struct api *a)
{
	return hasher_fd(a->hasher);
}

void api_changed(struct api *a)
{
	streams_wake(a->streams);
}

void api_tick(struct api *a)
{
	mono_t now = clock_mono(a->options.clock);

	streams_beat(a->streams);
	if (mono_left_ms(a->next_expiry, now) > 0)
		return;
	a->next_expiry = mono_after(now, EXPIRY_MS);
	db_begin(a->options.db, DB_WRITE);
	sessions_expire(a->options.db, &a->times, clock_wall_us(a->options.clock));
	if (db_end(a->options.db) < 0)
		log_error("The record cannot be written: %s", db_said(a->options.db));
}

void api_drain(struct api *a)
{
	hasher_stop(a->hasher);
	api_hashed(a);
}

bool call_commit(struct call *call)
{
	struct db *db = call->api->options.db;

	if (db_end(db) == 0)
		return true;
	log_error("The record failed: %s", db_said(db));
	request_problem(call->req, 503, "storage", NULL);
	return false;
}

void call_answer(struct call *call, int status, const struct buf *json)
{
	request_answer(call->req, status, "application/json", buf_slice(json));
}

bool call_form(struct call *call, const struct form_field *fields, size_t count)
{
	struct form_fault fault;

	if (form_read(call->api->json, call->req->body, fields, count, &fault))
		return true;
	request_problem(call->req, 400, fault.error, fault.field);
	return false;
}

static bool path_fits(const char *pattern, struct slice path, struct slice *ret_id)
{
	struct slice wanted = slice_of(pattern), want, got;

	*ret_id = SLICE("");
	while (slice_cut(&wanted, '/', &want)) {
		if (!slice_cut(&path, '/', &got))
			return false;
		if (slice_is(want, "*") && got.len)
			*ret_id = got;
		else if (!slice_equal(want, got))
			return false;
	}
	return path.len == 0;
}

/* The route; NULL with `ret_allowed` telling the methods that the path knows. */
static const struct route *route_find(
	const struct request *req, struct slice *ret_id, struct buf *ret_allowed)
{
	static const char *const names[] = {"GET", "POST", "DELETE", ""};

	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		struct slice id;

		if (!path_fits(routes[i].pattern, req->target.path, &id))
			continue;
		if (routes[i].method == req->method) {
			*ret_id = id;
			return &routes[i];
		}
		buf_printf(
			ret_allowed, "%s%s", ret_allowed->len ? ", " : "", names[routes[i].method]);
	}
	return NULL;
}

/* A browser says where a request comes from; ours come from our own pages only. Programs without
 * a browser say nothing. */
static bool origin_is_ours(const struct call *call)
{
	struct slice origin = request_header(call->req, "Origin");
	struct slice site = request_header(call->req, "Sec-Fetch-Site");
	const char *wanted = call->api->options.settings->origin;

	if (site.len && !slice_is(site, "same-origin") && !slice_is(site, "none"))
		return false;
	if (origin.len == 0)
		return true;
	if (wanted[0])
		return slice_is(origin, wanted);
	return slice_starts(origin, SLICE("http://")) &&
		slice_equal(
			slice_from(origin, strlen("http://")), request_header(call->req, "Host"));
}

static bool body_is_json(const struct request *req)
{
	struct slice type = request_header(req, "Content-Type"), media;

	if (req->body.len == 0)
		return true;
	return slice_cut(&type, ';', &media) &&
		slice_equal_nocase(slice_trim(media), SLICE("application/json"));
}

static bool change_is_genuine(struct call *call, enum gate gate)
{
	if (!origin_is_ours(call))
		request_problem(call->req, 403, "foreign_origin", NULL);
	else if (!body_is_json(call->req))
		request_problem(call->req, 415, "not_json", NULL);
	else if (gate != GATE_OPEN &&
		!secret_equal(
			request_header(call->req, "X-CSRF-Token"), slice_of(call->session.csrf)))
		request_problem(call->req, 403, "csrf", NULL);
	else
		return true;
	return false;
}

/* False when the record failed and that was answered. */
static bool find_session(struct call *call)
{
	struct slice token = session_cookie(call);
	struct db *db = call->api->options.db;

	if (token.len == 0)
		return true;
	db_begin(db, DB_READ);
	call->has_session =
		session_find(db, token, &call->api->times, call->now_us, &call->session);
	return call_commit(call);
}

static bool may_pass(struct call *call, enum gate gate)
{
	unsigned permissions = role_permissions(call->session.person.role);

	if (gate == GATE_OPEN)
		return true;
	if (!call->has_session)
		request_problem(call->req, 401, "not_logged_in", NULL);
	else if (gate != GATE_SESSION && call->session.person.must_change)
		request_problem(call->req, 403, "password_change_required", NULL);
	else if (gate != GATE_SESSION &&
		!(permissions & (gate == GATE_ACT ? (unsigned)MAY_ACT : (unsigned)MAY_READ)))
		request_problem(call->req, 403, "not_permitted", NULL);
	else
		return true;
	return false;
}

/* On a full disk people can still read: what they ask for is not refused for this. */
static void keep_alive(struct call *call)
{
	struct db *db = call->api->options.db;

	if (call->now_us - call->session.seen_us < TOUCH_US)
		return;
	db_begin(db, DB_WRITE);
	session_touch(db, call->session.token, call->now_us);
	if (db_end(db) < 0)
		log_error("The use of a session cannot be noted: %s", db_said(db));
}

void api_handle(void *ctx, struct request *req)
{
	struct call call = {.api = ctx, .req = req};
	CLEANUP(buf_release) struct buf allowed = {0};
	const struct route *route = route_find(req, &call.id, &allowed);

	call.now_us = clock_wall_us(call.api->options.clock);
	if (!route && allowed.len) {
		request_add_header(req, "Allow", buf_slice(&allowed));
		request_problem(req, 405, "wrong_method", NULL);
		return;
	}
	if (!route) {
		assets_answer(req, call.api->options.settings->ui);
		return;
	}
	if (!find_session(&call))
		return;
	if (!may_pass(&call, route->gate))
		return;
	if (route->method != METHOD_GET && !change_is_genuine(&call, route->gate))
		return;
	if (call.has_session && route->is_use)
		keep_alive(&call);
	route->handle(&call);
}
