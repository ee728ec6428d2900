#include "correlator/offices.h"

#include "lib/json_write.h"
#include "lib/mem.h"
#include "lib/yaml.h"

enum { CONCERNED_MAX = 10 };

struct offices {
	struct arena *arena;
	struct office *offices;
	struct scope *scopes;
	size_t office_count, scope_count;
};

static struct slice text_at(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);

	return node && node->kind == YAML_SCALAR ? node->text : (struct slice){0};
}

static bool read_office(struct offices *o, const struct yaml_node *node)
{
	struct office *office = &o->offices[o->office_count];

	*office = (struct office){text_at(node, "id"), text_at(node, "vi"), text_at(node, "en"),
		text_at(node, "desk")};
	o->office_count++;
	return office->id.len > 0 && office->vi.len > 0;
}

static bool read_networks(struct offices *o, const char *path, const struct yaml_node *cidr,
	struct networks **ret, struct err *err)
{
	char **texts;

	if (!cidr || cidr->kind != YAML_LIST)
		return err_set(err, path, cidr ? cidr->line : 0,
			"network_scopes: cidr: expected a list of networks");
	texts = arena_array(o->arena, cidr->count + 1, sizeof *texts);
	for (size_t i = 0; i < cidr->count; i++)
		texts[i] = arena_copy(o->arena, cidr->values[i]->text);
	*ret = networks_new(texts, cidr->count, err);
	return *ret != NULL;
}

static bool read_scope(
	struct offices *o, const char *path, const struct yaml_node *node, struct err *err)
{
	struct scope *s = &o->scopes[o->scope_count];

	s->id = text_at(node, "id");
	s->name = text_at(node, "name");
	s->owner = text_at(node, "owner");
	if (s->id.len == 0)
		return err_set(err, path, node->line, "network_scopes: a network needs an id");
	if (!read_networks(o, path, yaml_get(node, "cidr"), &s->networks, err))
		return false;
	o->scope_count++;
	return true;
}

static bool read_all(
	struct offices *o, const char *path, const struct yaml_node *root, struct err *err)
{
	const struct yaml_node *offices = yaml_get(root, "offices");
	const struct yaml_node *scopes = yaml_get(root, "network_scopes");
	size_t office_count = offices && offices->kind == YAML_LIST ? offices->count : 0;
	size_t scope_count = scopes && scopes->kind == YAML_LIST ? scopes->count : 0;

	if (office_count > OFFICES_MAX || scope_count > SCOPES_MAX)
		return err_set(err, path, 1, "more than 500 offices or 4000 networks");
	o->offices = arena_array(o->arena, office_count + 1, sizeof *o->offices);
	o->scopes = arena_array(o->arena, scope_count + 1, sizeof *o->scopes);
	for (size_t i = 0; i < office_count; i++)
		if (!read_office(o, offices->values[i]))
			return err_set(err, path, offices->values[i]->line,
				"offices: an office needs id and vi");
	for (size_t i = 0; i < scope_count; i++)
		if (!read_scope(o, path, scopes->values[i], err))
			return false;
	return true;
}

struct offices *offices_load(const char *path, struct err *err)
{
	CLEANUP(offices_free) struct offices *o = mem_alloc(sizeof *o);
	struct yaml_documents docs;

	o->arena = arena_new();
	if (!yaml_read_file(o->arena, path, &docs, err))
		return NULL;
	if (docs.count != 1 || docs.at[0]->kind != YAML_MAP) {
		(void)err_set(err, path, 1, "expected one map of assets");
		return NULL;
	}
	if (!read_all(o, path, docs.at[0], err))
		return NULL;
	struct offices *ret = o;
	o = NULL;
	return ret;
}

void offices_free(struct offices **o)
{
	if (!*o)
		return;
	for (size_t i = 0; i < (*o)->scope_count; i++)
		networks_free(&(*o)->scopes[i].networks);
	arena_free(&(*o)->arena);
	mem_free(*o);
	*o = NULL;
}

const struct office *offices_find(const struct offices *o, struct slice id)
{
	for (size_t i = 0; o && i < o->office_count; i++)
		if (slice_equal(o->offices[i].id, id))
			return &o->offices[i];
	return NULL;
}

const struct scope *offices_scope(const struct offices *o, struct slice address)
{
	struct address read;

	if (!o || !address_read(address, &read))
		return NULL;
	for (size_t i = 0; i < o->scope_count; i++)
		if (networks_hold(o->scopes[i].networks, read))
			return &o->scopes[i];
	return NULL;
}

struct told_list {
	struct slice ids[CONCERNED_MAX];
	size_t count;
};

static void add_id(struct told_list *list, struct slice id)
{
	if (id.len == 0 || list->count == CONCERNED_MAX)
		return;
	for (size_t i = 0; i < list->count; i++)
		if (slice_equal(list->ids[i], id))
			return;
	list->ids[list->count++] = id;
}

static void write_text(struct json_writer *w, const char *key, struct slice text)
{
	if (text.len == 0)
		return;
	json_key(w, key);
	json_text(w, text);
}

void offices_write(
	const struct offices *o, const struct offices_concerned *concerned, struct buf *out)
{
	struct json_writer w = json_writer_on(out);
	struct told_list list = {.count = 0};

	for (size_t i = 0; i < concerned->id_count; i++)
		add_id(&list, concerned->ids[i]);
	for (size_t i = 0; i < concerned->address_count; i++) {
		const struct scope *s = offices_scope(o, concerned->addresses[i]);

		if (s)
			add_id(&list, s->owner);
	}
	json_begin_array(&w);
	for (size_t i = 0; i < list.count; i++) {
		const struct office *office = offices_find(o, list.ids[i]);

		json_begin_object(&w);
		write_text(&w, "id", list.ids[i]);
		write_text(&w, "vi", office ? office->vi : (struct slice){0});
		write_text(&w, "en", office ? office->en : (struct slice){0});
		write_text(&w, "desk", office ? office->desk : (struct slice){0});
		json_end_object(&w);
	}
	json_end_array(&w);
}
