/* What the handlers of the API share: the parts they work with, and one request under way. */
#pragma once

#include "console/api.h"
#include "console/backoff.h"
#include "console/form.h"
#include "console/hasher.h"
#include "console/people.h"
#include "console/streams.h"
#include "lib/json_write.h"

struct api {
	struct api_options options;
	struct session_times times;
	struct json_reader *json; /* of request bodies */
	struct backoff *backoff;
	struct hasher *hasher;
	struct streams *streams;
	struct collector *collector; /* NULL at first */
	struct metric *login_failures, *alerts_acted;
	mono_t next_expiry;
};

struct call {
	struct api *api;
	struct request *req;
	struct slice id; /* the part of the path that stands for "*" */
	int64_t now_us;
	bool has_session;
	struct session session;
};

void session_show(struct call *call);
void session_login(struct call *call);
void session_logout(struct call *call);
void session_password(struct call *call);
struct slice session_cookie(const struct call *call); /* the token in the request; "" for none */

void alert_list(struct call *call);
void alert_show(struct call *call);
void alert_acknowledge(struct call *call);
void alert_comment(struct call *call);
void alert_incident(struct call *call);
void alert_close(struct call *call);
void alert_reopen(struct call *call);
void alert_stream(struct call *call);

void status_show(struct call *call);
void status_health(struct call *call);
void status_metrics(struct call *call);

/* Ends the transaction; false, with 503 answered, when the record failed. */
bool call_commit(struct call *call);
void call_answer(struct call *call, int status, const struct buf *json);

/* Reads the body; false, with 400 answered, when it is wrong. */
bool call_form(struct call *call, const struct form_field *fields, size_t count);
