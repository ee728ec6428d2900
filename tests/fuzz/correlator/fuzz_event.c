#include "correlator/settle.h"
#include "lib/mem.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* From the bytes of an event to its alert. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *const path = "tests/fuzz/correlator/fuzz_event.yml";
	CLEANUP(ruleset_free)
	struct ruleset *rules =
		ruleset_load(&(struct ruleset_options){.paths = &path, .path_count = 1});
	CLEANUP(engine_free) struct engine *engine = engine_new(rules);
	CLEANUP(store_memory_free) struct store *store = store_memory_new(NULL, NULL);
	CLEANUP(settle_free) struct settle *settle = settle_new(store, clock_system());
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(hits_release) struct hits hits = {.arena = a};
	struct settle_tally tally = {0};
	const struct event_id id = {.ms = 1};
	const struct engine_event event = {.json = slice_over(data, len), .default_id = &id};

	must(rules->rule_count == 1);
	(void)engine_event(engine, &event, &hits);
	must(settle_hits(settle, &hits, &tally) == 0);
	return 0;
}
