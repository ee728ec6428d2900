#include "collector/collector.h"

#include "collector/limits.h"
#include "collector/listener.h"
#include "collector/relay.h"
#include "event/health.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <string.h>

enum { WAIT_MS = 100, STUCK_MS = 500, EXIT_BAD_INPUT = 2 };

struct input {
	const struct input_config *config;
	struct relay *relay; /* or */
	struct listener *listener;
	mono_t again; /* a relay that is stuck */
};

struct collector {
	const struct collector_config *config;
	const struct clock *clock;
	struct arena *a;
	struct redis_options redis_options;
	struct redis *redis; /* for health */
	struct service *service;
	struct metrics *metrics;
	struct networks *home;
	struct mapping *mapping; /* NULL: no syslog input */
	struct input inputs[INPUTS_MAX];
	size_t count, first; /* the input whose step is next */
	struct health health;
};

static const char *status(const struct collector *c)
{
	const char *said = "";

	for (size_t i = 0; i < c->count; i++)
		if (c->inputs[i].relay && *relay_said(c->inputs[i].relay))
			said = relay_said(c->inputs[i].relay);
	return *said ? said : "taking in";
}

static void on_health(void *ctx)
{
	struct collector *c = ctx;
	CLEANUP(arena_free) struct arena *a = arena_new();

	service_status(c->service, status(c));
	if (*c->config->shared.run_dir &&
		metrics_write_file(c->metrics,
			arena_printf(a, "%s/collector.prom", c->config->shared.run_dir)) < 0)
		log_warning("metrics cannot be written folder=%s", c->config->shared.run_dir);
	if (health_report(&c->health, c->redis, c->clock, c->metrics, status(c)) < 0)
		log_warning("Redis is away reason=\"%s\"", redis_said(c->redis));
}

static bool open_listener(struct collector *c, struct input *input, struct err *err)
{
	const struct publish_options publish = {
		.redis = c->redis_options,
		.kind = "net",
		.name = input->config->name,
		.spool_path = arena_printf(
			c->a, "%s/%s.spool", c->config->shared.state_dir, input->config->name),
		.spool_len_max = c->config->spool_len_max,
		.stream_len_max = c->config->stream_len_max,
	};
	const struct listener_options options = {
		.config = input->config,
		.mapping = c->mapping,
		.home = c->home,
		.publish = &publish,
		.service = c->service,
		.clock = c->clock,
		.metrics = c->metrics,
	};

	input->listener = listener_new(&options, err);
	return input->listener != NULL;
}

static bool open_input(struct collector *c, struct input *input, struct err *err)
{
	if (input->config->kind == INPUT_SYSLOG)
		return open_listener(c, input, err);

	const struct relay_options options = {
		.place = {input->config, &c->redis_options, c->clock},
		.home = c->home,
		.stream_len_max = c->config->stream_len_max,
		.metrics = c->metrics,
	};

	input->relay = relay_new(&options);
	return true;
}

static bool open_all(struct collector *c, struct err *err)
{
	const struct input_config *inputs = collector_inputs(c->config);
	bool maps = false;

	if (!settings_redis(&c->config->shared, c->a, &c->redis_options, err))
		return false;
	if (!c->redis_options.address)
		return err_set(err, NULL, 0, "redis.address: the collector needs a Redis");
	c->home = networks_new(c->config->home_networks.at, c->config->home_networks.count, err);
	for (size_t i = 0; i < c->config->inputs.count; i++)
		maps |= inputs[i].kind == INPUT_SYSLOG;
	if (maps)
		c->mapping = mapping_read(c->config->mappings, err);
	if (err_is_set(err))
		return false;
	c->redis = redis_new(&c->redis_options, c->clock);
	for (c->count = 0; c->count < c->config->inputs.count; c->count++) {
		c->inputs[c->count].config = &inputs[c->count];
		if (!open_input(c, &c->inputs[c->count], err))
			return false;
	}
	return true;
}

static void close_all(struct collector *c)
{
	for (size_t i = 0; i < c->config->inputs.count; i++) {
		relay_free(&c->inputs[i].relay);
		listener_free(&c->inputs[i].listener);
	}
	redis_free(&c->redis);
	mapping_free(&c->mapping);
	networks_free(&c->home);
	metrics_free(&c->metrics);
	service_free(&c->service);
}

static void reload(struct collector *c)
{
	struct err err = {0};
	struct mapping *fresh = c->mapping ? mapping_read(c->config->mappings, &err) : NULL;

	if (!c->mapping)
		return;
	if (!fresh) {
		log_error("the mappings stay as they were: %s", err_text(&err));
		return;
	}
	for (size_t i = 0; i < c->count; i++)
		if (c->inputs[i].listener)
			listener_use(c->inputs[i].listener, fresh);
	mapping_free(&c->mapping);
	c->mapping = fresh;
	log_notice("mappings read again formats=%zu", mapping_count(fresh));
}

/* One step of every relay; whether any has more to do at once. One that is stuck may have waited for
 * Redis as long as its timeout: then sockets and the watchdog have their turn before the next. */
static bool step_all(struct collector *c)
{
	bool is_busy = false;

	for (size_t i = 0, first = c->first; i < c->count; i++) {
		size_t at = (first + i) % c->count;
		struct input *input = &c->inputs[at];

		if (!input->relay || mono_left_ms(input->again, clock_mono(c->clock)) > 0)
			continue;
		enum relay_state state = relay_step(input->relay);
		is_busy |= state == RELAY_BUSY;
		if (state != RELAY_STUCK)
			continue;
		input->again = mono_after(clock_mono(c->clock), STUCK_MS);
		c->first = at + 1;
		return true;
	}
	return is_busy;
}

static void on_sweep(void *ctx)
{
	struct collector *c = ctx;

	for (size_t i = 0; i < c->count; i++)
		if (c->inputs[i].listener)
			listener_sweep(c->inputs[i].listener);
}

int collector_run(void *config, struct arena *a)
{
	struct collector c = {.config = config, .clock = clock_system(), .a = a};
	struct err err = {0};

	c.service = service_new(c.clock);
	c.metrics = metrics_new();
	c.health = (struct health){"collector", "collector", clock_wall_us(c.clock)};
	if (!collector_check(config, &err) || !open_all(&c, &err)) {
		log_error("%s", err_text(&err));
		close_all(&c);
		return EXIT_BAD_INPUT;
	}
	service_timer(c.service, HEALTH_INTERVAL_MS, on_health, &c);
	service_timer(c.service, SWEEP_MS, on_sweep, &c);
	service_ready(c.service, "taking in");
	log_notice("started inputs=%zu", c.count);
	while (service_running(c.service)) {
		if (service_reload_wanted(c.service))
			reload(&c);
		service_wait(c.service, step_all(&c) ? 0 : WAIT_MS);
	}
	on_health(&c);
	close_all(&c);
	return 0;
}
