#include "probe/run.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/service.h"
#include "probe/capture.h"
#include "probe/report.h"
#include "probe/watchdog.h"
#include "probe/worker.h"

#include <string.h>
#include <sys/epoll.h>

enum {
	FRAMES_PER_TAKE = 512,
	TAKES_PER_LOOK = 16, /* between looks at signals and counters while frames keep coming */
	WAIT_MS = 100,
	DRAIN_MS = 150,  /* longer than the kernel holds frames back */
	RETRY_MS = 1000, /* for an interface that went away */
	PACKET_LIMIT_MS = 2000,
	FLUSH_MS = 10000, /* for Redis to take what is left; a slow one, not one that is away */
	EVENTS_PER_DRAIN = 16384, /* a quarter of what the publisher queues */
	EXIT_OK = 0,
	EXIT_LOSS = 1,
	EXIT_INPUT = 2,
};

struct probe {
	const struct probe_config *config;
	bool live;
	struct metrics *metrics;
	struct networks *home;
	struct lookalike *lookalike;
	struct publish *publish;
	struct capture *capture;
	struct worker *worker;
	struct watchdog *watchdog;
	struct report *report;
	struct service *service;
	struct busy busy;
	bool away;        /* the interface, as it was told last */
	int watched_fd;   /* -1: none */
	uint64_t drained; /* events at the last wait for the publisher */
	const char *source;
};

static void stop(struct probe *p)
{
	watchdog_free(&p->watchdog);
	worker_free(&p->worker);
	publish_free(&p->publish);
	report_free(&p->report);
	capture_free(&p->capture);
	service_free(&p->service);
	lookalike_free(&p->lookalike);
	networks_free(&p->home);
	metrics_free(&p->metrics);
}

bool probe_check_files(const struct probe_config *config, struct err *err)
{
	struct lookalike *lookalike = NULL;
	struct ndpi_engine *ndpi = ndpi_engine_new(config->ndpi_protocols, 1, err);
	bool good = ndpi != NULL;

	if (good && config->assets[0] != '\0')
		good = (lookalike = lookalike_read(config->assets, err)) != NULL;
	lookalike_free(&lookalike);
	ndpi_engine_free(&ndpi);
	return good;
}

static bool open_capture(struct probe *p, struct err *err)
{
	const struct probe_config *c = p->config;
	const struct capture_options options = {
		.interface = c->interface,
		.files = &c->read,
		.filter = c->filter,
		.snaplen = (int)c->snaplen,
		.buffer_len = (int)c->capture_buffer,
	};

	if (!p->live && c->read.count == 0)
		return err_set(err, NULL, 0,
			"nothing to read: give an interface (-i, probe.interface) or a file (-r)");
	p->capture = p->live ? capture_open_live(&options, err) : capture_open_files(&options, err);
	return p->capture != NULL;
}

/* Events read from files for a person to look at go to stdout alone. */
static bool uses_redis(const struct probe *p)
{
	bool to_stdout = strcmp(p->config->output, "-") == 0;

	return p->config->shared.redis_address[0] != '\0' && (p->live || !to_stdout);
}

static void start_publish(struct probe *p, const struct redis_options *redis)
{
	const struct probe_config *c = p->config;
	CLEANUP(mem_cleanup) char *spool = NULL;
	struct publish_options options = {
		.kind = "net",
		.name = c->sensor,
		.spool_len_max = c->spool,
		.eve_path = c->output[0] != '\0' ? c->output : NULL,
	};

	if (redis)
		options.redis = *redis;
	else if (!options.eve_path)
		options.eve_path = "-";
	if (redis && c->spool > 0)
		spool = mem_printf("%s/probe-%s.spool", c->shared.state_dir, c->sensor);
	options.spool_path = spool;
	p->publish = publish_new(&options, clock_system(), p->metrics);
}

static bool start_worker(struct probe *p, struct err *err)
{
	const struct probe_config *c = p->config;
	const struct worker_options options = {
		.sensor = c->sensor,
		.ndpi_protocols_path = c->ndpi_protocols,
		.memory_len = (size_t)c->memory,
		.timeouts =
			{
				.unanswered = c->timeout_unanswered * 1000,
				.closed = c->timeout_closed * 1000,
				.tcp = c->timeout_tcp * 1000,
				.udp = c->timeout_udp * 1000,
				.other = c->timeout_other * 1000,
				.active = c->timeout_active * 1000,
			},
		.stats_us = c->stats_interval * 1000,
		.lookalike_silence_us = c->lookalike_silence * 1000,
		.home = p->home,
		.lookalike = p->lookalike,
		.publish = p->publish,
		.busy = &p->busy,
	};

	p->worker = worker_new(&options, err);
	return p->worker != NULL;
}

static bool start(struct probe *p, struct arena *a, struct err *err)
{
	const struct probe_config *c = p->config;
	struct redis_options redis;

	if (!probe_config_check(c, err))
		return false;
	p->live = c->read.count == 0 && c->interface[0] != '\0';
	p->metrics = metrics_new();
	p->home = networks_new(c->home_networks.at, c->home_networks.count, err);
	must(p->home);
	if (!settings_redis(&c->shared, a, &redis, err))
		return false;
	if (c->assets[0] != '\0' && !(p->lookalike = lookalike_read(c->assets, err)))
		return false;
	if (!open_capture(p, err))
		return false;
	p->service = service_new(clock_system());
	start_publish(p, uses_redis(p) ? &redis : NULL);
	if (!start_worker(p, err))
		return false;
	p->watchdog = watchdog_new(&p->busy, PACKET_LIMIT_MS);
	p->report = report_new(&(struct report_options){
		.metrics = p->metrics,
		.redis = uses_redis(p) && p->live ? &redis : NULL,
		.run_dir = p->live ? c->shared.run_dir : "", /* of the service */
		.sensor = c->sensor,
		.clock = clock_system(),
	});
	return true;
}

static void on_frame(void *ctx, const struct capture_frame *frame)
{
	struct probe *p = ctx;

	if (frame->source != p->source) {
		const char *slash = strrchr(frame->source, '/');

		p->source = frame->source;
		worker_set_interface(p->worker, slash ? slash + 1 : frame->source);
	}
	worker_packet(p->worker, frame->link, &frame->frame);
}

static void frames_are_there(void *ctx, int fd, unsigned events)
{
	(void)ctx, (void)fd, (void)events;
}

static void watch_source(struct probe *p)
{
	int fd = capture_fd(p->capture);

	if (fd == p->watched_fd)
		return;
	if (fd >= 0)
		service_watch(p->service, fd, EPOLLIN, frames_are_there, NULL);
	p->watched_fd = fd;
}

static void update_counters(struct probe *p)
{
	struct capture_drops drops = capture_drops(p->capture);
	struct worker_counts counts = worker_counts(p->worker);
	const struct worker_losses losses = {
		.kernel_drops = drops.kernel + drops.interface,
		.events_lost = publish_lost(p->publish),
	};

	worker_set_losses(p->worker, &losses);
	report_update(p->report, &counts, drops);
}

static void interface_failed(struct probe *p)
{
	/* The next take closes the descriptor. */
	if (p->watched_fd >= 0)
		service_unwatch(p->service, p->watched_fd);
	p->watched_fd = -1;
	if (!p->away)
		log_error("The capture failed, trying again until it works reason=%s",
			capture_said(p->capture));
	p->away = true;
	report_capture_is_up(p->report, false);
	service_wait(p->service, RETRY_MS);
	worker_tick(p->worker, clock_wall_us(clock_system()));
}

static void interface_works(struct probe *p)
{
	if (!p->away)
		return;
	log_notice("The capture works again interface=%s", p->config->interface);
	p->away = false;
	report_capture_is_up(p->report, true);
}

static void capture_live(struct probe *p)
{
	unsigned takes = 0;

	while (service_running(p->service)) {
		int count = capture_take(p->capture, FRAMES_PER_TAKE, on_frame, p);

		if (count == CAPTURE_FAILED) {
			interface_failed(p);
			continue;
		}
		interface_works(p);
		watch_source(p);
		if (count > 0 && ++takes % TAKES_PER_LOOK != 0)
			continue;
		update_counters(p);
		if (service_reload_wanted(p->service))
			publish_reopen(p->publish);
		service_wait(p->service, count > 0 ? 0 : WAIT_MS);
		if (count == 0)
			worker_tick(p->worker, clock_wall_us(clock_system()));
	}
}

/* What the kernel holds already is still taken; what keeps coming is not waited for. */
static void drain_live(struct probe *p)
{
	const struct clock *clock = clock_system();
	mono_t end = mono_after(clock_mono(clock), DRAIN_MS);

	while (mono_left_ms(end, clock_mono(clock)) > 0 && !p->away)
		if (capture_take(p->capture, FRAMES_PER_TAKE, on_frame, p) <= 0)
			service_wait(p->service, WAIT_MS / 10);
}

/* A file can be read faster than Redis takes events: the reader waits, so that none is dropped. */
static void keep_pace(struct probe *p, uint64_t events)
{
	if (events - p->drained < EVENTS_PER_DRAIN)
		return;
	p->drained = events;
	(void)publish_wait(p->publish, FLUSH_MS);
}

static int read_files(struct probe *p)
{
	unsigned takes = 0;

	while (service_running(p->service)) {
		int count = capture_take(p->capture, FRAMES_PER_TAKE, on_frame, p);

		if (count == CAPTURE_END)
			return EXIT_OK;
		if (count == CAPTURE_FAILED) {
			log_error("%s", capture_said(p->capture));
			return EXIT_INPUT;
		}
		keep_pace(p, worker_counts(p->worker).events);
		if (++takes % TAKES_PER_LOOK != 0)
			continue;
		update_counters(p);
		service_wait(p->service, 0);
	}
	return EXIT_OK;
}

/* A live probe need not wait: what Redis has not taken at its end is in the spool. */
static bool all_written(struct probe *p)
{
	bool taken = publish_wait(p->publish, FLUSH_MS);
	uint64_t lost = publish_lost(p->publish);

	if (!taken)
		log_error(
			"Redis has not taken all events, the rest goes when the probe runs again");
	if (lost > 0)
		log_error("Events are lost events=%llu", (unsigned long long)lost);
	return taken && lost == 0;
}

static int run(struct probe *p)
{
	int status = EXIT_OK;

	service_ready(p->service, p->live ? p->config->interface : "reading files");
	if (p->live) {
		log_notice("Capturing interface=%s", p->config->interface);
		capture_live(p);
		drain_live(p);
	} else {
		status = read_files(p);
	}
	update_counters(p);
	worker_finish(p->worker);
	if (!p->live && !all_written(p) && status == EXIT_OK)
		status = EXIT_LOSS;
	update_counters(p);
	return status;
}

int probe_run(const struct probe_config *config, struct arena *a)
{
	struct probe p = {.config = config, .watched_fd = -1};
	struct err err = {0};
	int status = EXIT_INPUT;

	if (start(&p, a, &err))
		status = run(&p);
	else
		log_error("%s", err_text(&err));
	stop(&p);
	return status;
}
