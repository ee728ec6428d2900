#include "courier/webhook.h"

#include "courier/cloudevent.h"
#include "courier/http.h"
#include "courier/secret.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <unistd.h>

struct webhook {
	struct target_place place;
	struct secrets secrets;
	struct http *http;
};

static bool webhook_check(const struct target_config *config, struct err *err)
{
	struct secrets secrets;

	if (!http_url_check(config->url, config->allow_plain, err))
		return false;
	if (!config->secret_file[0])
		return err_set(err, NULL, 0, "secret_file is missing: the signing secrets");
	if (config->ca_file[0] && access(config->ca_file, R_OK) < 0)
		return err_set(err, config->ca_file, 0, "cannot be read");
	bool ok = secrets_read_file(config->secret_file, &secrets, err);

	secrets_wipe(&secrets);
	return ok;
}

static void *webhook_open(const struct target_place *place, struct err *err)
{
	struct secrets secrets;

	if (!secrets_read_file(place->config->secret_file, &secrets, err))
		return NULL;
	struct webhook *hook = mem_alloc(sizeof(*hook));

	hook->place = *place;
	hook->secrets = secrets;
	secrets_wipe(&secrets);
	hook->http = http_new(&(struct http_options){
		.timeout_ms = place->config->timeout_ms,
		.connections = place->config->concurrency,
		.ca_file = place->config->ca_file[0] ? place->config->ca_file : NULL,
	});
	return hook;
}

static void webhook_close(void **sender)
{
	struct webhook *hook = *sender;

	if (!hook)
		return;
	http_free(&hook->http);
	secrets_wipe(&hook->secrets);
	mem_free(hook);
	*sender = NULL;
}

static void webhook_send(void *sender, const struct parcel *parcel)
{
	struct webhook *hook = sender;
	int64_t now = clock_wall_us(hook->place.clock) / 1000000;
	CLEANUP(buf_release) struct buf content = {0};
	CLEANUP(buf_release) struct buf signature = {0};

	/* What is signed is "id.timestamp.body": the body is its tail. */
	buf_printf(&content, "%s.%" PRId64 ".", parcel->key, now);
	size_t head_len = content.len;

	cloudevent_write(parcel, hook->place.source, &content);
	buf_add_text(&signature, "webhook-signature: ");
	secrets_sign(&hook->secrets, buf_slice(&content), &signature);

	CLEANUP(mem_cleanup) char *id = mem_printf("webhook-id: %s", parcel->key);
	CLEANUP(mem_cleanup) char *timestamp = mem_printf("webhook-timestamp: %" PRId64, now);
	const char *headers[] = {"content-type: application/cloudevents+json; charset=utf-8", id,
		timestamp, buf_text(&signature), NULL};

	http_post(hook->http,
		&(struct http_request){
			.url = hook->place.config->url,
			.headers = headers,
			.body = slice_from(buf_slice(&content), head_len),
			.token = parcel->token,
		});
}

struct relay {
	const struct clock *clock;
	target_on_answer *fn;
	void *ctx;
};

static void on_response(void *ctx, void *token, const struct http_response *response)
{
	struct relay *relay = ctx;
	struct answer answer = {.verdict = VERDICT_RETRY, .body = response->body};

	if (response->status) {
		answer.verdict = answer_verdict(response->status);
		answer.retry_after_ms =
			answer_retry_after_ms(response->retry_after, clock_wall_us(relay->clock));
		answer_say(
			&answer, "HTTP %d: %s", response->status, answer_words(response->status));
	} else {
		answer_say(&answer, "no answer: %s", response->said);
	}
	relay->fn(relay->ctx, token, &answer);
}

static void webhook_wait(void *sender, int64_t timeout_ms, target_on_answer *fn, void *ctx)
{
	struct webhook *hook = sender;
	struct relay relay = {.clock = hook->place.clock, .fn = fn, .ctx = ctx};

	http_run(hook->http, timeout_ms, on_response, &relay);
}

static const char *const settings[] = {"url", "secret_file", "ca_file", "allow_plain", NULL};

const struct target_kind webhook_kind = {
	.name = "webhook",
	.settings = settings,
	.check = webhook_check,
	.open = webhook_open,
	.close = webhook_close,
	.send = webhook_send,
	.wait = webhook_wait,
};
