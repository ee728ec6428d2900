/* Seconds of CPU for loading rules, and for matching events against them and keeping their windows (in
 * memory, a batch at a time as the service does), in one process:
 * bench_match [--raw] [--inventory] ROUNDS EVENTS.ndjson RULES…
 * The inventory is one in memory that has seen the events before: it has no news, only work.
 * New alerts are counted apart from the revisions of alerts, by which a storm that goes on is told. */
#include "correlator/settle.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double cpu_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

enum { BATCH = 1000, LEARN_MS = 14 * 86400000 };

struct run {
	struct engine *engine;
	struct settle *settle;
	struct hits hits;
	struct settle_tally tally;
	uint64_t id;
	size_t events, matched, bytes;
};

static void settle_all(struct run *run)
{
	must(settle_hits(run->settle, &run->hits, &run->tally) == 0);
	hits_clear(&run->hits);
}

/* The windows know nothing of it. */
static void learn(struct run *run, struct slice lines)
{
	const struct event_id id = {.ms = 1};
	struct slice line;

	while (slice_cut(&lines, '\n', &line)) {
		struct engine_event event = {.json = line, .default_id = &id};

		(void)engine_event(run->engine, &event, &run->hits);
		hits_clear(&run->hits);
	}
}

static void match_all(struct run *run, struct slice lines)
{
	struct slice line;

	while (slice_cut(&lines, '\n', &line)) {
		const struct event_id id = {.ms = ++run->id};
		struct engine_event event = {.json = line, .default_id = &id};

		run->matched += engine_event(run->engine, &event, &run->hits) == ENGINE_MATCHED;
		run->events++;
		run->bytes += line.len;
		if (run->events % BATCH == 0)
			settle_all(run);
	}
	settle_all(run);
}

struct alerts {
	struct json_reader *reader;
	size_t opened, revised;
};

static void on_alert(void *ctx, struct slice alert)
{
	struct alerts *alerts = ctx;
	struct json_value root, value;
	struct err ignored = {0};
	uint64_t revision;

	must(json_read(alerts->reader, alert, &root, &ignored) &&
		json_get(root, "revision", &value) && json_to_u64(value, &revision));
	alerts->opened += revision == 1;
	alerts->revised += revision > 1;
}

/* False when there is nothing to map. */
static bool map_file(const char *path, struct slice *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat about;

	if (fd < 0 || fstat(fd, &about) < 0)
		return false;
	void *at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	(void)close(fd);
	*ret = slice_over(at, (size_t)about.st_size);
	return at != MAP_FAILED;
}

static bool take_option(int *left, char ***args, const char *name)
{
	bool given = *left > 0 && strcmp(**args, name) == 0;

	*left -= given;
	*args += given;
	return given;
}

int main(int argc, char **argv)
{
	char **args = argv + 1;
	int left = argc - 1;
	bool raw = take_option(&left, &args, "--raw");
	bool with_inventory = take_option(&left, &args, "--inventory");
	CLEANUP(json_reader_free) struct json_reader *reader = json_reader_new(ALERT_JSON_MAX);
	struct alerts alerts = {.reader = reader};
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP(store_memory_free) struct store *store = store_memory_new(on_alert, &alerts);
	CLEANUP(settle_free) struct settle *settle = settle_new(store, clock_system());
	struct run run = {.settle = settle, .hits.arena = arena};
	struct slice text;
	uint64_t rounds;

	if (left < 3 || !slice_to_u64(slice_of(args[0]), &rounds) || !map_file(args[1], &text))
		return 2;
	double start = cpu_s();
	CLEANUP(ruleset_free)
	struct ruleset *rules =
		ruleset_load(&(struct ruleset_options){.paths = (const char *const *)args + 2,
			.path_count = (size_t)left - 2,
			.naming = raw ? VIEW_VERBATIM_NAMES : VIEW_SIGMA_NAMES,
			.lateness_us = 60000000});
	CLEANUP(engine_free) struct engine *engine = engine_new(rules);
	double loaded = cpu_s();
	CLEANUP(inventory_free) struct inventory *inventory = NULL;
	run.engine = engine;
	if (with_inventory) {
		inventory = inventory_new(
			&(struct inventory_options){.clock = clock_system(), .learn_ms = LEARN_MS});
		engine_use(engine, inventory);
		learn(&run, text);
	}
	double start_matching = cpu_s();
	for (uint64_t i = 0; i < rounds; i++)
		match_all(&run, text);
	double done = cpu_s();

	(void)printf("{\"rules\":%zu,\"refused\":%zu,\"load_s\":%.3f,\"events\":%zu,\"bytes\":%zu,"
		     "\"matched\":%zu,\"alerts\":%zu,\"revisions\":%zu,\"match_s\":%.3f}\n",
		rules->rule_count, rules->refused_count, loaded - start, run.events, run.bytes,
		run.matched, alerts.opened, alerts.revised, done - start_matching);
	hits_release(&run.hits);
	return 0;
}
