/* The JSON API and the user interface's files, as answers to HTTP requests. docs/console.md has
 * the table of routes; it is the one in api.c. */
#pragma once

#include "console/collector.h"
#include "console/settings.h"
#include "lib/http_server.h"

struct api;

struct api_options {
	struct db *db; /* of the serving thread */
	const struct console_settings *settings;
	const struct clock *clock;
	struct metrics *metrics;
};

struct api *api_new(const struct api_options *options);
void api_free(struct api **a); /* after http_server_free() */

/* Until then nobody can ask how the programs are. */
void api_set_collector(struct api *a, struct collector *collector);

void api_handle(void *ctx, struct request *req); /* ctx: the api; http_server_handle_fn */

int api_hasher_fd(const struct api *a); /* readable when api_hashed() has work */
void api_hashed(struct api *a);

void api_changed(struct api *a); /* alerts came: the viewers shall see them */
void api_tick(struct api *a);    /* once a second */
void api_drain(struct api *a);   /* answers everything that is deferred */
