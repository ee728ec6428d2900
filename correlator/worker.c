#include "correlator/worker.h"

#include "correlator/aside.h"
#include "correlator/intake.h"
#include "correlator/pressure.h"
#include "correlator/settle.h"
#include "correlator/store_redis.h"
#include "event/health.h"
#include "event/streams.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum {
	SCAN_INTERVAL_MS = 1000,
	IDLE_WAIT_MS = 20, /* bounds how late an event is seen when there is little to do */
	RETRY_WAIT_MIN_MS = 50,
	RETRY_WAIT_MAX_MS = 2000,
	EVENTS_PER_ROUND = 20000, /* bounds how long SIGTERM waits */
	HITS_PER_ROUND = 100000,  /* bounds memory: an event may be thousands of hits */
	PRESSURE_HIGH = 75,       /* percent of Redis' memory */
};

struct counters {
	struct metric *events, *matches, *alerts, *suppressed, *late, *known, *conflicts, *retries;
	struct metric *unreadable, *unconfirmed, *muted, *inhibited;
	struct metric *refused[ENGINE_RESULT_COUNT], *no_batch, *too_many, *given_up;
	struct metric *rules, *rules_refused, *streams, *memory;
};

struct worker {
	const struct correlator_config *config;
	const struct clock *clock;
	struct metrics *metrics;
	struct counters counters;
	struct service *service;
	struct redis *redis;   /* windows, alerts, health */
	struct redis *reading; /* producer streams, whose reads go on while windows are written */
	struct intake *intake;
	struct aside *aside;
	struct store *store;
	struct settle *settle;
	struct offices *offices;
	struct mutes *mutes;
	struct redis *side; /* of the inventory, which asks while events are matched */
	struct inventory *inventory;
	struct ruleset *rules;
	struct engine *engine;
	struct arena *arena; /* of one round */
	struct hits hits;
	struct health health;
	int64_t latest_us; /* the latest time that the clock told: it may be set back */
	mono_t next_scan, next_try;
	int64_t retry_wait_ms; /* 0: all is well */
	bool refusal_logged;
};

static void counters_init(struct counters *c, struct metrics *m)
{
	static const struct {
		size_t offset;
		const char *name, *help;
	} rows[] = {
		{offsetof(struct counters, events), "events_total",
			"Events taken from the streams."},
		{offsetof(struct counters, matches), "matches_total", "Hits of rules on windows."},
		{offsetof(struct counters, alerts), "alerts_total", "Alerts written."},
		{offsetof(struct counters, suppressed), "suppressed_total",
			"Alerts not raised because the same one was raised shortly before."},
		{offsetof(struct counters, late), "late_total", "Hits too old for their window."},
		{offsetof(struct counters, known), "known_total",
			"Hits that were in their window already, after a restart or takeover."},
		{offsetof(struct counters, conflicts), "conflicts_total",
			"Windows that another worker wrote at the same time."},
		{offsetof(struct counters, retries), "retries_total",
			"Batches given up and read again."},
		{offsetof(struct counters, muted), "muted_total", "Alerts held back by a mute."},
		{offsetof(struct counters, inhibited), "inhibited_total",
			"Alerts held back as another alert told of the same thing."},
		{offsetof(struct counters, unreadable), "unreadable_windows_total",
			"Windows begun anew, as what stood in Redis was none."},
		{offsetof(struct counters, unconfirmed), "unconfirmed_total",
			"Rounds whose windows the replicas did not confirm in time."},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(mem_cleanup) char *name = mem_printf("haidang_correlator_%s", rows[i].name);

		*(struct metric **)((char *)c + rows[i].offset) =
			metrics_counter(m, name, "", rows[i].help);
	}
	for (int i = ENGINE_NOT_JSON; i < ENGINE_RESULT_COUNT; i++) {
		CLEANUP(mem_cleanup)
		char *label = mem_printf("reason=\"%s\"", engine_result_name(i));

		c->refused[i] = metrics_counter(m, "haidang_correlator_refused_total", label,
			"Events that could not be used.");
	}
	c->no_batch = metrics_counter(m, "haidang_correlator_refused_total", "reason=\"no_batch\"",
		"Events that could not be used.");
	c->too_many = metrics_counter(m, "haidang_correlator_refused_total", "reason=\"too_many\"",
		"Events that could not be used.");
	c->rules = metrics_gauge(m, "haidang_correlator_rules", "", "Rules loaded.");
	c->rules_refused = metrics_gauge(
		m, "haidang_correlator_rules_refused", "", "Rules that could not be loaded.");
	c->streams = metrics_gauge(
		m, "haidang_correlator_streams", "", "Producer streams that this worker reads.");
	c->memory = metrics_gauge(m, "haidang_correlator_redis_memory_percent", "",
		"How full Redis is; 0 when its memory is not bounded.");
	c->given_up = metrics_gauge(m, "haidang_correlator_regex_given_up", "",
		"Regular expressions that took too many steps, with these rules.");
}

struct ruleset *worker_rules(const struct correlator_config *config)
{
	struct ruleset_options options = {.paths = (const char *const *)config->rules.at,
		.path_count = config->rules.count,
		.vars_path = *config->vars ? config->vars : NULL,
		.lateness_us = config->lateness_ms * 1000};

	return ruleset_load(&options);
}

static void log_refused(const struct ruleset *rules)
{
	for (size_t i = 0; i < rules->refused_count; i++)
		log_warning("A rule is refused: %s", rules->refused[i]);
}

static void use_rules(struct worker *w, struct ruleset *rules)
{
	engine_free(&w->engine);
	ruleset_free(&w->rules);
	w->rules = rules;
	w->engine = engine_new(rules);
	engine_use(w->engine, w->inventory);
	metric_set(w->counters.rules, (int64_t)rules->rule_count);
	metric_set(w->counters.rules_refused, (int64_t)rules->refused_count);
}

/* Between batches, so that each batch sees one generation. A set with a mistake changes nothing:
 * a rule that worked must not vanish because of the way it was edited. */
static void reload(struct worker *w)
{
	struct ruleset *rules = worker_rules(w->config);

	log_refused(rules);
	if (rules->refused_count > 0 && w->rules->rule_count > 0) {
		log_error("The rules are not reloaded, the old ones stay rules=%zu refused=%zu",
			w->rules->rule_count, rules->refused_count);
		ruleset_free(&rules);
		return;
	}
	use_rules(w, rules);
	log_notice("Rules are reloaded rules=%zu", rules->rule_count);
}

/* Whatever failed, Redis may have taken any part of it, or have come back with an older state. */
static void start_over(struct worker *w, const char *doing, const char *why)
{
	intake_reset(w->intake);
	store_redis_forget(w->store);
	metric_add(w->counters.retries, 1);
	if (w->retry_wait_ms == 0)
		log_warning("%s failed, trying again: %s", doing, why);
	w->retry_wait_ms = w->retry_wait_ms ? w->retry_wait_ms * 2 : RETRY_WAIT_MIN_MS;
	if (w->retry_wait_ms > RETRY_WAIT_MAX_MS)
		w->retry_wait_ms = RETRY_WAIT_MAX_MS;
	w->next_try = mono_after(clock_mono(w->clock), w->retry_wait_ms);
	w->next_scan = (mono_t){0};
}

static void well_again(struct worker *w)
{
	if (w->retry_wait_ms > 0)
		log_notice("Redis is well again");
	w->retry_wait_ms = 0;
}

/* An event that cannot be used, and why. */
struct refusal {
	struct metric *counter;
	const char *reason;
	struct slice event;
};

static void refuse(struct worker *w, const struct intake_entry *entry, struct refusal r)
{
	if (metric_value(r.counter) == 0)
		log_warning("An event is refused, see haidang refused; more are only counted "
			    "stream=%.*s entry=%" PRIu64 "-%" PRIu32 " reason=%s",
			SLICE_ARG(entry->stream), entry->id.ms, entry->id.seq, r.reason);
	metric_add(r.counter, 1);
	aside_add(w->aside, entry, r.reason, r.event);
}

/* An entry of one event may leave out its id: the entry has one. */
static size_t match_batch(struct worker *w, const struct intake_entry *entry, int64_t latest_us)
{
	struct slice rest = entry->batch, line;
	size_t count = 0;
	bool single = slice_find_byte(slice_trim(rest), '\n') == slice_trim(rest).len;

	if (!entry->batch.at)
		refuse(w, entry, (struct refusal){w->counters.no_batch, "no_batch", {0}});
	while (slice_cut(&rest, '\n', &line)) {
		struct engine_event event = {.json = slice_trim(line),
			.stream = entry->stream_hash,
			.latest_us = latest_us,
			.entry_id = &entry->id,
			.default_id = single ? &entry->id : NULL,
			.default_time_us = (int64_t)entry->id.ms * 1000};

		if (event.json.len == 0)
			continue;
		if (count++ >= EVENTS_PER_BATCH_MAX) {
			refuse(w, entry,
				(struct refusal){w->counters.too_many, "too_many", event.json});
			continue;
		}
		enum engine_result result = engine_event(w->engine, &event, &w->hits);
		if (result >= ENGINE_NOT_JSON)
			refuse(w, entry,
				(struct refusal){w->counters.refused[result],
					engine_result_name(result), event.json});
	}
	metric_add(w->counters.events, count);
	return count;
}

static void count_round(struct worker *w, const struct settle_tally *tally)
{
	metric_add(w->counters.matches, w->hits.count);
	metric_add(w->counters.alerts, tally->alerts);
	metric_add(w->counters.suppressed, tally->suppressed);
	metric_add(w->counters.late, tally->late);
	metric_add(w->counters.known, tally->known);
	metric_add(w->counters.conflicts, tally->conflicts);
	if (tally->unreadable > 0 && metric_value(w->counters.unreadable) == 0)
		log_error(
			"A window in Redis cannot be read and is begun anew, more are only counted: "
			"what it had counted is forgotten");
	metric_add(w->counters.muted, tally->muted);
	metric_add(w->counters.inhibited, tally->inhibited);
	metric_add(w->counters.unreadable, tally->unreadable);
	metric_set(w->counters.given_up, (int64_t)regex_set_given_up(w->rules->regexes));
}

static bool scan(struct worker *w)
{
	mono_t now = clock_mono(w->clock);

	if (mono_left_ms(w->next_scan, now) > 0)
		return true;
	w->next_scan = mono_after(now, SCAN_INTERVAL_MS);
	if (mutes_refresh(w->mutes) < 0) {
		start_over(w, "Reading the mutes", redis_said(w->redis));
		return false;
	}
	if (w->inventory && inventory_refresh(w->inventory) < 0)
		log_debug("The inventory was not refreshed: %s", redis_said(w->side));
	if (intake_scan(w->intake) < 0) {
		start_over(w, "Looking for streams", intake_said(w->intake));
		return false;
	}
	if (intake_refusals(w->intake) > 0 && !w->refusal_logged) {
		log_error("Redis refuses a command on a stream, more are only counted: %s",
			intake_said(w->intake));
		w->refusal_logged = true;
	}
	metric_set(w->counters.streams, (int64_t)intake_held(w->intake));
	return true;
}

/* What the windows now say must not be lost with a master after their events were acknowledged on
 * another. Replicas that are silent are not waited for again and again: that is only counted. */
static bool confirm(struct worker *w)
{
	bool confirmed = true;

	if (w->hits.count > 0 && redis_confirm(w->redis, &confirmed) < 0) {
		start_over(w, "Asking the replicas", redis_said(w->redis));
		return false;
	}
	if (!confirmed && metric_value(w->counters.unconfirmed) == 0)
		log_warning("The replicas of Redis do not confirm windows in time, "
			    "more are only counted");
	metric_add(w->counters.unconfirmed, !confirmed);
	return true;
}

/* Events later than this are refused. When the clock is set back, those made before are none of them. */
static int64_t future_us(struct worker *w)
{
	int64_t now_us = clock_wall_us(w->clock);

	if (now_us > w->latest_us)
		w->latest_us = now_us;
	return w->latest_us + EVENT_FUTURE_MAX_S * INT64_C(1000000);
}

/* Takes, matches, settles and acknowledges what there is; gives how many events. */
static size_t round_of(struct worker *w)
{
	struct settle_tally tally = {0};
	struct intake_entry entry;
	size_t events = 0, entries = 0;
	int64_t latest_us = future_us(w);

	if (mono_left_ms(w->next_try, clock_mono(w->clock)) > 0 || !scan(w))
		return 0;
	if (intake_read(w->intake) < 0) {
		start_over(w, "Reading events", intake_said(w->intake));
		return 0;
	}
	hits_clear(&w->hits);
	for (; events < EVENTS_PER_ROUND && w->hits.count < HITS_PER_ROUND &&
		intake_next(w->intake, &entry);
		entries++)
		events += match_batch(w, &entry, latest_us);
	if (entries == 0) {
		well_again(w);
		return 0;
	}
	if (aside_write(w->aside) < 0) {
		start_over(w, "Setting refused events aside", redis_said(w->redis));
		return 0;
	}
	int said = settle_hits(w->settle, &w->hits, &tally);
	if (said < 0) {
		start_over(w, "Writing windows",
			said == -EBUSY ? "other workers keep writing the same ones"
				       : store_redis_said(w->store));
		return 0;
	}
	count_round(w, &tally);
	if (!confirm(w))
		return 0;
	if (intake_ack(w->intake) < 0) {
		start_over(w, "Acknowledging events", intake_said(w->intake));
		return 0;
	}
	well_again(w);
	return entries;
}

/* A flood of forged addresses makes a window each. When they fill Redis, those that raised nothing
 * are kept only as long as they are of use while a worker runs; alerts stay exact. */
static bool look_at_memory(struct worker *w)
{
	unsigned percent = 0;
	int said = pressure_read(w->redis, &percent);
	bool was_high = metric_value(w->counters.memory) >= PRESSURE_HIGH;

	if (said < 0) {
		start_over(w, "Asking for Redis' memory", redis_said(w->redis));
		return was_high;
	}
	metric_set(w->counters.memory, percent);
	settle_keep(w->settle, percent >= PRESSURE_HIGH ? 0 : w->config->outage_ms);
	if (percent >= PRESSURE_HIGH && !was_high)
		log_warning("Redis fills up, windows that raised nothing are kept for less time "
			    "percent=%u",
			percent);
	return percent >= PRESSURE_HIGH;
}

static void on_health(void *ctx)
{
	struct worker *w = ctx;
	bool waiting = mono_left_ms(w->next_try, clock_mono(w->clock)) > 0;
	bool full = !waiting && look_at_memory(w);
	CLEANUP(mem_cleanup)
	char *status = mem_printf("%s%zu rules over %zu streams",
		full ? "degraded: Redis is nearly full; " : "", w->rules->rule_count,
		intake_held(w->intake));

	if (*w->config->shared.run_dir) {
		CLEANUP(mem_cleanup)
		char *path = mem_printf(
			"%s/correlator-%s.prom", w->config->shared.run_dir, w->config->worker);
		if (metrics_write_file(w->metrics, path) < 0)
			log_warning("The metrics cannot be written path=%s", path);
	}
	service_status(w->service, status);
	if (mono_left_ms(w->next_try, clock_mono(w->clock)) > 0)
		return;
	int said = health_report(&w->health, w->redis, w->clock, w->metrics, status);
	if (said < 0 && said != -ENOSPC)
		start_over(w, "Reporting health", redis_said(w->redis));
}

static void loop(struct worker *w)
{
	service_timer(w->service, HEALTH_INTERVAL_MS, on_health, w);
	service_ready(w->service, "reading events");
	on_health(w);
	while (service_running(w->service)) {
		if (service_reload_wanted(w->service))
			reload(w);
		service_wait(w->service, round_of(w) > 0 ? 0 : IDLE_WAIT_MS);
	}
	if (intake_release(w->intake) < 0)
		log_warning("The leases could not be given back: %s", intake_said(w->intake));
}

static void worker_release(struct worker *w)
{
	hits_release(&w->hits);
	arena_free(&w->arena);
	engine_free(&w->engine);
	ruleset_free(&w->rules);
	settle_free(&w->settle);
	mutes_free(&w->mutes);
	inventory_free(&w->inventory);
	redis_free(&w->side);
	offices_free(&w->offices);
	store_redis_free(&w->store);
	aside_free(&w->aside);
	intake_free(&w->intake);
	redis_free(&w->redis);
	redis_free(&w->reading);
	service_free(&w->service);
	metrics_free(&w->metrics);
}

static void connect_parts(struct worker *w, const struct redis_options *redis)
{
	const struct correlator_config *c = w->config;

	w->redis = redis_new(redis, w->clock);
	w->reading = redis_new(redis, w->clock);
	w->intake = intake_new(&(struct intake_options){.redis = w->reading,
		.clock = w->clock,
		.metrics = w->metrics,
		.worker = c->worker,
		.entries = (size_t)c->batch,
		.streams_max = (size_t)c->streams_max,
		.lease_ms = c->lease_ms});
	w->aside = aside_new(w->redis);
	w->store = store_redis_new(&(struct store_redis_options){.redis = w->redis,
		.cache_len_max = (size_t)c->cache_len,
		.alert_len_max = c->alert_len_max});
	w->settle = settle_new(w->store, w->clock);
	w->mutes = mutes_new(w->redis, w->clock);
	settle_use(w->settle, w->offices, w->mutes);
	if (!c->inventory)
		return;
	w->side = redis_new(redis, w->clock);
	w->inventory = inventory_new(&(struct inventory_options){.redis = w->side,
		.clock = w->clock,
		.offices = w->offices,
		.learn_ms = c->learn_ms});
	engine_use(w->engine, w->inventory);
}

bool worker_settings(const struct correlator_config *config, struct arena *a,
	struct redis_options *ret, struct err *err)
{
	if (!stream_name_is_valid(config->worker))
		return err_set(err, NULL, 0,
			"correlator.worker: '%s' is no name, expected letters, digits, '-' and '_'",
			config->worker);
	if (!*config->shared.redis_address)
		return err_set(err, NULL, 0, "the correlator needs Redis: redis.address is empty");
	return settings_redis(&config->shared, a, ret, err);
}

/* What the assets say of offices is read at the start only: it changes with a restart. */
static bool load_offices(struct worker *w)
{
	struct err err = {0};

	if (!*w->config->assets)
		return true;
	w->offices = offices_load(w->config->assets, &err);
	if (!w->offices)
		log_error("The assets cannot be used: %s", err_text(&err));
	return w->offices != NULL;
}

int worker_run(const struct correlator_config *config, struct arena *a)
{
	CLEANUP(worker_release) struct worker w = {.config = config, .clock = clock_system()};
	struct redis_options redis;
	struct err err = {0};

	if (!worker_settings(config, a, &redis, &err)) {
		log_error("%s", err_text(&err));
		return 2;
	}
	w.service = service_new(w.clock);
	w.metrics = metrics_new();
	counters_init(&w.counters, w.metrics);
	w.arena = arena_new();
	w.hits.arena = w.arena;
	w.health = (struct health){"correlator", config->worker, clock_wall_us(w.clock)};
	if (!load_offices(&w))
		return 2;
	use_rules(&w, worker_rules(config));
	log_refused(w.rules);
	connect_parts(&w, &redis);
	log_notice("Correlating rules=%zu refused=%zu worker=%s", w.rules->rule_count,
		w.rules->refused_count, config->worker);
	loop(&w);
	log_notice("The correlator ends");
	return 0;
}
