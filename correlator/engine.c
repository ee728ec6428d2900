#include "correlator/engine.h"

#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

struct engine {
	const struct ruleset *rules;
	struct json_reader *reader;
	struct view *view;
	struct buf sample; /* scratch */
	/* The last one made of this event, for other rules that show the same fields. */
	const size_t *sample_shown;
	struct slice sample_made;
	struct inventory *inventory;
	struct buf news, text; /* what the inventory adds, and the event with it */
	struct err ignored;    /* what is wrong with an event: the result says it well enough */
};

const char *engine_result_name(enum engine_result result)
{
	static const char *const names[] = {"matched", "no_match", "json", "too_long", "no_object",
		"no_id", "bad_id", "no_time", "future"};

	return names[result];
}

struct engine *engine_new(const struct ruleset *rules)
{
	struct engine *e = mem_alloc(sizeof *e);

	e->rules = rules;
	e->reader = json_reader_new(EVENT_LEN_MAX);
	e->view = view_new(rules->fields);
	return e;
}

void engine_free(struct engine **e)
{
	if (!*e)
		return;
	view_free(&(*e)->view);
	buf_release(&(*e)->sample);
	buf_release(&(*e)->news);
	buf_release(&(*e)->text);
	json_reader_free(&(*e)->reader);
	mem_free(*e);
	*e = NULL;
}

void engine_use(struct engine *e, struct inventory *inventory)
{
	e->inventory = inventory;
}

void hits_clear(struct hits *hits)
{
	hits->count = 0;
	hits->event_count = 0;
	arena_rewind(hits->arena);
}

void hits_release(struct hits *hits)
{
	mem_free(hits->at);
	*hits = (struct hits){0};
}

void hits_add(struct hits *hits, const struct rule_hit *hit)
{
	if (hits->count == hits->room) {
		hits->room = hits->room ? hits->room * 2 : 256;
		hits->at = mem_resize(hits->at, hits->room, sizeof *hits->at);
	}
	hits->at[hits->count++] = *hit;
}

static struct slice sample_of(struct engine *e, const struct feed *f, struct arena *a)
{
	if (e->sample_shown == f->shown)
		return e->sample_made;
	buf_clear(&e->sample);
	sample_write(e->view, e->rules->fields, f->shown, f->shown_count, &e->sample);
	e->sample_shown = f->shown;
	e->sample_made = arena_slice(a, buf_slice(&e->sample));
	return e->sample_made;
}

/* What is counted or added up: a value or an amount each. */
struct counted {
	uint64_t values[VALUES_PER_EVENT_MAX];
	double amounts[VALUES_PER_EVENT_MAX];
	size_t count;
};

static void amounts_of(struct view *v, const struct feed *f, struct counted *ret)
{
	struct view_field field = view_get(v, f->value_slots[0]);

	for (size_t i = 0; i < field.count && ret->count < VALUES_PER_EVENT_MAX; i++)
		if (view_number(v, &field.at[i], &ret->amounts[ret->count]))
			ret->values[ret->count++] = 0;
}

static void counted_of(struct view *v, const struct feed *f, struct counted *ret)
{
	switch (f->target->window.kind) {
	case WINDOW_SUM:
	case WINDOW_AVERAGE:
	case WINDOW_PERCENTILE: amounts_of(v, f, ret); return;
	case WINDOW_VALUE_COUNT:
	case WINDOW_SHARE: ret->count = groups_values(v, f, ret->values); return;
	case WINDOW_PLACES:
	case WINDOW_ORDERED: ret->values[ret->count++] = f->place; return;
	case WINDOW_SINGLE:
	case WINDOW_EVENT_COUNT: ret->values[ret->count++] = 0; return;
	}
}

static void feed_hits(
	struct engine *e, const struct feed *f, const struct rule_hit *origin, struct hits *out);

/* The hits that follow when one of the target's fires. */
static void feed_onward(
	struct engine *e, const struct feed *f, struct rule_hit *hit, struct hits *out)
{
	struct hits next = {.arena = out->arena};

	for (size_t i = 0; i < f->onward_count; i++)
		feed_hits(e, &f->onward[i], hit, &next);
	hit->onward = NULL;
	hit->onward_count = next.count;
	if (next.count > 0) {
		hit->onward = arena_array(out->arena, next.count, sizeof *hit->onward);
		memcpy(hit->onward, next.at, next.count * sizeof *hit->onward);
	}
	hits_release(&next);
}

/* One hit per group and value. */
static void feed_hits(
	struct engine *e, const struct feed *f, const struct rule_hit *origin, struct hits *out)
{
	struct rule_hit hit = *origin;
	struct counted counted = {.count = 0};
	struct groups groups;

	hit.target = f->target;
	hit.feed = f;
	hit.level = response_level_of_event(&f->target->response, f->target->about.level, e->view);
	if (f->target->groups_by_default)
		groups_by_default(e->view, &e->rules->by_default, out->arena, &groups);
	else
		groups_of(e->view, f, out->arena, &groups);
	if (groups.count == 0)
		return;
	counted_of(e->view, f, &counted);
	if (counted.count == 0)
		return;
	hit.hit.sample = sample_of(e, f, out->arena);
	feed_onward(e, f, &hit, out);
	for (size_t g = 0; g < groups.count; g++) {
		for (size_t i = 0; i < counted.count; i++) {
			hit.group = groups.at[g];
			hit.hit.value = counted.values[i];
			hit.hit.amount = counted.amounts[i];
			hits_add(out, &hit);
		}
	}
}

static bool rule_matches(struct engine *e, const struct rule *r)
{
	if (r->source.needs_field && !view_get(e->view, r->source_slot).exists)
		return false;
	return expr_holds(r->detection, e->view);
}

static bool utc_read(struct slice text, int64_t *ret_us)
{
	CLEANUP(buf_release) struct buf zoned = {0};

	buf_add_slice(&zoned, text);
	buf_add_byte(&zoned, 'Z');
	return time_read(buf_slice(&zoned), ret_us);
}

/* A number is seconds, or milliseconds when those would lie beyond the year 5138. Events of files may
 * leave out the zone: UTC. */
static bool time_of(const struct engine_event *in, struct json_value event, int64_t *ret_us)
{
	struct json_value v;
	struct slice text;
	double number;

	if (!json_get(event, "timestamp", &v) && !json_get(event, "@timestamp", &v))
		return false;
	if (json_to_text(v, &text))
		return time_read(text, ret_us) || (in->default_id && utc_read(text, ret_us));
	if (!json_to_real(v, &number) || !(number > 0 && number < 1e14))
		return false;
	*ret_us = (int64_t)(number < 1e11 ? number * 1e6 : number * 1e3);
	return true;
}

static bool id_of(struct json_value event, const struct engine_event *in, struct event_id *ret)
{
	struct slice text;

	if (json_get_text(event, "event_id", &text) && event_id_read(text, ret))
		return true;
	if (!in->default_id)
		return false;
	*ret = *in->default_id;
	return true;
}

/* The id and time, which only matched events need. */
static enum engine_result identify(const struct engine_event *in, struct json_value event,
	struct arena *a, struct rule_hit *ret)
{
	char id[EVENT_ID_LEN + 1];

	if (!id_of(event, in, &ret->hit.id))
		return ENGINE_NO_ID;
	if (in->entry_id && event_id_compare(ret->hit.id, *in->entry_id) > 0)
		return ENGINE_BAD_ID;
	if (!time_of(in, event, &ret->hit.time_us)) {
		if (!in->default_id)
			return ENGINE_NO_TIME;
		ret->hit.time_us = in->default_time_us;
	}
	if (in->latest_us && ret->hit.time_us > in->latest_us)
		return ENGINE_FUTURE;
	event_id_write(ret->hit.id, id);
	ret->event_id = arena_slice(a, slice_of(id));
	ret->hit.stream = in->stream;
	return ENGINE_MATCHED;
}

/* News are rare, so the event is then read once more with them in it. */
static void add_inventory(struct engine *e, const struct engine_event *in, struct json_value *event)
{
	struct inventory_origin origin = {.stream = in->stream};
	struct slice json = slice_trim(in->json);

	buf_clear(&e->news);
	if (!id_of(*event, in, &origin.id) ||
		!inventory_look(e->inventory, *event, &origin, &e->news) ||
		json.len + e->news.len + 16 > EVENT_LEN_MAX)
		return;
	buf_clear(&e->text);
	buf_add(&e->text, json.at, json.len - 1);
	buf_printf(&e->text, ",\"inventory\":%s}", buf_text(&e->news));
	if (!json_read(e->reader, buf_slice(&e->text), event, &e->ignored))
		must(json_read(e->reader, in->json, event, &e->ignored));
}

/* ENGINE_MATCHED, ENGINE_NO_MATCH, or why the event has no place in any window. */
static enum engine_result match_rule(struct engine *e, const struct engine_event *in,
	const struct rule *r, struct rule_hit *hit, struct hits *out)
{
	if (!rule_matches(e, r))
		return ENGINE_NO_MATCH;
	if (!hit->event_id.at) {
		enum engine_result said = identify(in, view_event(e->view), out->arena, hit);

		if (said != ENGINE_MATCHED)
			return said;
		hit->order = out->event_count++;
	}
	hit->base = r;
	for (size_t k = 0; k < r->feed_count; k++)
		feed_hits(e, &r->feeds[k], hit, out);
	return ENGINE_MATCHED;
}

enum engine_result engine_event(struct engine *e, const struct engine_event *in, struct hits *out)
{
	enum engine_result result = ENGINE_NO_MATCH;
	struct rule_hit hit = {0};
	struct json_value event;
	struct slice type = {0};

	if (in->json.len > EVENT_LEN_MAX)
		return ENGINE_TOO_LONG;
	if (!json_read(e->reader, in->json, &event, &e->ignored))
		return ENGINE_NOT_JSON;
	if (json_kind(event) != JSON_OBJECT)
		return ENGINE_NO_OBJECT;
	if (e->inventory)
		add_inventory(e, in, &event);
	(void)json_get_text(event, "event_type", &type);

	const struct route *route = ruleset_route(e->rules, type);
	view_load(e->view, event);
	e->sample_shown = NULL;
	const uint64_t *found = prefilter_look(route->prefilter, json_strings(event), e->view);
	for (size_t word = 0; word * 64 < route->count; word++) {
		for (uint64_t left = found[word]; left != 0; left &= left - 1) {
			const struct rule *r =
				route->rules[word * 64 + (size_t)__builtin_ctzll(left)];
			enum engine_result said = match_rule(e, in, r, &hit, out);

			if (said != ENGINE_MATCHED && said != ENGINE_NO_MATCH)
				return said;
			result = said == ENGINE_MATCHED ? said : result;
		}
	}
	return result;
}
