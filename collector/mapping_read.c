#include "collector/limits.h"
#include "collector/mapping_parts.h"
#include "lib/mem.h"
#include "lib/yaml.h"

#include <string.h>

struct reader {
	const char *file;
	struct arena *a;
	struct err *err;
};

static bool fail(struct reader *r, const struct yaml_node *at, const char *what)
{
	return err_set(r->err, r->file, at->line, "%s", what);
}

static bool texts_read(
	struct reader *r, const struct yaml_node *node, struct slice **ret, size_t *ret_count)
{
	*ret_count = 0;
	if (!node)
		return true;
	if (node->kind == YAML_MAP)
		return fail(r, node, "expected a text or a list of texts");

	bool is_one = node->kind == YAML_SCALAR;
	*ret_count = is_one ? 1 : node->count;
	*ret = arena_array(r->a, *ret_count ? *ret_count : 1, sizeof **ret);
	for (size_t i = 0; i < *ret_count; i++) {
		const struct yaml_node *item = is_one ? node : node->values[i];

		if (item->kind != YAML_SCALAR)
			return fail(r, item, "expected a text");
		(*ret)[i] = item->text;
	}
	return true;
}

static bool keys_are_known(struct reader *r, const struct yaml_node *map, const char *const *known)
{
	for (size_t i = 0; i < map->count; i++) {
		size_t k = 0;

		while (known[k] && !slice_is(map->keys[i]->text, known[k]))
			k++;
		if (!known[k])
			return err_set(r->err, r->file, map->keys[i]->line, "unknown key '%.*s'",
				SLICE_ARG(map->keys[i]->text));
	}
	return true;
}

static const struct event_field *field_find(struct slice path)
{
	for (size_t i = 0; i < event_field_count; i++)
		if (slice_is(path, event_fields[i].path))
			return &event_fields[i];
	return NULL;
}

static bool can_be_mapped(const struct event_field *field)
{
	return mapped_has(field->group) &&
		(field->type == EVENT_TEXT || field->type == EVENT_UINT ||
			field->type == EVENT_COUNT) &&
		strcmp(field->path, "event_id") != 0 && strcmp(field->path, "event_type") != 0 &&
		strcmp(field->path, "sensor") != 0;
}

static bool fields_read(
	struct reader *r, const struct yaml_node *map, bool are_values, struct map_event *ret)
{
	if (!map)
		return true;
	if (map->kind != YAML_MAP)
		return fail(r, map, "expected a map of event fields");
	for (size_t i = 0; i < map->count; i++) {
		const struct event_field *field = field_find(map->keys[i]->text);

		if (!field || !can_be_mapped(field))
			return err_set(r->err, r->file, map->keys[i]->line,
				"'%.*s' is no event field that can be mapped",
				SLICE_ARG(map->keys[i]->text));
		if (map->values[i]->kind != YAML_SCALAR)
			return fail(r, map->values[i], "expected a text");
		if (ret->field_count == COLUMNS_MAX)
			return fail(r, map, "too many fields");
		ret->fields[ret->field_count++] =
			(struct map_field){field, map->values[i]->text, are_values};
	}
	return true;
}

static bool conditions_read(struct reader *r, const struct yaml_node *map, struct map_event *ret)
{
	if (!map)
		return true;
	if (map->kind != YAML_MAP)
		return fail(r, map, "when: expected a map of columns and their values");
	ret->conditions = arena_array(r->a, map->count + 1, sizeof *ret->conditions);
	for (size_t i = 0; i < map->count; i++) {
		struct map_condition *c = &ret->conditions[ret->condition_count++];

		c->column = map->keys[i]->text;
		if (!texts_read(r, map->values[i], &c->values, &c->count))
			return false;
	}
	return true;
}

/* `whole` is the format, whose take and fields hold for all its events. */
static bool take_read(struct reader *r, const struct yaml_node *node, const struct yaml_node *whole,
	struct map_event *ret)
{
	static const char *const names[] = {"pairs", "cef", "commas", "dissect"};
	const struct yaml_node *own = yaml_get(node, "take");
	const struct yaml_node *take = own ? own : yaml_get(whole, "take");
	const struct yaml_node *pattern = yaml_get(node, "pattern");
	struct err said = {0};

	for (size_t i = 0; take && i < sizeof names / sizeof names[0]; i++)
		if (slice_is(take->text, names[i]))
			ret->take = (enum map_take)i;
	if (!take || !slice_is(take->text, names[ret->take]))
		return fail(r, take ? take : node, "take: expected pairs, cef, commas or dissect");
	if (!texts_read(r, yaml_get(node, "columns"), &ret->columns, &ret->column_count))
		return false;
	if ((ret->take == TAKE_COMMAS) != (ret->column_count > 0) ||
		(ret->take == TAKE_DISSECT) != (pattern != NULL))
		return fail(r, node, "columns go with commas, a pattern with dissect");
	if (!pattern)
		return true;
	ret->dissect = dissect_new(r->a, pattern->text, &said);
	return ret->dissect || fail(r, pattern, err_text(&said));
}

static bool event_read(struct reader *r, const struct yaml_node *node,
	const struct yaml_node *whole, struct map_event *ret)
{
	static const char *const known[] = {"contains", "after", "take", "columns", "pattern",
		"when", "event_type", "set", "fields", NULL};
	const struct yaml_node *type = yaml_get(node, "event_type");
	const struct yaml_node *after = yaml_get(node, "after");

	if (node->kind != YAML_MAP)
		return fail(r, node, "expected a map");
	if (!keys_are_known(r, node, known))
		return false;
	if (!type || type->kind != YAML_SCALAR || type->text.len == 0)
		return fail(r, node, "event_type: it is missing");
	ret->event_type = type->text;
	ret->after = after ? after->text : SLICE("");
	ret->fields = arena_array(r->a, COLUMNS_MAX, sizeof *ret->fields);
	return texts_read(r, yaml_get(node, "contains"), &ret->contains, &ret->contains_count) &&
		take_read(r, node, whole, ret) && conditions_read(r, yaml_get(node, "when"), ret) &&
		fields_read(r, yaml_get(whole, "fields"), false, ret) &&
		fields_read(r, yaml_get(node, "set"), true, ret) &&
		fields_read(r, yaml_get(node, "fields"), false, ret);
}

static bool format_read(struct reader *r, const struct yaml_node *node, struct map_format *ret)
{
	static const char *const known[] = {
		"id", "title", "certainty", "app", "contains", "take", "fields", "events", NULL};
	const struct yaml_node *id = yaml_get(node, "id"), *events = yaml_get(node, "events");
	const struct yaml_node *app = yaml_get(node, "app");

	if (node->kind != YAML_MAP || !keys_are_known(r, node, known))
		return err_is_set(r->err) ? false : fail(r, node, "expected a map");
	if (!id || id->kind != YAML_SCALAR || id->text.len == 0)
		return fail(r, node, "id: it is missing");
	if (!events || events->kind != YAML_LIST || events->count == 0)
		return fail(r, node, "events: a list is missing");
	ret->id = id->text;
	ret->app = app ? app->text : SLICE("");
	if (!texts_read(r, yaml_get(node, "contains"), &ret->contains, &ret->contains_count))
		return false;
	if (ret->contains_count == 0 && ret->app.len == 0)
		return fail(r, node, "app or contains: what the format is known by is missing");
	ret->events = arena_array(r->a, events->count, sizeof *ret->events);
	for (; ret->event_count < events->count; ret->event_count++)
		if (!event_read(r, events->values[ret->event_count], node,
			    &ret->events[ret->event_count]))
			return false;
	return true;
}

static bool read_all(struct reader *r, const struct yaml_documents *docs, struct mapping *ret)
{
	const struct yaml_node *formats =
		docs->count == 1 ? yaml_get(docs->at[0], "formats") : NULL;

	if (!formats || formats->kind != YAML_LIST)
		return err_set(r->err, r->file, 1, "formats: a list is missing");
	if (formats->count > FORMATS_MAX)
		return fail(r, formats, "more than 256 formats");
	ret->formats = arena_array(r->a, formats->count + 1, sizeof *ret->formats);
	for (; ret->count < formats->count; ret->count++)
		if (!format_read(r, formats->values[ret->count], &ret->formats[ret->count]))
			return false;
	return true;
}

struct mapping *mapping_read(const char *path, struct err *err)
{
	struct arena *a = arena_new();
	struct reader r = {path, a, err};
	struct mapping *m = arena_alloc(a, sizeof *m);
	struct yaml_documents docs;

	m->a = a;
	if (yaml_read_file(a, path, &docs, err) && read_all(&r, &docs, m))
		return m;
	arena_free(&a);
	return NULL;
}

void mapping_free(struct mapping **m)
{
	if (!*m)
		return;

	struct arena *a = (*m)->a; /* the mapping lies in it */
	arena_free(&a);
	*m = NULL;
}

size_t mapping_count(const struct mapping *m)
{
	return m->count;
}
