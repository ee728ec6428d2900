#include "correlator/view.h"

#include "correlator/limits.h"
#include "correlator/pattern.h"
#include "event/fields.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

enum { STEPS_MAX = 16 };

/* A name, taken apart at its dots. Any run of steps may stand as one key: "a.b.c" is found in
 * {"a":{"b.c":1}} and {"a.b":{"c":1}} too. */
struct path {
	struct slice name;
	const char *whole;
	struct slice steps[STEPS_MAX];
	size_t step_count;
	const char *verbatim; /* tried when an aliased path leads nowhere; NULL: none */
};

struct view_fields {
	enum view_naming naming;
	struct arena *arena;
	struct path *paths;
	size_t count;
};

struct slot {
	uint64_t loaded; /* the event it was looked up in */
	struct view_field field;
};

struct view {
	const struct view_fields *fields;
	struct arena *arena;
	struct json_value event;
	uint64_t serial;
	struct slot *slots;
	size_t slot_count;
	struct view_value *found; /* scratch of one look-up */
	size_t found_count, found_max;
	struct buf number; /* scratch */
};

struct view_fields *view_fields_new(enum view_naming naming)
{
	struct view_fields *f = mem_alloc(sizeof *f);

	f->naming = naming;
	f->arena = arena_new();
	return f;
}

void view_fields_free(struct view_fields **f)
{
	if (!*f)
		return;
	arena_free(&(*f)->arena);
	mem_free((*f)->paths);
	mem_free(*f);
	*f = NULL;
}

static void path_split(struct path *p)
{
	struct slice rest = slice_of(p->whole);

	while (rest.len > 0 && p->step_count < STEPS_MAX) {
		size_t dot = slice_find_byte(rest, '.');

		p->steps[p->step_count++] = slice_over(rest.at, dot);
		rest = slice_from(rest, dot + 1);
	}
	if (rest.len > 0) { /* deeper than any event: only as one key */
		p->steps[0] = slice_of(p->whole);
		p->step_count = 1;
	}
}

size_t view_fields_add(struct view_fields *f, struct slice name)
{
	for (size_t i = 0; i < f->count; i++)
		if (slice_equal(f->paths[i].name, name))
			return i;

	const char *alias = f->naming == VIEW_SIGMA_NAMES ? event_sigma_path(name) : NULL;
	const char *verbatim = arena_copy(f->arena, name);

	f->paths = mem_resize(f->paths, f->count + 1, sizeof *f->paths);
	struct path *p = &f->paths[f->count];
	*p = (struct path){.name = slice_of(verbatim)};
	p->whole = alias ? arena_text(f->arena, alias) : verbatim;
	p->verbatim = alias && !slice_is(name, alias) ? verbatim : NULL;
	path_split(p);
	return f->count++;
}

struct slice view_fields_name(const struct view_fields *f, size_t slot)
{
	return f->paths[slot].name;
}

const char *view_fields_path(const struct view_fields *f, size_t slot)
{
	return f->paths[slot].whole;
}

struct view *view_new(const struct view_fields *f)
{
	struct view *v = mem_alloc(sizeof *v);

	v->fields = f;
	v->arena = arena_new();
	v->slot_count = f->count;
	v->slots = mem_array(f->count ? f->count : 1, sizeof *v->slots);
	v->found = mem_array(VIEW_LEAVES_MAX, sizeof *v->found);
	return v;
}

void view_free(struct view **v)
{
	if (!*v)
		return;
	arena_free(&(*v)->arena);
	mem_free((*v)->slots);
	mem_free((*v)->found);
	buf_release(&(*v)->number);
	mem_free(*v);
	*v = NULL;
}

void view_load(struct view *v, struct json_value event)
{
	arena_rewind(v->arena);
	v->event = event;
	v->serial++;
}

struct json_value view_event(const struct view *v)
{
	return v->event;
}

static bool add_leaves(void *ctx, struct slice key, struct json_value json)
{
	struct view *v = ctx;
	enum json_kind kind = json_kind(json);

	(void)key;
	if (kind == JSON_ARRAY || kind == JSON_OBJECT)
		json_each(json, add_leaves, v);
	else if (v->found_count < v->found_max)
		v->found[v->found_count++] = (struct view_value){.json = json, .kind = kind};
	return v->found_count < v->found_max;
}

struct walk {
	struct view *v;
	const struct path *path;
	size_t step;
	bool found;
};

static bool walk_value(void *ctx, struct slice key, struct json_value at)
{
	struct walk *w = ctx;
	const struct path *p = w->path;
	struct json_value next;
	bool found = false;

	(void)key;
	if (w->step == p->step_count) {
		w->found = true;
		return add_leaves(w->v, (struct slice){0}, at);
	}
	if (json_kind(at) == JSON_ARRAY) {
		json_each(at, walk_value, w);
		return w->v->found_count < w->v->found_max;
	}
	if (json_kind(at) != JSON_OBJECT)
		return true;

	for (size_t last = w->step; last < p->step_count && !found; last++) {
		const struct slice *from = &p->steps[w->step], *to = &p->steps[last];
		struct slice one = slice_over(from->at, (size_t)(to->at - from->at) + to->len);
		struct walk down = {w->v, p, last + 1, false};

		if (json_get_slice(at, one, &next))
			(void)walk_value(&down, key, next);
		found = down.found;
	}
	w->found = w->found || found;
	return w->v->found_count < w->v->found_max;
}

static bool look_up(struct view *v, const struct path *path)
{
	struct walk w = {v, path, 0, false};
	struct json_value next;

	v->found_count = 0;
	v->found_max = path->step_count == 0 ? VIEW_LEAVES_MAX : VIEW_VALUES_MAX;
	(void)walk_value(&w, (struct slice){0}, v->event);
	if (!w.found && path->verbatim && json_get(v->event, path->verbatim, &next)) {
		w.found = true;
		(void)add_leaves(v, (struct slice){0}, next);
	}
	return w.found;
}

struct view_field view_get(struct view *v, size_t slot)
{
	must(slot < v->slot_count);
	struct slot *s = &v->slots[slot];

	if (s->loaded == v->serial)
		return s->field;
	s->loaded = v->serial;
	s->field = (struct view_field){.exists = look_up(v, &v->fields->paths[slot])};
	s->field.count = v->found_count;
	if (v->found_count > 0) {
		s->field.at = arena_array(v->arena, v->found_count, sizeof *v->found);
		memcpy(s->field.at, v->found, v->found_count * sizeof *v->found);
	}
	return s->field;
}

static struct slice number_text(struct view *v, const struct view_value *value)
{
	buf_clear(&v->number);
	json_copy(value->json, &v->number);
	return arena_slice(v->arena, buf_slice(&v->number));
}

struct slice view_text(struct view *v, struct view_value *value)
{
	if (value->has_text)
		return value->text;
	value->has_text = true;
	if (value->kind == JSON_TEXT)
		(void)json_to_text(value->json, &value->text);
	else if (value->kind != JSON_NULL)
		value->text = number_text(v, value);
	return value->text;
}

struct slice view_lower(struct view *v, struct view_value *value)
{
	if (value->has_lower)
		return value->lower;
	value->has_lower = true;
	value->lower = pattern_fold(v->arena, view_text(v, value));
	return value->lower;
}

bool view_number(struct view *v, struct view_value *value, double *ret)
{
	switch (value->kind) {
	case JSON_INT:
	case JSON_REAL: return json_to_real(value->json, ret);
	case JSON_TEXT: return slice_to_real(view_text(v, value), ret);
	case JSON_NULL:
	case JSON_BOOL:
	case JSON_ARRAY:
	case JSON_OBJECT: return false;
	}
	return false;
}
