#include "console/audit.h"
#include "console/call.h"
#include "console/cookie.h"
#include "console/limits.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

/* A log-in or change of password while its hash is being worked on; in the request's arena. */
struct attempt {
	struct request *req;
	struct person person;
	bool is_known;
	bool is_change; /* of the password, in a session */
};

static bool is_secure(const struct call *call)
{
	return slice_starts(slice_of(call->api->options.settings->origin), SLICE("https://"));
}

static const char *cookie_name(const struct call *call)
{
	return is_secure(call) ? "__Host-haidang" : "haidang";
}

struct slice session_cookie(const struct call *call)
{
	return cookie_find(request_header(call->req, "Cookie"), slice_of(cookie_name(call)));
}

static void set_cookie(struct call *call, const char *token, const char *more)
{
	CLEANUP(buf_release) struct buf value = {0};

	buf_printf(&value, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", cookie_name(call), token,
		is_secure(call) ? "; Secure" : "", more);
	request_add_header(call->req, "Set-Cookie", buf_slice(&value));
}

static void write_permissions(enum role role, struct json_writer *w)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{MAY_READ, "read"}, {MAY_ACT, "act"}, {MAY_AUDIT, "audit"}};

	json_begin_array(w);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (role_permissions(role) & names[i].bit)
			json_text(w, slice_of(names[i].name));
	json_end_array(w);
}

static void answer_session(struct call *call, const struct person *person, const char *csrf)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);

	json_begin_object(&w);
	json_key(&w, "name");
	json_text(&w, slice_of(person->name));
	json_key(&w, "role");
	json_text(&w, slice_of(role_name(person->role)));
	json_key(&w, "permissions");
	write_permissions(person->role, &w);
	json_key(&w, "domains");
	json_begin_array(&w);
	for (enum alert_domain d = ALERT_NETWORK; d <= ALERT_BRIDGE; d++)
		if (person->visible & 1U << d)
			json_text(&w, slice_of(alert_domain_name(d)));
	json_end_array(&w);
	json_key(&w, "must_change_password");
	json_bool(&w, person->must_change);
	json_key(&w, "csrf");
	json_text(&w, slice_of(csrf));
	json_end_object(&w);
	call_answer(call, 200, &out);
}

void session_show(struct call *call)
{
	answer_session(call, &call->session.person, call->session.csrf);
}

static void audit_session(struct call *call, const char *name, const char *action)
{
	audit_append(call->api->options.db,
		&(struct audit_entry){.at_us = call->now_us,
			.actor = slice_of(name),
			.address = call->req->address,
			.action = slice_of(action),
			.detail = SLICE("{}")});
}

void session_logout(struct call *call)
{
	struct db *db = call->api->options.db;

	db_begin(db, DB_WRITE);
	session_end(db, call->session.token);
	audit_session(call, call->session.person.name, "logout");
	if (!call_commit(call))
		return;
	set_cookie(call, "", "; Max-Age=0");
	request_answer(call->req, 204, NULL, SLICE(""));
}

static void refuse_wait(struct call *call, int64_t wait_ms)
{
	CLEANUP(buf_release) struct buf seconds = {0};

	buf_printf(&seconds, "%lld", (long long)(wait_ms + 999) / 1000);
	request_add_header(call->req, "Retry-After", buf_slice(&seconds));
	request_problem(call->req, 429, "wait", buf_text(&seconds));
}

static void put_text(struct slice text, char *ret, size_t *ret_len)
{
	must(text.len <= PASSWORD_LEN_MAX);
	memcpy(ret, text.at, text.len);
	*ret_len = text.len;
}

/* Counts the attempt as failed until it turns out otherwise, and has the hash worked on. */
static void try_password(
	struct call *call, struct attempt *attempt, struct slice password, struct slice fresh)
{
	struct api *api = call->api;
	struct slice name = slice_of(attempt->person.name);
	mono_t now = clock_mono(api->options.clock);
	int64_t wait_ms = backoff_wait_ms(api->backoff, name, call->req->address, now);
	struct hash_job job = {.ctx = attempt};

	if (wait_ms > 0) {
		refuse_wait(call, wait_ms);
		return;
	}
	memcpy(job.stored, attempt->is_known ? attempt->person.hash : password_hash_of_nobody(),
		attempt->is_known ? sizeof attempt->person.hash
				  : strlen(password_hash_of_nobody()) + 1);
	put_text(password, job.password, &job.password_len);
	put_text(fresh, job.fresh, &job.fresh_len);
	bool taken = hasher_check(api->hasher, &job);

	secret_wipe(&job, sizeof job);
	if (!taken) {
		request_add_header(call->req, "Retry-After", SLICE("2"));
		request_problem(call->req, 503, "busy", NULL);
		return;
	}
	backoff_failed(api->backoff, name, call->req->address, now);
	request_defer(call->req);
}

static struct attempt *attempt_new(struct call *call)
{
	struct attempt *attempt = arena_alloc(call->req->arena, sizeof *attempt);

	attempt->req = call->req;
	return attempt;
}

void session_login(struct call *call)
{
	struct slice name, password;
	const struct form_field fields[] = {
		{"name", NAME_LEN_MAX, &name}, {"password", PASSWORD_LEN_MAX, &password}};
	struct db *db = call->api->options.db;
	struct attempt *attempt = attempt_new(call);

	if (!call_form(call, fields, 2))
		return;
	db_begin(db, DB_READ);
	attempt->is_known = person_find(db, name, &attempt->person) && !attempt->person.disabled;
	if (!call_commit(call))
		return;
	if (!attempt->is_known) {
		attempt->person = (struct person){0};
		memcpy(attempt->person.name, name.at, name.len);
	}
	try_password(call, attempt, password, SLICE(""));
}

void session_password(struct call *call)
{
	struct slice old, fresh;
	const struct form_field fields[] = {
		{"old", PASSWORD_LEN_MAX, &old}, {"new", PASSWORD_LEN_MAX, &fresh}};
	struct attempt *attempt = attempt_new(call);

	if (!call_form(call, fields, 2))
		return;
	const char *fault = slice_equal(old, fresh)
		? "password_unchanged"
		: password_fault(fresh, slice_of(call->session.person.name));

	if (fault) {
		request_problem(call->req, 400, fault, NULL);
		return;
	}
	attempt->person = call->session.person;
	attempt->is_known = true;
	attempt->is_change = true;
	try_password(call, attempt, old, fresh);
}

/* The person may have been disabled or given another password meanwhile. */
static bool still_the_same(struct db *db, const struct attempt *attempt)
{
	struct person now;

	return person_find(db, slice_of(attempt->person.name), &now) && !now.disabled &&
		strcmp(now.hash, attempt->person.hash) == 0;
}

static void let_in(struct call *call, struct attempt *attempt, const char *fresh_hash)
{
	struct db *db = call->api->options.db;
	char token[TOKEN_TEXT_LEN + 1], csrf[2 * SHA256_LEN + 1];

	db_begin(db, DB_WRITE);
	bool same = still_the_same(db, attempt);

	if (same && attempt->is_change) {
		person_set_password(db, attempt->person.id, fresh_hash, false);
		attempt->person.must_change = false;
	}
	if (same) {
		session_start(db, attempt->person.id, call->now_us, token);
		audit_session(
			call, attempt->person.name, attempt->is_change ? "password" : "login");
	}
	if (!call_commit(call))
		return;
	if (!same) {
		request_problem(call->req, 401, "wrong_credentials", NULL);
		return;
	}
	session_csrf(slice_of(token), csrf);
	set_cookie(call, token, "");
	secret_wipe(token, sizeof token);
	answer_session(call, &attempt->person, csrf);
}

/* One entry for a wait, not one for each wrong password, of which anybody can make many. A name that
 * is no account's is left out: people type passwords there. An unknown name takes as long. */
static void note_wait(struct call *call, const struct attempt *attempt)
{
	struct db *db = call->api->options.db;

	if (!backoff_began(call->api->backoff, slice_of(attempt->person.name), call->req->address))
		return;
	db_begin(db, DB_WRITE);
	audit_session(call, attempt->is_known ? attempt->person.name : "", "login_wait");
	if (db_end(db) < 0)
		log_error("Wrong passwords cannot be noted: %s", db_said(db));
}

static void on_hashed(void *ctx, struct hash_job *job)
{
	struct api *api = ctx;
	struct attempt *attempt = job->ctx;
	struct call call = {
		.api = api, .req = attempt->req, .now_us = clock_wall_us(api->options.clock)};

	if (job->ret_refused) {
		request_problem(call.req, 503, "stopping", NULL);
		return;
	}
	if (!job->ret_fits || !attempt->is_known) {
		metric_add(api->login_failures, 1);
		log_notice("A log-in was refused address=%.*s", SLICE_ARG(call.req->address));
		note_wait(&call, attempt);
		request_problem(call.req, 401, "wrong_credentials", NULL);
		return;
	}
	backoff_succeeded(api->backoff, slice_of(attempt->person.name), call.req->address);
	let_in(&call, attempt, job->ret_hash);
}

void api_hashed(struct api *api)
{
	hasher_done(api->hasher, on_hashed, api);
}
