#include "courier/syslog.h"

#include "courier/syslog_message.h"
#include "courier/wire.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINGER_MS = 100 /* for more alerts to go over the same connection */ };

struct message {
	void *token;
	struct buf frame;
};

struct syslog {
	struct target_place place;
	struct wire_address address;
	struct tls_credentials *credentials;
	struct syslog_origin origin;
	char host[SYSLOG_HOST_MAX + 1];
	struct json_reader *reader;
	struct arena *arena;

	struct wire *wire;
	mono_t deadline;       /* by when the wire must make progress */
	mono_t idle_since;     /* when the last message was written */
	struct message *burst; /* unconfirmed, the oldest first */
	size_t count, room;
	size_t written; /* messages of the burst that are wholly written */
	size_t offset;  /* bytes written of the next */
};

static const char *const syslog_settings[] = {"url", "ca_file", "cert_file", "key_file",
	"allow_plain", "format", "facility", "enterprise", NULL};

static bool files_check(const struct target_config *config, struct err *err)
{
	struct stat about;

	if (!config->cert_file[0] != !config->key_file[0])
		return err_set(err, NULL, 0, "cert_file and key_file belong together");
	if (stat(config->key_file, &about) == 0 && S_ISREG(about.st_mode) &&
		(about.st_mode & S_IRWXO))
		return err_set(
			err, config->key_file, 0, "everyone can read this key; chmod o-rwx it");
	return true;
}

static bool syslog_check(const struct target_config *config, struct err *err)
{
	struct wire_address address;

	if (!wire_address_read(config->url, config->allow_plain, &address, err) ||
		!files_check(config, err))
		return false;
	if (!address.tls)
		return true;
	struct tls_credentials *credentials =
		tls_credentials_new(config->ca_file, config->cert_file, config->key_file, err);
	bool ok = credentials != NULL;

	tls_credentials_free(&credentials);
	return ok;
}

static void *syslog_open(const struct target_place *place, struct err *err)
{
	const struct target_config *config = place->config;
	struct tls_credentials *credentials = NULL;
	struct wire_address address;

	if (!wire_address_read(config->url, config->allow_plain, &address, err))
		return NULL;
	if (address.tls)
		credentials = tls_credentials_new(
			config->ca_file, config->cert_file, config->key_file, err);
	if (address.tls && !credentials)
		return NULL;
	struct syslog *s = mem_alloc(sizeof(*s));

	s->place = *place;
	s->address = address;
	s->credentials = credentials;
	s->reader = json_reader_new(ALERT_JSON_MAX);
	s->arena = arena_new();
	s->room = (size_t)config->concurrency;
	s->burst = mem_array(s->room, sizeof(*s->burst));
	(void)gethostname(s->host, sizeof(s->host) - 1);
	s->origin = (struct syslog_origin){
		.facility = config->facility,
		.enterprise = config->enterprise,
		.format = config->format,
		.host = s->host,
		.process = getpid(),
	};
	return s;
}

static void syslog_close(void **sender)
{
	struct syslog *s = *sender;

	if (!s)
		return;
	wire_free(&s->wire);
	for (size_t i = 0; i < s->room; i++)
		buf_release(&s->burst[i].frame);
	mem_free(s->burst);
	json_reader_free(&s->reader);
	arena_free(&s->arena);
	tls_credentials_free(&s->credentials);
	mem_free(s);
	*sender = NULL;
}

static void syslog_send(void *sender, const struct parcel *parcel)
{
	struct syslog *s = sender;
	CLEANUP(buf_release) struct buf message = {0};
	struct observed seen;

	must(s->count < s->room);
	struct message *m = &s->burst[s->count++];

	arena_rewind(s->arena);
	observed_read(s->reader, s->arena, parcel->alert, &seen);
	syslog_write(&s->origin, parcel, &seen, &message);
	m->token = parcel->token;
	buf_clear(&m->frame);
	buf_printf(&m->frame, "%zu ", message.len);
	buf_add_slice(&m->frame, buf_slice(&message));
}

static mono_t now(const struct syslog *s)
{
	return clock_mono(s->place.clock);
}

static void expect_progress(struct syslog *s)
{
	s->deadline = mono_after(now(s), s->place.config->timeout_ms);
}

/* Answers for the whole burst and forgets it and the wire. */
static void settle(struct syslog *s, const struct answer *answer, target_on_answer *fn, void *ctx)
{
	size_t count = s->count;

	s->count = s->written = s->offset = 0;
	wire_free(&s->wire);
	for (size_t i = 0; i < count; i++)
		fn(ctx, s->burst[i].token, answer);
}

static void write_burst(struct syslog *s)
{
	while (s->written < s->count && wire_state(s->wire) == WIRE_OPEN) {
		struct buf *frame = &s->burst[s->written].frame;
		size_t len = wire_write(s->wire, slice_from(buf_slice(frame), s->offset));

		if (len == 0)
			return;
		expect_progress(s);
		s->offset += len;
		if (s->offset == frame->len) {
			s->written++;
			s->offset = 0;
			s->idle_since = now(s);
		}
	}
}

/* No more alerts can or will come soon: the receiver is to say that it read these. */
static bool burst_is_whole(const struct syslog *s)
{
	if (s->written < s->count || s->count == 0)
		return false;
	return s->count == s->room ||
		mono_left_ms(mono_after(s->idle_since, LINGER_MS), now(s)) == 0;
}

static void broken(struct syslog *s, const char *why, target_on_answer *fn, void *ctx)
{
	struct answer answer = {.verdict = VERDICT_RETRY};

	answer_say(&answer, "no delivery: %s", why);
	settle(s, &answer, fn, ctx);
}

static void finished(struct syslog *s, target_on_answer *fn, void *ctx)
{
	struct answer answer = {.verdict = VERDICT_DELIVERED};

	answer_say(&answer, "read by the receiver, which ended the connection in order");
	settle(s, &answer, fn, ctx);
}

static void timed_out(struct syslog *s, target_on_answer *fn, void *ctx)
{
	struct answer answer = {.verdict = VERDICT_DELIVERED};

	if (wire_state(s->wire) != WIRE_FINISHING || !wire_is_acknowledged(s->wire)) {
		broken(s, "the receiver did not answer in time", fn, ctx);
		return;
	}
	answer_say(&answer, "received by the receiver's machine; it did not end the connection");
	settle(s, &answer, fn, ctx);
}

static void syslog_wait(void *sender, int64_t timeout_ms, target_on_answer *fn, void *ctx)
{
	struct syslog *s = sender;

	if (!s->wire && s->count == 0) {
		(void)poll(NULL, 0, (int)timeout_ms);
		return;
	}
	if (!s->wire) {
		s->wire = wire_new(&s->address, s->credentials);
		expect_progress(s);
	}
	if (wire_state(s->wire) == WIRE_OPEN)
		write_burst(s);
	enum wire_state state = wire_run(s->wire, timeout_ms);

	if (state == WIRE_OPEN)
		write_burst(s);
	if (wire_state(s->wire) == WIRE_OPEN && burst_is_whole(s)) {
		wire_finish(s->wire);
		expect_progress(s);
	}
	if (wire_state(s->wire) == WIRE_BROKEN)
		broken(s, wire_said(s->wire), fn, ctx);
	else if (wire_state(s->wire) == WIRE_FINISHED)
		finished(s, fn, ctx);
	else if (mono_left_ms(s->deadline, now(s)) == 0)
		timed_out(s, fn, ctx);
}

const struct target_kind syslog_kind = {
	.name = "syslog",
	.settings = syslog_settings,
	.check = syslog_check,
	.open = syslog_open,
	.close = syslog_close,
	.send = syslog_send,
	.wait = syslog_wait,
};
