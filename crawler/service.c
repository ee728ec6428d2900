#include "crawler/service.h"

#include "crawler/crawl.h"
#include "crawler/import_server.h"
#include "crawler/reader.h"
#include "event/health.h"
#include "event/streams.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/program.h"

#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* PARSES_MAX bounds the bodies held in memory while the parser is slower than the fetches. */
enum {
	SWEEP_MS = 60 * 1000,
	SWEEP_BUCKETS = 92,
	/* all buckets in a day */ LOOP_MS = 200,
	PARSES_MAX = 32,
	EXIT_BAD_INPUT = 2,
	ANSWER_LEN_MAX = 32 * 1024 * 1024
};

/* The files a running crawler reads; replaced as a whole. */
struct rules {
	struct classifier *classifier;
	struct lookalike *lookalike;
	struct sources *sources;
	struct calendar *calendar; /* NULL: none was there */
};

static void rules_release(struct rules *r)
{
	classifier_free(&r->classifier);
	lookalike_free(&r->lookalike);
	sources_release(&r->sources);
	calendar_free(&r->calendar);
}

/* A calendar that was not asked for by name need not be there. */
static bool calendar_find(
	const struct crawler_config *config, struct calendar **ret, struct err *err)
{
	const char *slash = strrchr(config->topics, '/');
	int folder = slash == NULL ? 0 : (int)(slash - config->topics) + 1;
	CLEANUP(mem_cleanup)
	char *beside = mem_printf("%.*scalendar.yaml", folder, config->topics);
	bool named = config->calendar[0] != '\0';

	*ret = NULL;
	if (!named && access(beside, F_OK) != 0)
		return true;
	*ret = calendar_read(named ? config->calendar : beside, err);
	return *ret != NULL;
}

static bool rules_read(const struct crawler_config *config, struct rules *ret, struct err *err)
{
	struct classifier_paths paths = {config->topics, config->places, config->assets};

	*ret = (struct rules){0};
	ret->sources = sources_read(config->sources, err);
	if (ret->sources != NULL)
		ret->classifier = classifier_read(&paths, err);
	if (ret->classifier != NULL)
		ret->lookalike = lookalike_read(config->assets, err);
	if (ret->lookalike != NULL && calendar_find(config, &ret->calendar, err))
		return true;
	rules_release(ret);
	return false;
}

struct crawler {
	const struct crawler_config *config;
	const struct clock *clock;
	struct service *service;
	struct metrics *metrics;
	struct redis *redis;        /* NULL: none */
	struct redis *memory_redis; /* of the memory, which leaves commands waiting in it */
	struct publish *publish;
	struct fetcher *fetcher;
	struct rules rules;
	struct knowledge knowledge;
	struct look_env env;
	struct crawl *crawl;
	struct reader *reader;
	struct import import;
	struct import_server *import_server; /* NULL: none */
	struct health health;
	struct metric *waiting, *deaths, *frontier, *series, *learnt;
};

bool crawler_check(void *config, struct err *err)
{
	const struct crawler_config *c = config;
	struct rules rules;

	if (!stream_name_is_valid(c->name))
		return err_set(
			err, NULL, 0, "crawler.name: letters, digits, - and _ were expected");
	if (!rules_read(c, &rules, err))
		return false;
	rules_release(&rules);
	return true;
}

static void know(struct crawler *c)
{
	c->knowledge.classifier = c->rules.classifier;
	c->knowledge.lookalike = c->rules.lookalike;
	trends_use(c->knowledge.trends, c->rules.calendar);
	c->import.sources = c->rules.sources;
	crawl_use(c->crawl, c->rules.sources);
}

static void reload(struct crawler *c)
{
	struct rules fresh;
	struct err err = {0};

	publish_reopen(c->publish);
	if (!rules_read(c->config, &fresh, &err)) {
		log_error("the rules stay as they were: %s", err_text(&err));
		return;
	}
	struct rules old = c->rules;
	c->rules = fresh;
	know(c);
	rules_release(&old);
	log_notice("rules read again sources=%zu", crawl_active(c->crawl));
}

static void on_health(void *ctx)
{
	struct crawler *c = ctx;
	CLEANUP(arena_free) struct arena *a = arena_new();

	metric_set(c->waiting, (int64_t)hosts_waiting(c->env.hosts));
	metric_set(c->deaths, (int64_t)page_worker_deaths(c->env.worker));
	metric_set(c->frontier, (int64_t)frontier_count(c->env.frontier));
	metric_set(c->series, (int64_t)trends_count(c->knowledge.trends));
	metric_set(c->learnt, (int64_t)trends_learnt_days(c->knowledge.trends));
	const char *status = crawl_status(c->crawl, a);
	service_status(c->service, status);
	if (c->config->shared.run_dir[0] != '\0' &&
		metrics_write_file(c->metrics,
			arena_printf(a, "%s/crawler.prom", c->config->shared.run_dir)) < 0)
		log_warning("metrics cannot be written folder=%s", c->config->shared.run_dir);
	if (crawl_report(c->crawl) < 0 || c->redis == NULL)
		return;
	if (health_report(&c->health, c->redis, c->clock, c->metrics, status) < 0)
		log_warning("Redis is away reason=\"%s\"", redis_said(c->redis));
}

/* What pages were read is remembered only when the events about them have arrived. What an address
 * is known by goes before its place in the frontier: between the two it is read, not lost. */
static void commit(struct crawler *c)
{
	struct knowledge *k = &c->knowledge;

	if (!remember_has_later(k->memory) && known_waiting(k->known) == 0 &&
		trends_waiting(k->trends) == 0 && frontier_uncommitted(c->env.frontier) == 0)
		return;
	if (!publish_wait(c->publish, 0))
		return;
	remember_commit(k->memory);
	if (trends_commit(k->trends) < 0 || known_commit(k->known) < 0 ||
		frontier_commit(c->env.frontier) < 0)
		log_warning("Redis is away: what was read is noted later reason=\"%s\"",
			redis_said(c->redis));
}

/* Forgets addresses that no feed has named for long, and looks for articles that come due. */
static void on_sweep(void *ctx)
{
	struct crawler *c = ctx;

	if (known_sweep(c->knowledge.known, SWEEP_BUCKETS) < 0 ||
		frontier_look(c->env.frontier) < 0)
		log_warning("Redis is away reason=\"%s\"", redis_said(c->redis));
}

static void on_second(void *ctx)
{
	struct crawler *c = ctx;

	if (c->import_server != NULL)
		import_server_sweep(c->import_server);
	if (trends_load(c->knowledge.trends) < 0)
		return;
	for (unsigned i = 0; i < FRONTIER_LANES && !frontier_is_whole(c->env.frontier); i++)
		if (frontier_look(c->env.frontier) < 0)
			return;
}

static void loop(struct crawler *c)
{
	on_second(c);
	while (service_running(c->service)) {
		if (service_reload_wanted(c->service))
			reload(c);
		crawl_tick(c->crawl);
		if (trends_are_loaded(c->knowledge.trends))
			reader_tick(c->reader);
		if (page_worker_busy(c->env.worker) < PARSES_MAX)
			hosts_tick(c->env.hosts);
		commit(c);
		int64_t wait_ms = fetcher_wait_ms(c->fetcher, hosts_wait_ms(c->env.hosts, LOOP_MS));
		service_wait(c->service,
			c->import_server == NULL
				? wait_ms
				: import_server_wait_ms(c->import_server, wait_ms));
		if (c->import_server != NULL)
			import_server_run(c->import_server);
		fetcher_tick(c->fetcher);
		page_worker_tick(c->env.worker);
	}
}

static struct publish *open_publish(struct crawler *c, const struct redis_options *redis)
{
	const struct crawler_config *config = c->config;
	struct publish_options options = {
		.redis = *redis,
		.kind = "web",
		.name = config->name,
		.eve_path = config->eve[0] == '\0' ? NULL : config->eve,
		.spool_path = config->spool[0] == '\0' ? NULL : config->spool,
		.spool_len_max = config->spool_len_max,
		.stream_len_max = config->stream_len_max,
	};

	return publish_new(&options, c->clock, c->metrics);
}

static void open_memory(struct crawler *c, struct arena *a, const struct redis_options *redis)
{
	const struct crawler_config *config = c->config;
	const char *prefix = arena_printf(a, "crawler:%s:", config->name);

	c->redis = redis->address == NULL ? NULL : redis_new(redis, c->clock);
	c->memory_redis = redis->address == NULL ? NULL : redis_new(redis, c->clock);
	c->publish = open_publish(c, redis);
	c->knowledge = (struct knowledge){
		.config = config,
		.clock = c->clock,
		.memory = remember_new(c->memory_redis, prefix, c->clock),
		.known = known_new(c->redis, config->name, c->clock, config->seen_ms),
		.trends = trends_new(c->redis, config->name, c->clock),
		.emitter = {c->publish, c->clock, config->name},
	};
}

static void open_parts(struct crawler *c, struct arena *a)
{
	const struct crawler_config *config = c->config;
	struct fetcher_options fetching = {crawler_user_agent(config, a), config->resolve.at,
		config->resolve.count, config->timeout_ms};
	struct hosts_options visiting = {
		config->delay_ms, (size_t)config->parallel, c->knowledge.memory};

	c->fetcher = fetcher_new(c->service, &fetching, c->clock);
	c->env = (struct look_env){
		.knowledge = &c->knowledge,
		.hosts = hosts_new(c->fetcher, &visiting, c->clock),
		.frontier = frontier_new(c->redis, config->name, c->clock, config->seen_ms),
		.worker = page_worker_new(c->service, c->clock),
		.metrics = c->metrics,
		.reader = json_reader_new(ANSWER_LEN_MAX),
	};
	c->crawl = crawl_new(&c->env, c->redis, c->clock);
	c->reader = reader_new(&c->env, c->crawl);
	c->waiting = metrics_gauge(
		c->metrics, "haidang_crawler_waiting", "", "Addresses waiting for their host.");
	c->deaths = metrics_gauge(c->metrics, "haidang_crawler_page_worker_deaths", "",
		"Parsers stopped at their limits.");
	c->frontier = metrics_gauge(c->metrics, "haidang_crawler_frontier", "",
		"Articles to be read within two hours.");
	c->series = metrics_gauge(c->metrics, "haidang_crawler_trend_series", "",
		"Topics at places with a baseline.");
	c->learnt = metrics_gauge(c->metrics, "haidang_crawler_trend_learnt_days", "",
		"Days the baselines were learnt from; trends are told from 14 on.");
}

/* Only wakes the loop. */
static void on_import(void *ctx, int fd, unsigned events)
{
	(void)ctx;
	(void)fd;
	(void)events;
}

static bool open_import(struct crawler *c, struct arena *a, struct err *err)
{
	const struct crawler_config *config = c->config;
	const char *listen = config->import_listen;

	if (listen[0] == '\0' && config->shared.run_dir[0] != '\0')
		listen = arena_printf(a, "unix:%s/crawler-import.sock", config->shared.run_dir);
	if (listen[0] == '\0' || strcmp(listen, "off") == 0)
		return true;
	c->import = (struct import){
		.knowledge = &c->knowledge,
		.frontier = c->env.frontier,
		.reader = json_reader_new(IMPORT_BODY_MAX),
	};
	c->import_server = import_server_new(
		&(struct import_server_options){listen, config->import_secret, &c->import},
		c->clock, c->metrics, err);
	if (c->import_server == NULL)
		return false;
	service_watch(c->service, import_server_fd(c->import_server), EPOLLIN, on_import, c);
	return true;
}

static void close_import(struct crawler *c)
{
	if (c->import_server != NULL)
		service_unwatch(c->service, import_server_fd(c->import_server));
	import_server_free(&c->import_server);
	json_reader_free(&c->import.reader);
}

/* Whoever calls back goes before what is called. */
static void close_parts(struct crawler *c)
{
	close_import(c);
	page_worker_free(&c->env.worker);
	fetcher_free(&c->fetcher);
	reader_free(&c->reader);
	crawl_free(&c->crawl);
	hosts_free(&c->env.hosts);
	json_reader_free(&c->env.reader);
	publish_wait(c->publish, 3000);
	commit(c);
	remember_free(&c->knowledge.memory);
	known_free(&c->knowledge.known);
	trends_free(&c->knowledge.trends);
	frontier_free(&c->env.frontier);
	publish_free(&c->publish);
	redis_free(&c->redis);
	redis_free(&c->memory_redis);
	rules_release(&c->rules);
	metrics_free(&c->metrics);
	service_free(&c->service);
}

int crawler_run(void *config, struct arena *a)
{
	struct crawler c = {.config = config, .clock = clock_system()};
	struct redis_options redis = {0};
	struct err err = {0};

	if (!settings_redis(&c.config->shared, a, &redis, &err) ||
		!rules_read(c.config, &c.rules, &err)) {
		log_error("%s", err_text(&err));
		return EXIT_BAD_INPUT;
	}
	if (!stream_name_is_valid(c.config->name)) {
		log_error("crawler.name: letters, digits, - and _ were expected");
		return EXIT_BAD_INPUT;
	}
	c.service = service_new(c.clock);
	c.metrics = metrics_new();
	c.health = (struct health){"crawler", c.config->name, clock_wall_us(c.clock)};
	open_memory(&c, a, &redis);
	open_parts(&c, a);
	if (!open_import(&c, a, &err)) {
		log_error("%s", err_text(&err));
		close_parts(&c);
		return EXIT_BAD_INPUT;
	}
	know(&c);
	service_timer(c.service, HEALTH_INTERVAL_MS, on_health, &c);
	service_timer(c.service, SWEEP_MS, on_sweep, &c);
	service_timer(c.service, 1000, on_second, &c);
	service_ready(c.service, "reading");
	log_notice("started sources=%zu", crawl_active(c.crawl));
	loop(&c);
	close_parts(&c);
	return 0;
}
