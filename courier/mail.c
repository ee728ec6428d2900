#include "courier/mail.h"

#include "courier/digest.h"
#include "courier/http.h"
#include "courier/mime.h"
#include "courier/queue.h"
#include "courier/secret.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct mail {
	struct target_place place;
	char password[PASSWORD_ROOM];
	struct http *http;
	struct digest *digest;       /* NULL: a mail per alert */
	void *kept[QUEUE_ITEMS_MAX]; /* tokens of alerts in the digest, answered after the sync */
	size_t kept_count;
	bool digest_flying;
	mono_t next_digest; /* no attempt before */
	int64_t pause_ms;
	char trouble[REASON_MAX + 32];
};

static bool is_digest(const struct target_config *c)
{
	return c->digest_ms > 0 || c->digest_at.count > 0;
}

static bool addresses_check(const struct target_config *c, struct err *err)
{
	if (!mime_address_check(c->from))
		return err_set(err, NULL, 0, "from: found '%s', expected an address", c->from);
	if (!c->to.count || c->to.count > MAIL_RECEIVERS_MAX)
		return err_set(err, NULL, 0, "to: expected 1 to %d addresses", MAIL_RECEIVERS_MAX);
	for (size_t i = 0; i < c->to.count; i++)
		if (!mime_address_check(c->to.at[i]))
			return err_set(
				err, NULL, 0, "to: found '%s', expected an address", c->to.at[i]);
	return true;
}

static bool mail_check(const struct target_config *c, struct err *err)
{
	char password[PASSWORD_ROOM] = "";

	if (!http_mail_url_check(c->url, err) || !addresses_check(c, err) ||
		!digest_times_check(&c->digest_at, err))
		return false;
	if (c->digest_ms && c->digest_at.count)
		return err_set(err, NULL, 0, "digest and digest_at exclude each other");
	if (c->ca_file[0] && access(c->ca_file, R_OK) < 0)
		return err_set(err, c->ca_file, 0, "cannot be read");
	if (!c->user[0] != !c->secret_file[0])
		return err_set(err, NULL, 0, "user and secret_file belong together");
	bool ok = !c->user[0] || secret_read_password(c->secret_file, password, err);

	explicit_bzero(password, sizeof(password));
	return ok;
}

static void mail_close(void **sender)
{
	struct mail *m = *sender;

	if (!m)
		return;
	http_free(&m->http);
	digest_close(&m->digest);
	explicit_bzero(m->password, sizeof(m->password));
	mem_free(m);
	*sender = NULL;
}

static void *mail_open(const struct target_place *place, struct err *err)
{
	const struct target_config *c = place->config;
	struct mail *m = mem_alloc(sizeof(*m));
	void *half = m;

	m->place = *place;
	m->pause_ms = c->retry_min_ms;
	m->next_digest = clock_mono(place->clock);
	m->http = http_new(&(struct http_options){
		.timeout_ms = c->timeout_ms,
		.connections = c->concurrency,
		.ca_file = c->ca_file[0] ? c->ca_file : NULL,
	});
	bool ok = !c->user[0] || secret_read_password(c->secret_file, m->password, err);

	if (ok && is_digest(c) && !place->trial) {
		m->digest = digest_open(place, err);
		ok = m->digest != NULL;
	}
	if (!ok)
		mail_close(&half);
	return half;
}

struct envelope {
	const char *id, *thread;
	void *token;
};

static void post(struct mail *m, const struct letter *letter, const struct envelope *envelope)
{
	CLEANUP(buf_release) struct buf message = {0};
	const struct target_config *c = m->place.config;
	const char *const *to = (const char *const *)c->to.at;

	mime_write(&(struct mime_head){.from = c->from,
			   .to = to,
			   .to_count = c->to.count,
			   .id = envelope->id,
			   .thread = envelope->thread,
			   .wall_us = clock_wall_us(m->place.clock)},
		letter, &message);
	http_mail(m->http,
		&(struct http_mail){.url = c->url,
			.from = c->from,
			.to = to,
			.to_count = c->to.count,
			.user = c->user[0] ? c->user : NULL,
			.password = c->user[0] ? m->password : NULL,
			.allow_plain = c->allow_plain,
			.message = buf_slice(&message),
			.token = envelope->token});
}

static void mail_send(void *sender, const struct parcel *parcel)
{
	struct mail *m = sender;
	CLEANUP(letter_release) struct letter letter = {0};
	CLEANUP(mem_cleanup) char *first = mem_printf("%.*s-1", SLICE_ARG(parcel->alert->alert_id));
	bool follows = strcmp(first, parcel->key) != 0;

	if (m->digest) {
		must(m->kept_count < QUEUE_ITEMS_MAX);
		if (digest_add(m->digest, parcel) == 0) {
			m->kept[m->kept_count++] = parcel->token;
			return;
		} /* the disk or the digest is full: by itself, then */
	}
	letter_write(parcel, m->place.console, &letter);
	post(m, &letter, &(struct envelope){parcel->key, follows ? first : NULL, parcel->token});
}

/* What failed before the server asked for the message is a matter of settings or of the way; what
 * it says of the message itself is a refusal, or "later" (RFC 5321 §4.2.1). */
static enum verdict verdict_of(const struct http_response *response)
{
	if (!response->said[0])
		return VERDICT_DELIVERED;
	return response->read_mail && response->status >= 500 ? VERDICT_REFUSED : VERDICT_RETRY;
}

static const char *words_of(const struct http_response *response)
{
	switch (response->status) {
	case 0: return "no answer";
	case 421: return "it is not ready";
	case 450: return "a mailbox is not ready";
	case 451: return "it failed inside, or wants the mail again later";
	case 452: return "it has no room left";
	case 454:
	case 530:
	case 534:
	case 535:
	case 538: return "it does not accept user and password, or wants them";
	case 550:
	case 551:
	case 553: return "it does not take mail from or for one of the addresses";
	case 552: return "the mail is too large for it";
	case 554: return "it refuses the mail";
	default: return "the mail was not handed over";
	}
}

static void answer_mail(const struct http_response *response, struct answer *ret)
{
	*ret = (struct answer){.verdict = verdict_of(response)};
	if (ret->verdict == VERDICT_DELIVERED)
		answer_say(ret, "SMTP %d: it took the mail", response->status);
	else
		answer_say(ret, "SMTP %d: %s (%s)", response->status, words_of(response),
			response->said);
}

static void digest_answered(struct mail *m, const struct answer *answer)
{
	m->digest_flying = false;
	if (answer->verdict == VERDICT_DELIVERED) {
		digest_sent(m->digest);
		m->trouble[0] = '\0';
		m->pause_ms = m->place.config->retry_min_ms;
		return;
	}
	(void)snprintf(m->trouble, sizeof(m->trouble), "digest not mailed: %s", answer->said);
	m->next_digest = mono_after(clock_mono(m->place.clock), m->pause_ms);
	m->pause_ms = m->pause_ms * 2 < m->place.config->retry_max_ms
		? m->pause_ms * 2
		: m->place.config->retry_max_ms;
}

struct relay {
	struct mail *mail;
	target_on_answer *fn;
	void *ctx;
};

static void on_response(void *ctx, void *token, const struct http_response *response)
{
	struct relay *relay = ctx;
	struct answer answer;

	answer_mail(response, &answer);
	if (token == relay->mail)
		digest_answered(relay->mail, &answer);
	else
		relay->fn(relay->ctx, token, &answer);
}

static void digest_start(struct mail *m)
{
	CLEANUP(letter_release) struct letter letter = {0};
	char id[DIGEST_ID_MAX];

	if (m->digest_flying || mono_left_ms(m->next_digest, clock_mono(m->place.clock)) > 0 ||
		!digest_is_due(m->digest))
		return;
	if (!digest_compose(m->digest, m->place.console, &letter, id)) {
		(void)snprintf(m->trouble, sizeof(m->trouble), "the digest cannot be read");
		m->next_digest =
			mono_after(clock_mono(m->place.clock), m->place.config->retry_max_ms);
		return;
	}
	m->digest_flying = true;
	post(m, &letter, &(struct envelope){id, NULL, m});
}

static void answer_kept(struct mail *m, const struct relay *relay)
{
	struct answer answer = {.verdict = VERDICT_DELIVERED};

	if (m->kept_count == 0)
		return;
	if (digest_sync(m->digest) < 0) {
		answer.verdict = VERDICT_RETRY;
		answer_say(&answer, "the digest cannot be written");
	} else {
		answer_say(&answer, "kept for the next digest");
	}
	while (m->kept_count > 0)
		relay->fn(relay->ctx, m->kept[--m->kept_count], &answer);
}

static void mail_wait(void *sender, int64_t timeout_ms, target_on_answer *fn, void *ctx)
{
	struct mail *m = sender;
	struct relay relay = {m, fn, ctx};

	if (m->digest) {
		answer_kept(m, &relay);
		digest_start(m);
	}
	http_run(m->http, timeout_ms, on_response, &relay);
}

static const char *mail_trouble(void *sender)
{
	return ((struct mail *)sender)->trouble;
}

static const char *const settings[] = {"url", "secret_file", "ca_file", "allow_plain", "user",
	"from", "to", "digest", "digest_at", NULL};

const struct target_kind mail_kind = {
	.name = "mail",
	.settings = settings,
	.check = mail_check,
	.open = mail_open,
	.close = mail_close,
	.send = mail_send,
	.wait = mail_wait,
	.trouble = mail_trouble,
};
