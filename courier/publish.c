#include "courier/publish.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { FORGET_MS = 60 * 1000, TRY_MS = 2000 };

const char *const publish_settings[] = {
	"listen", "secret_file", "cert_file", "key_file", "allow_plain", "kept", "kept_max", NULL};

bool publish_check(const struct target_config *config, struct err *err)
{
	struct readers readers;

	return serve_check(config, err) && readers_read_file(config->secret_file, &readers, err);
}

static void handle(void *ctx, struct request *req)
{
	struct publisher *p = ctx;

	p->how->handle(p, req);
}

/* An address that is taken, or a certificate that is being replaced, is no reason to lose alerts:
 * they are stored, and serving is tried again. */
static void try_to_serve(struct publisher *p)
{
	struct serve_options options = {
		.config = p->place.config, .clock = p->place.clock, .handle = handle, .ctx = p};
	struct err err = {0};

	if (p->serve || p->place.trial || mono_left_ms(p->next_try, clock_mono(p->place.clock)) > 0)
		return;
	p->next_try = mono_after(clock_mono(p->place.clock), TRY_MS);
	p->serve = serve_start(&options, &err);
	(void)snprintf(p->trouble, sizeof(p->trouble), "%s", p->serve ? "" : err_text(&err));
}

const char *publish_trouble(void *sender)
{
	struct publisher *p = sender;

	return p->trouble;
}

static bool start(struct publisher *p, struct err *err)
{
	const char *folder = p->place.state_dir, *name = p->place.config->name;

	if (!readers_read_file(p->place.config->secret_file, &p->readers, err))
		return false;
	if (p->place.trial) /* perhaps beside a courier that holds the address */
		return true;
	p->shelf = shelf_open(folder, name, p->place.clock, err);
	if (p->shelf)
		p->offered = shelf_open(folder, name, p->place.clock, err);
	if (!p->offered)
		return false;
	try_to_serve(p);
	return true;
}

void *publish_open(const struct target_place *place, const struct publication *how, struct err *err)
{
	struct publisher *p = mem_alloc(sizeof(*p));
	void *sender = p;

	p->place = *place;
	p->how = how;
	p->json = json_reader_new(ALERT_JSON_MAX);
	p->arena = arena_new();
	if (!start(p, err))
		publish_close(&sender);
	return sender;
}

void publish_close(void **sender)
{
	struct publisher *p = *sender;

	if (!p)
		return;
	serve_stop(&p->serve);
	if (p->begun) {
		int ignored = shelf_end(p->shelf);

		(void)ignored; /* nobody was told; it comes again */
	}
	shelf_close(&p->offered);
	shelf_close(&p->shelf);
	json_reader_free(&p->json);
	arena_free(&p->arena);
	mem_free(p);
	*sender = NULL;
}

void publish_send(void *sender, const struct parcel *parcel)
{
	struct publisher *p = sender;
	struct observed seen;

	must(p->count < QUEUE_ITEMS_MAX);
	p->tokens[p->count++] = parcel->token;
	if (p->place.trial)
		return;
	/* A notice urges people; of an alert that is offered already it makes no new version. */
	arena_rewind(p->arena);
	observed_read(p->json, p->arena, parcel->alert, &seen);
	if (!p->begun)
		shelf_begin(p->shelf);
	p->begun = true;
	p->how->put(p, parcel, &seen);
}

static void forget(struct publisher *p)
{
	const struct target_config *c = p->place.config;
	mono_t now = clock_mono(p->place.clock);

	if (p->place.trial || mono_left_ms(p->next_forget, now) > 0)
		return;
	p->next_forget = mono_after(now, FORGET_MS);
	int ignored = shelf_forget(p->shelf, c->kept_ms, c->kept_max * p->how->documents_per_alert);

	(void)ignored; /* tried again */
}

void publish_wait(void *sender, int64_t timeout_ms, target_on_answer *fn, void *ctx)
{
	struct publisher *p = sender;
	struct answer answer = {.verdict = VERDICT_DELIVERED};
	size_t count = p->count;
	void *tokens[QUEUE_ITEMS_MAX];

	try_to_serve(p);
	if (count == 0) {
		forget(p);
		(void)poll(NULL, 0, (int)timeout_ms);
		return;
	}
	int failed = p->begun ? shelf_end(p->shelf) : 0;

	p->begun = false;
	if (failed) {
		answer.verdict = VERDICT_RETRY;
		answer_say(&answer, "cannot be stored: %s", shelf_said(p->shelf));
	} else if (p->place.trial) {
		answer_say(&answer, "would be offered at %s; nothing was stored",
			p->place.config->listen);
	} else {
		answer_say(&answer, "offered at %s", p->place.config->listen);
	}
	memcpy(tokens, p->tokens, count * sizeof(*tokens));
	p->count = 0;
	for (size_t i = 0; i < count; i++)
		fn(ctx, tokens[i], &answer);
}
