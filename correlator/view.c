#include "correlator/view.h"

#include "correlator/keymap.h"
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
	enum view_part part;
	size_t roots[STEPS_MAX]; /* the keys at the top of an event that its first steps can be */
	size_t verbatim_root;
};

struct view_fields {
	enum view_naming naming;
	struct arena *arena;
	struct path *paths;
	size_t count, room;
	struct keymap by_name;
	/* The keys at the top of events that any path starts with. */
	struct slice *roots;
	size_t root_count, root_room;
	uint32_t *root_table; /* by hash: index of a root + 1 */
	size_t root_table_room;
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
	struct json_value whole;
	bool is_list;
	struct buf number, scratch;
	/* What stands at the top of the event, found in one pass. */
	struct json_value *root_values;
	uint64_t *roots_loaded;
	uint64_t index_loaded;
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
	keymap_release(&(*f)->by_name);
	mem_free((*f)->paths);
	mem_free((*f)->roots);
	mem_free((*f)->root_table);
	mem_free(*f);
	*f = NULL;
}

/* Good enough for the few keys that rules name; which these are is not for events to choose. */
static size_t root_hash(struct slice key)
{
	if (key.len == 0)
		return 0;
	size_t first = (uint8_t)key.at[0], middle = (uint8_t)key.at[key.len / 2];
	size_t last = (uint8_t)key.at[key.len - 1];

	return key.len * 31 + first * 7 + last * 131 + middle * 17;
}

/* The place in the table where the key stands or belongs. */
static uint32_t *root_place(const struct view_fields *f, struct slice key)
{
	size_t mask = f->root_table_room - 1, i = root_hash(key) & mask;

	while (f->root_table[i] && !slice_equal(f->roots[f->root_table[i] - 1], key))
		i = (i + 1) & mask;
	return &f->root_table[i];
}

static void grow_roots(struct view_fields *f)
{
	f->root_room = f->root_room ? f->root_room * 2 : 64;
	f->roots = mem_resize(f->roots, f->root_room, sizeof *f->roots);
	mem_free(f->root_table);
	f->root_table_room = f->root_room * 4;
	f->root_table = mem_array(f->root_table_room, sizeof *f->root_table);
	for (size_t i = 0; i < f->root_count; i++)
		*root_place(f, f->roots[i]) = (uint32_t)(i + 1);
}

static size_t root_add(struct view_fields *f, struct slice key)
{
	if (f->root_count == f->root_room)
		grow_roots(f);

	uint32_t *place = root_place(f, key);
	if (!*place) {
		f->roots[f->root_count] = key;
		*place = (uint32_t)++f->root_count;
	}
	return *place - 1;
}

/* The steps from `first` to `last` as one key. */
static struct slice path_key(const struct path *p, size_t first, size_t last)
{
	const struct slice *from = &p->steps[first], *to = &p->steps[last];

	return slice_over(from->at, (size_t)(to->at - from->at) + to->len);
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

static size_t add_path(struct view_fields *f, struct slice key, struct path path)
{
	size_t *known = keymap_get(&f->by_name, key);

	if (known)
		return *known;
	if (f->count == f->room) {
		f->room = f->room ? f->room * 2 : 64;
		f->paths = mem_resize(f->paths, f->room, sizeof *f->paths);
	}
	path_split(&path);
	for (size_t i = 0; i < path.step_count; i++)
		path.roots[i] = root_add(f, path_key(&path, 0, i));
	if (path.verbatim)
		path.verbatim_root = root_add(f, slice_of(path.verbatim));
	f->paths[f->count] = path;
	known = arena_alloc(f->arena, sizeof *known);
	*known = f->count++;
	keymap_put(&f->by_name, arena_slice(f->arena, key), known);
	return *known;
}

size_t view_fields_add(struct view_fields *f, struct slice name)
{
	const char *alias = f->naming == VIEW_SIGMA_NAMES ? event_sigma_path(name) : NULL;

	return view_fields_map(f, name,
		(struct view_target){alias ? alias : arena_copy(f->arena, name), VIEW_WHOLE});
}

size_t view_fields_map(struct view_fields *f, struct slice name, struct view_target target)
{
	const char *verbatim = arena_copy(f->arena, name);
	struct path path = {.name = slice_of(verbatim),
		.whole = arena_text(f->arena, target.path),
		.verbatim = slice_is(name, target.path) ? NULL : verbatim,
		.part = target.part};
	/* Rules of two log sources may mean different fields by one name. */
	char *key =
		arena_printf(f->arena, "%s\n%s\n%u", verbatim, target.path, (unsigned)target.part);

	return add_path(f, slice_of(key), path);
}

enum view_naming view_fields_naming(const struct view_fields *f)
{
	return f->naming;
}

enum view_part view_fields_part(const struct view_fields *f, size_t slot)
{
	return f->paths[slot].part;
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
	v->root_values = mem_array(f->root_count + 1, sizeof *v->root_values);
	v->roots_loaded = mem_array(f->root_count + 1, sizeof *v->roots_loaded);
	return v;
}

void view_free(struct view **v)
{
	if (!*v)
		return;
	arena_free(&(*v)->arena);
	mem_free((*v)->slots);
	mem_free((*v)->found);
	mem_free((*v)->root_values);
	mem_free((*v)->roots_loaded);
	buf_release(&(*v)->number);
	buf_release(&(*v)->scratch);
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

struct buf *view_scratch(struct view *v)
{
	buf_clear(&v->scratch);
	return &v->scratch;
}

/* The first of two equal keys counts. */
static bool index_member(void *ctx, struct slice key, struct json_value value)
{
	struct view *v = ctx;
	uint32_t known = *root_place(v->fields, key);

	if (known > 0 && v->roots_loaded[known - 1] != v->serial) {
		v->roots_loaded[known - 1] = v->serial;
		v->root_values[known - 1] = value;
	}
	return true;
}

static bool root_get(struct view *v, size_t root, struct json_value *ret)
{
	if (v->index_loaded != v->serial) {
		v->index_loaded = v->serial;
		json_each(v->event, index_member, v);
	}
	*ret = v->root_values[root];
	return v->roots_loaded[root] == v->serial;
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
		if (!w->v->whole.document)
			w->v->whole = at;
		w->found = true;
		return add_leaves(w->v, (struct slice){0}, at);
	}
	if (json_kind(at) == JSON_ARRAY) {
		w->v->is_list = true;
		json_each(at, walk_value, w);
		return w->v->found_count < w->v->found_max;
	}
	if (json_kind(at) != JSON_OBJECT)
		return true;

	for (size_t last = w->step; last < p->step_count && !found; last++) {
		struct walk down = {w->v, p, last + 1, false};

		if (json_get_slice(at, path_key(p, w->step, last), &next))
			(void)walk_value(&down, key, next);
		found = down.found;
	}
	w->found = w->found || found;
	return w->v->found_count < w->v->found_max;
}

static bool walk_event(struct view *v, const struct path *path)
{
	struct json_value next;

	for (size_t i = 0; i < path->step_count; i++) {
		struct walk w = {v, path, i + 1, false};

		if (root_get(v, path->roots[i], &next))
			(void)walk_value(&w, (struct slice){0}, next);
		if (w.found)
			return true;
	}
	if (!path->verbatim || !root_get(v, path->verbatim_root, &next))
		return false;
	v->whole = next;
	(void)add_leaves(v, (struct slice){0}, next);
	return true;
}

static bool look_up(struct view *v, const struct path *path)
{
	v->found_count = 0;
	v->is_list = false;
	v->whole = (struct json_value){0};
	if (path->step_count > 0) {
		v->found_max = VIEW_VALUES_MAX;
		return walk_event(v, path);
	}
	v->found_max = VIEW_LEAVES_MAX;
	v->whole = v->event;
	(void)add_leaves(v, (struct slice){0}, v->event);
	return true;
}

/* The part of an address; its .at is NULL when it has none. */
static struct slice part_of(enum view_part part, struct slice text)
{
	size_t question = slice_find_byte(text, '?');
	struct slice stem = slice_over(text.at, question);
	size_t dot = stem.len;

	switch (part) {
	case VIEW_WHOLE: return text;
	case VIEW_STEM: return stem;
	case VIEW_QUERY:
		return question < text.len ? slice_from(text, question + 1) : (struct slice){0};
	case VIEW_EXTENSION: break;
	}
	while (dot > 0 && stem.at[dot - 1] != '.' && stem.at[dot - 1] != '/')
		dot--;
	return dot > 0 && stem.at[dot - 1] == '.' ? slice_from(stem, dot) : (struct slice){0};
}

static void take_parts(struct view *v, enum view_part part)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->found_count; i++) {
		struct view_value value = v->found[i];

		if (value.kind == JSON_TEXT) {
			(void)json_to_text(value.json, &value.text);
			value.text = part_of(part, value.text);
			value.has_text = true;
		}
		if (value.kind != JSON_TEXT || value.text.at)
			v->found[kept++] = value;
	}
	v->found_count = kept;
}

struct view_field view_get(struct view *v, size_t slot)
{
	must(slot < v->slot_count);
	struct slot *s = &v->slots[slot];

	if (s->loaded == v->serial)
		return s->field;
	s->loaded = v->serial;
	s->field = (struct view_field){.exists = look_up(v, &v->fields->paths[slot])};
	s->field.whole = v->whole;
	s->field.is_list = v->is_list;
	if (v->fields->paths[slot].part != VIEW_WHOLE) {
		take_parts(v, v->fields->paths[slot].part);
		s->field.exists = v->found_count > 0;
	}
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
