/* A server of a target that publishes: HTTP or HTTPS on a thread of its own. Its handler is called on
 * that thread.
 *
 *     struct serve *s = serve_start(&options, &err);
 *     …
 *     serve_stop(&s);                   (requests under way are answered first) */
#pragma once

#include "courier/target.h"
#include "lib/http_server.h"

struct serve;

struct serve_options {
	const struct target_config *config; /* listen, cert_file, key_file */
	const struct clock *clock;
	http_server_handle_fn *handle;
	void *ctx;
};

/* Whether the settings can be served: an address, and TLS unless it is this machine's own. */
bool serve_check(const struct target_config *config, struct err *err);

/* NULL with an error. */
struct serve *serve_start(const struct serve_options *options, struct err *err);
void serve_stop(struct serve **s); /* NULL-safe */
