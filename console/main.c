#include "console/api.h"
#include "console/commands.h"
#include "console/limits.h"
#include "console/password.h"
#include "console/record.h"
#include "console/settings.h"
#include "lib/http_server.h"
#include "lib/listen.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/program.h"
#include "lib/service.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { TICK_MS = 1000, METRICS_MS = 5000, DRAIN_MS = 3000 };

struct console {
	const struct console_settings *settings;
	const struct clock *clock;
	struct metrics *metrics;
	struct db *db;
	struct api *api;
	struct http_server *server;
	struct collector *collector;
	struct service *service;
};

static void on_http(void *ctx, int fd, unsigned events)
{
	struct console *c = ctx;

	(void)fd;
	(void)events;
	http_server_run(c->server);
}

static void on_alerts(void *ctx, int fd, unsigned events)
{
	struct console *c = ctx;

	(void)fd;
	(void)events;
	collector_seen(c->collector);
	api_changed(c->api);
}

static void on_hashed(void *ctx, int fd, unsigned events)
{
	struct console *c = ctx;

	(void)fd;
	(void)events;
	api_hashed(c->api);
}

static void on_tick(void *ctx)
{
	struct console *c = ctx;

	http_server_sweep(c->server);
	api_tick(c->api);
}

static void on_metrics(void *ctx)
{
	struct console *c = ctx;
	const char *folder = c->settings->shared.run_dir;

	if (!folder[0])
		return;
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/console.prom", folder);
	int failed = metrics_write_file(c->metrics, path);

	if (failed < 0)
		log_warning("The metrics file cannot be written path=%s why=%s", path,
			strerrordesc_np(-failed));
}

static const struct http_server_header security_headers[] = {
	{"Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
		"img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), microphone=(), geolocation=()"},
	{0},
};

static bool console_listen(struct console *c, char ret_url[LISTEN_URL_MAX], struct err *err)
{
	struct http_server_options options = {
		.limits = {.target = {TARGET_LEN_MAX, PARAM_LEN_MAX},
			.headers_len = HEADERS_LEN_MAX,
			.body_len = BODY_LEN_MAX,
			.request_ms = REQUEST_MS_MAX,
			.idle_s = IDLE_S_MAX,
			.connections = CONNECTIONS_MAX,
			.connections_per_address = (unsigned)c->settings->connections_per_address,
			.connection_memory = CONNECTION_MEMORY},
		.metrics_prefix = "haidang_console_http",
		.headers = security_headers,
		.handle = api_handle,
	};

	options.listen_fd = listen_open("console.listen", c->settings->listen, err);
	if (options.listen_fd < 0)
		return false;
	listen_url(options.listen_fd, ret_url);
	c->api = api_new(&(struct api_options){c->db, c->settings, c->clock, c->metrics});
	options.ctx = c->api;
	c->server = http_server_new(&options, c->clock, c->metrics);
	return c->server || err_set(err, NULL, 0, "libmicrohttpd cannot start");
}

static bool console_open(struct console *c, struct arena *a, struct err *err)
{
	const char *record = console_record_path(c->settings, a);
	struct collector_options collecting = {
		.record_path = record, .clock = c->clock, .metrics = c->metrics};
	char name[64] = "console", url[LISTEN_URL_MAX];

	(void)gethostname(name, sizeof name - 1);
	collecting.instance = arena_text(a, name);
	if (!settings_redis(&c->settings->shared, a, &collecting.redis, err))
		return false;
	c->db = record_open(record, err);
	if (!c->db)
		return false;
	if (!console_listen(c, url, err))
		return false;
	/* Last: from here on nothing is registered in the metrics. */
	c->collector = collector_new(&collecting, err);
	if (!c->collector)
		return false;
	api_set_collector(c->api, c->collector);
	(void)printf("%s\n", url);
	(void)fflush(stdout);
	log_notice("The console is at %s", url);
	service_ready(c->service, url);
	return true;
}

static void console_serve(struct console *c)
{
	service_watch(c->service, http_server_fd(c->server), EPOLLIN, on_http, c);
	service_watch(c->service, collector_fd(c->collector), EPOLLIN, on_alerts, c);
	service_watch(c->service, api_hasher_fd(c->api), EPOLLIN, on_hashed, c);
	service_timer(c->service, TICK_MS, on_tick, c);
	service_timer(c->service, METRICS_MS, on_metrics, c);
	while (service_running(c->service)) {
		if (service_reload_wanted(c->service))
			log_notice("The console has nothing to reload");
		service_wait(c->service, http_server_timeout_ms(c->server));
		http_server_run(c->server);
	}
}

/* What was asked before the end is answered; viewers are let go and come back to the next one. */
static void console_drain(struct console *c)
{
	mono_t until = mono_after(clock_mono(c->clock), DRAIN_MS);

	log_notice("The console ends");
	http_server_drain(c->server);
	api_drain(c->api);
	do {
		http_server_run(c->server);
		service_wait(c->service, 10);
	} while (!http_server_is_idle(c->server) && mono_left_ms(until, clock_mono(c->clock)) > 0);
}

static void console_release(struct console *c)
{
	http_server_free(&c->server);
	collector_free(&c->collector);
	api_free(&c->api);
	db_close(&c->db);
	metrics_free(&c->metrics);
	service_free(&c->service);
}

static int run(void *config, struct arena *a)
{
	CLEANUP(console_release)
	struct console c = {.settings = config, .clock = clock_system(), .metrics = metrics_new()};
	struct err err = {0};

	password_init();
	c.service = service_new(c.clock);
	if (!console_open(&c, a, &err)) {
		log_error("%s", err_text(&err));
		return 2;
	}
	console_serve(&c);
	console_drain(&c);
	return 0;
}

static bool check(void *config, struct err *err)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct console_settings *s = config;
	struct redis_options redis;

	return settings_redis(&s->shared, a, &redis, err) &&
		listen_check("console.listen", s->listen, err);
}

static int64_t log_level(const void *config)
{
	const struct console_settings *s = config;

	return s->shared.log_level;
}

int main(int argc, char **argv)
{
	static const struct program_option options[] = {
		{.name = "listen", .key = "console.listen"}, {0}};
	static const struct program_command commands[] = {
		{"user",
			"add NAME --role ROLE --domains network,information [--one-time] | list |"
			" password NAME [--one-time] | disable NAME",
			"People who may log in; a password is read from the standard input, or made and "
			"printed once",
			command_user},
		{"audit", "verify [HEAD]",
			"Check that no entry of the audit log was changed or removed",
			command_audit},
		{0}};
	static const struct program program = {.name = "haidang-console",
		.summary = "analysts review, decide and report",
		.schema = &console_schema,
		.options = options,
		.commands = commands,
		.check = check,
		.run = run,
		.log_level = log_level};

	return program_main(&program, argc, argv);
}
