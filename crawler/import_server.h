/* The way in for imports: POST /v1/import on a Unix socket, whose permissions are the key to it, or
 * at an address of loopback, where each request is signed (Standard Webhooks: webhook-id,
 * webhook-timestamp, webhook-signature) or bears the secret ("Authorization: Bearer whsec_…").
 *
 *     struct import_server *s = import_server_new(&options, clock, metrics, &err);
 *     service_watch(service, import_server_fd(s), EPOLLIN, …);
 *     import_server_run(s);       (in the loop)
 *     import_server_free(&s);
 *
 * The answer tells what became of each item (import.h). */
#pragma once

#include "crawler/import.h"
#include "lib/metrics.h"

enum {
	IMPORT_REQUEST_MS = 30000,
	IMPORT_CONNECTIONS_MAX = 32,
	IMPORT_HEADERS_MAX = 8 * 1024,
	IMPORT_CLOCK_SKEW_S = 300, /* of a signature */
};

struct import_server;

struct import_server_options {
	const char *listen;      /* "unix:PATH" or an address of loopback with its port */
	const char *secret_file; /* "" for none; needed off the Unix socket */
	struct import *import;   /* borrowed; its sources may change between calls */
};

struct import_server *import_server_new(const struct import_server_options *options,
	const struct clock *clock, struct metrics *metrics, struct err *err);
void import_server_free(struct import_server **s);
int import_server_fd(const struct import_server *s);
int64_t import_server_wait_ms(const struct import_server *s, int64_t longest_ms);
void import_server_run(struct import_server *s);
void import_server_sweep(struct import_server *s); /* once a second */

/* Whether a request may come in: pure, for tests. `now_s` is Unix time. */
struct import_credentials {
	struct slice authorization, id, timestamp, signatures;
};
bool import_is_signed(struct slice secret, const struct import_credentials *given,
	struct slice body, int64_t now_s);
