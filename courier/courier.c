#include "courier/courier.h"

#include "courier/watch.h"
#include "courier/worker.h"
#include "event/health.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/service.h"

#include <stdio.h>
#include <string.h>

enum { BAD_CONFIG = 2, LOOP_MS = 1000 };

/* What one reading of the configuration gave; replaced as a whole on SIGHUP. */
struct generation {
	struct arena *arena;
	struct courier_config config;
	const struct routes *routes;
	struct redis_options redis;
	struct worker *workers[TARGETS_MAX];   /* as the targets; NULL: not started */
	char refused[TARGETS_MAX][REASON_MAX]; /* why not */
	struct watch *watch;
};

struct courier {
	const struct clock *clock;
	struct service *service;
	struct metrics *metrics;
	struct metric *targets, *failing, *reloads_failed;
	struct redis *redis; /* for health */
	struct generation *now;
	int64_t started_us;
};

static void generation_stop(struct generation *g)
{
	for (size_t i = 0; i < TARGETS_MAX; i++) /* all at once, so that they drain side by side */
		if (g->workers[i])
			worker_stop(g->workers[i]);
	watch_free(&g->watch);
	for (size_t i = 0; i < TARGETS_MAX; i++)
		if (g->workers[i])
			worker_join(g->workers[i]);
}

static void generation_free(struct generation **g)
{
	if (!*g)
		return;
	generation_stop(*g);
	for (size_t i = 0; i < TARGETS_MAX; i++)
		worker_free(&(*g)->workers[i]);
	arena_free(&(*g)->arena);
	mem_free(*g);
	*g = NULL;
}

/* Checks it and reads the password; starts nothing. Takes over the arena, in which the values of
 * `config` may live. */
static struct generation *generation_new(
	struct arena *arena, const struct courier_config *config, struct err *err)
{
	CLEANUP(generation_free) struct generation *g = mem_alloc(sizeof(*g));

	g->arena = arena;
	g->config = *config;
	bool refused;

	if (!courier_config_check(&g->config, err) ||
		!(g->routes = routes_read(arena, &g->config, &refused, err)) ||
		!settings_redis(&g->config.shared, arena, &g->redis, err))
		return NULL;
	if (!g->redis.address || !g->redis.address[0]) {
		err_set(err, NULL, 0, "redis.address: the courier needs Redis");
		return NULL;
	}
	struct generation *good = g;

	g = NULL;
	return good;
}

static struct worker *worker_of(
	const struct generation *g, const struct courier *c, size_t target, struct err *err)
{
	const struct worker_options options = {
		.place = {.config = &courier_targets(&g->config)[target],
			.source = g->config.source,
			.state_dir = g->config.shared.state_dir,
			.console = g->config.console_url,
			.clock = c->clock},
		.routes = g->routes,
		.index = target,
		.redis = g->redis,
		.metrics = c->metrics,
	};

	return worker_start(&options, err);
}

/* Starts what is not started yet; a target that cannot be leaves the others alone. */
static bool generation_start(struct generation *g, const struct courier *c)
{
	bool all = true;

	for (size_t i = 0; i < g->config.targets.count; i++) {
		struct err err = {0};

		if (g->workers[i] || (g->workers[i] = worker_of(g, c, i, &err)))
			continue;
		all = false;
		if (!g->refused[i][0])
			log_error("Target %s cannot be started: %s",
				courier_targets(&g->config)[i].name, err_text(&err));
		(void)snprintf(g->refused[i], REASON_MAX, "cannot be started: %s", err_text(&err));
	}
	if (!g->watch)
		g->watch = watch_start(&(struct watch_options){
			&g->config, g->routes, c->clock, g->redis, c->metrics});
	return all;
}

static bool is_failing(struct generation *g, size_t target, char ret_said[REASON_MAX])
{
	if (g->workers[target])
		return worker_is_failing(g->workers[target], ret_said);
	memcpy(ret_said, g->refused[target], REASON_MAX);
	return true;
}

static void status_write(struct courier *c, struct buf *out)
{
	struct generation *g = c->now;
	int64_t failing = 0;

	for (size_t i = 0; i < g->config.targets.count; i++) {
		char said[REASON_MAX];

		if (!is_failing(g, i, said))
			continue;
		buf_printf(out, "%s%s: %s",
			failing++ ? "; " : "degraded: ", courier_targets(&g->config)[i].name, said);
	}
	metric_set(c->failing, failing);
	metric_set(c->targets, (int64_t)g->config.targets.count);
	if (!failing)
		buf_printf(out, "delivering to %zu targets", g->config.targets.count);
}

static void report(struct courier *c)
{
	const struct courier_config *config = &c->now->config;
	struct health health = {"courier", config->name, c->started_us};
	CLEANUP(buf_release) struct buf status = {0};

	status_write(c, &status);
	service_status(c->service, buf_text(&status));
	if (health_report(&health, c->redis, c->clock, c->metrics, buf_text(&status)) < 0)
		log_warning("Health cannot be written: %s", redis_said(c->redis));
	if (!config->shared.run_dir[0])
		return;
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/courier.prom", config->shared.run_dir);
	int err = metrics_write_file(c->metrics, path);

	if (err < 0)
		log_warning("Metrics cannot be written, path=%s: %s", path, strerrordesc_np(-err));
}

/* The old workers end before the new ones start, for both would read as the same consumer. What was
 * under way and not acknowledged is pending and read first by the new ones. */
static void reload(struct courier *c, courier_reread *reread)
{
	struct arena *arena = arena_new();
	struct err err = {0};
	struct generation *next = NULL;
	const struct courier_config *config = reread(arena, &err);

	if (config)
		next = generation_new(arena, config, &err);
	else
		arena_free(&arena);
	if (!next) {
		metric_add(c->reloads_failed, 1);
		log_error("The configuration was not reloaded, the old one stays: %s",
			err_text(&err));
		return;
	}
	generation_free(&c->now);
	c->now = next;
	redis_free(&c->redis);
	c->redis = redis_new(&next->redis, c->clock);
	(void)generation_start(next, c); /* those left are tried again */
	log_notice("Configuration reloaded, targets=%zu", next->config.targets.count);
	report(c);
}

/* A port or file that was in use may be free by now. */
static void on_health_due(void *ctx)
{
	struct courier *c = ctx;

	(void)generation_start(c->now, c);
	report(c);
}

static void serve(struct courier *c, courier_reread *reread)
{
	service_timer(c->service, HEALTH_INTERVAL_MS, on_health_due, c);
	report(c);
	service_ready(c->service, "delivering");
	log_notice("Delivering alerts, targets=%zu", c->now->config.targets.count);
	while (service_running(c->service)) {
		if (service_reload_wanted(c->service))
			reload(c, reread);
		service_wait(c->service, LOOP_MS);
	}
	log_notice("Ending; what is not delivered yet stays in Redis");
	generation_stop(c->now);
	report(c);
}

int courier_run(const struct courier_config *config, courier_reread *reread)
{
	CLEANUP(metrics_free) struct metrics *metrics = metrics_new();
	struct courier c = {.clock = clock_system(), .metrics = metrics};
	struct err err = {0};

	c.started_us = clock_wall_us(c.clock);
	c.targets = metrics_gauge(metrics, "haidang_courier_targets", "", "Targets configured.");
	c.failing = metrics_gauge(metrics, "haidang_courier_targets_failing", "",
		"Targets that take no alerts at present.");
	c.reloads_failed = metrics_counter(metrics, "haidang_courier_reloads_failed_total", "",
		"Reloads refused for a bad configuration.");
	c.now = generation_new(arena_new(), config, &err);
	if (!c.now) {
		log_error("%s", err_text(&err));
		return BAD_CONFIG;
	}
	c.service = service_new(c.clock);
	c.redis = redis_new(&c.now->redis, c.clock);
	bool started = generation_start(c.now, &c);

	if (started)
		serve(&c, reread);
	generation_free(&c.now);
	redis_free(&c.redis);
	service_free(&c.service);
	return started ? 0 : BAD_CONFIG;
}
