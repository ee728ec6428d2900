#include "courier/serve.h"

#include "lib/file.h"
#include "lib/listen.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SWEEP_MS = 1000, PEM_MAX = 256 * 1024, SERVE_DRAIN_MS = 2000 };

struct serve {
	struct http_server *server;
	struct metrics *metrics;
	const struct clock *clock;
	struct buf certificate, key;
	int stop_fd;
	pthread_t thread;
};

static const struct http_server_header headers[] = {
	{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}, {0}};

static bool is_own_machine(const char *address)
{
	struct slice text = slice_of(address);

	return slice_starts(text, SLICE("127.")) || slice_starts(text, SLICE("[::1]"));
}

static bool read_pem(const struct target_config *config, struct buf *ret_certificate,
	struct buf *ret_key, struct err *err)
{
	return file_read(config->cert_file, PEM_MAX, ret_certificate, err) &&
		file_read(config->key_file, PEM_MAX, ret_key, err);
}

static void wipe(struct buf *secret)
{
	if (secret->len)
		explicit_bzero(secret->at, secret->len);
	buf_release(secret);
}

bool serve_check(const struct target_config *config, struct err *err)
{
	CLEANUP(buf_release) struct buf certificate = {0};
	struct buf key = {0};

	if (!listen_check("listen", config->listen, err))
		return false;
	if (!config->cert_file[0] != !config->key_file[0])
		return err_set(err, NULL, 0, "cert_file and key_file belong together");
	if (!config->cert_file[0])
		return is_own_machine(config->listen) || config->allow_plain ||
			err_set(err, NULL, 0,
				"'%s' can be reached by others: give cert_file and key_file, or allow_plain",
				config->listen);
	bool ok = read_pem(config, &certificate, &key, err);

	wipe(&key);
	return ok;
}

static void *serve_run(void *ctx)
{
	struct serve *s = ctx;
	mono_t sweep = mono_after(clock_mono(s->clock), SWEEP_MS), end = {0};
	bool ending = false;

	while (!ending ||
		(!http_server_is_idle(s->server) && mono_left_ms(end, clock_mono(s->clock)) > 0)) {
		struct pollfd at[] = {{.fd = http_server_fd(s->server), .events = POLLIN},
			{.fd = ending ? -1 : s->stop_fd, .events = POLLIN}};

		(void)poll(at, 2, ending ? 10 : (int)http_server_timeout_ms(s->server));
		http_server_run(s->server);
		if (mono_left_ms(sweep, clock_mono(s->clock)) == 0) {
			http_server_sweep(s->server);
			sweep = mono_after(clock_mono(s->clock), SWEEP_MS);
		}
		if (at[1].revents) {
			ending = true;
			end = mono_after(clock_mono(s->clock), SERVE_DRAIN_MS);
			http_server_drain(s->server);
		}
	}
	return NULL;
}

static void serve_free(struct serve **s)
{
	if (!*s)
		return;
	http_server_free(&(*s)->server);
	metrics_free(&(*s)->metrics);
	buf_release(&(*s)->certificate);
	wipe(&(*s)->key);
	if ((*s)->stop_fd >= 0)
		(void)close((*s)->stop_fd);
	mem_free(*s);
	*s = NULL;
}

struct serve *serve_start(const struct serve_options *options, struct err *err)
{
	const struct target_config *config = options->config;
	CLEANUP(serve_free) struct serve *s = mem_alloc(sizeof(*s));
	struct http_server_options server = {
		.limits = {.target = {.len = PUBLISH_TARGET_MAX, .param_len = PUBLISH_PARAM_MAX},
			.headers_len = PUBLISH_HEADERS_MAX,
			.body_len = PUBLISH_BODY_MAX,
			.request_ms = PUBLISH_REQUEST_MS,
			.idle_s = PUBLISH_IDLE_S,
			.connections = PUBLISH_CONNECTIONS,
			.connections_per_address = PUBLISH_CONNECTIONS_PER_ADDRESS,
			.connection_memory = PUBLISH_CONNECTION_MEMORY},
		.metrics_prefix = "haidang_courier_http",
		.headers = headers,
		.handle = options->handle,
		.ctx = options->ctx,
	};

	s->clock = options->clock;
	s->metrics = metrics_new();
	s->stop_fd = eventfd(0, EFD_CLOEXEC);
	must(s->stop_fd >= 0);
	if (config->cert_file[0]) {
		if (!read_pem(config, &s->certificate, &s->key, err))
			return NULL;
		server.certificate = buf_text(&s->certificate);
		server.key = buf_text(&s->key);
	}
	server.listen_fd = listen_open("listen", config->listen, err);
	if (server.listen_fd < 0)
		return NULL;
	s->server = http_server_new(&server, s->clock, s->metrics);
	if (!s->server) {
		(void)close(server.listen_fd);
		err_set(err, config->cert_file, 0, "cannot be used with %s", config->key_file);
		return NULL;
	}
	must(pthread_create(&s->thread, NULL, serve_run, s) == 0);
	struct serve *started = s;

	s = NULL;
	return started;
}

void serve_stop(struct serve **s)
{
	if (!*s)
		return;
	must(eventfd_write((*s)->stop_fd, 1) == 0);
	must(pthread_join((*s)->thread, NULL) == 0);
	serve_free(s);
}
