#include "correlator/replay.h"

#include "correlator/settle.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/must.h"

enum { FILE_LEN_MAX = 1 << 30, LEARN_MS = 14 * 86400000 };

struct replay {
	const struct replay_listener *listener;
	struct engine *engine;
	struct store *store;
	struct settle *settle;
	struct inventory *inventory;
	struct arena *arena;
	struct hits hits;
	int64_t last_us;
	unsigned line;
};

static void on_alert(void *ctx, struct slice alert)
{
	struct replay *r = ctx;

	if (r->listener->alerted)
		r->listener->alerted(r->listener->ctx, alert, r->line);
}

struct replay *replay_new(const struct ruleset *rules, const struct replay_listener *listener)
{
	struct replay *r = mem_alloc(sizeof *r);

	r->listener = listener;
	r->engine = engine_new(rules);
	r->store = store_memory_new(on_alert, r);
	r->settle = settle_new(r->store, clock_system());
	r->inventory = inventory_new(
		&(struct inventory_options){.clock = clock_system(), .learn_ms = LEARN_MS});
	engine_use(r->engine, r->inventory);
	r->arena = arena_new();
	r->hits.arena = r->arena;
	return r;
}

void replay_free(struct replay **r)
{
	if (!*r)
		return;
	hits_release(&(*r)->hits);
	arena_free(&(*r)->arena);
	settle_free(&(*r)->settle);
	store_memory_free(&(*r)->store);
	engine_free(&(*r)->engine);
	inventory_free(&(*r)->inventory);
	mem_free(*r);
	*r = NULL;
}

/* Tells of single matches, once per rule, and leaves the hits on correlations. */
static void take_matches(struct replay *r)
{
	const struct rule *told = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < r->hits.count; i++) {
		const struct rule_hit *hit = &r->hits.at[i];

		if (hit->target->kind == RULE_CORRELATION) {
			r->hits.at[kept++] = *hit;
			continue;
		}
		if (hit->target != told)
			r->listener->matched(r->listener->ctx, hit->target, r->line);
		told = hit->target;
	}
	r->hits.count = kept;
}

static bool replay_line(struct replay *r, struct slice json)
{
	struct event_id id = {.ms = r->line};
	struct engine_event event = {
		.json = json, .default_id = &id, .default_time_us = r->last_us};
	struct settle_tally tally = {0};

	hits_clear(&r->hits);
	enum engine_result result = engine_event(r->engine, &event, &r->hits);
	if (result != ENGINE_MATCHED)
		return result == ENGINE_NO_MATCH;
	if (r->hits.count > 0)
		r->last_us = r->hits.at[0].hit.time_us;
	if (r->listener->matched)
		take_matches(r);
	must(settle_hits(r->settle, &r->hits, &tally) == 0);
	return true;
}

bool replay_file(struct replay *r, const char *path, struct err *err)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct slice rest, line;

	if (!file_read(path, FILE_LEN_MAX, &text, err))
		return false;
	rest = buf_slice(&text);
	for (r->line = 1; slice_cut(&rest, '\n', &line); r->line++) {
		line = slice_trim(line);
		if (line.len > 0 && !replay_line(r, line))
			(void)err_set(err, path, r->line, "is no event: expected one JSON object");
	}
	return !err_is_set(err);
}
