/* Seconds of CPU for loading rules and for matching events against them, in one process:
 * bench_match [--raw] ROUNDS EVENTS.ndjson RULES… Windows are left out: what is measured is what
 * every event costs. */
#include "correlator/engine.h"
#include "lib/file.h"
#include "lib/mem.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double cpu_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct counts {
	size_t events, matched, bytes;
};

static void match_all(
	struct engine *engine, struct slice lines, struct hits *hits, struct counts *counts)
{
	const struct event_id id = {.ms = 1};
	struct slice line;

	while (slice_cut(&lines, '\n', &line)) {
		struct engine_event event = {.json = line, .default_id = &id};

		hits_clear(hits);
		counts->matched += engine_event(engine, &event, hits) == ENGINE_MATCHED;
		counts->events++;
		counts->bytes += line.len;
	}
}

int main(int argc, char **argv)
{
	bool raw = argc > 1 && strcmp(argv[1], "--raw") == 0;
	char **args = argv + 1 + raw;
	int left = argc - 1 - raw;
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP(hits_release) struct hits hits = {.arena = arena};
	struct counts counts = {0};
	struct err err = {0};
	uint64_t rounds;

	if (left < 3 || !slice_to_u64(slice_of(args[0]), &rounds) ||
		!file_read(args[1], 1 << 30, &text, &err))
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
	for (uint64_t i = 0; i < rounds; i++)
		match_all(engine, buf_slice(&text), &hits, &counts);
	double done = cpu_s();

	(void)printf("{\"rules\":%zu,\"refused\":%zu,\"load_s\":%.3f,\"events\":%zu,\"bytes\":%zu,"
		     "\"matched\":%zu,\"match_s\":%.3f}\n",
		rules->rule_count, rules->refused_count, loaded - start, counts.events,
		counts.bytes, counts.matched, done - loaded);
	return 0;
}
