/* What the kinds that publish share: a shelf that alerts are put on, a server that offers it to known
 * readers, and a commit before any alert counts as delivered. */
#pragma once

#include "courier/observed.h"
#include "courier/readers.h"
#include "courier/serve.h"
#include "courier/shelf.h"

struct publisher;

struct publication {
	/* Puts the documents of a parcel, between shelf_begin() and shelf_end(). */
	void (*put)(struct publisher *p, const struct parcel *parcel, const struct observed *seen);
	/* Answers a request, on the server's thread. */
	void (*handle)(struct publisher *p, struct request *req);
	int64_t documents_per_alert; /* at most, about */
};

struct publisher {
	struct target_place place;
	const struct publication *how;
	struct readers readers;
	struct shelf *shelf;   /* of the sender's thread */
	struct shelf *offered; /* of the server's thread */
	struct serve *serve;
	struct json_reader *json;
	struct arena *arena;
	bool begun; /* something was put and not committed */
	void *tokens[QUEUE_ITEMS_MAX];
	size_t count;
	mono_t next_forget, next_try;
	char trouble[REASON_MAX]; /* why nothing is served at present */
};

extern const char *const publish_settings[];

bool publish_check(const struct target_config *config, struct err *err);
void *publish_open(
	const struct target_place *place, const struct publication *how, struct err *err);
void publish_close(void **sender);
void publish_send(void *sender, const struct parcel *parcel);
const char *publish_trouble(void *sender);
void publish_wait(void *sender, int64_t timeout_ms, target_on_answer *fn, void *ctx);
