#include "lib/config.h"

#include "lib/mem.h"
#include "lib/must.h"
#include "lib/yaml.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

enum { KEY_LEN_MAX = 64, SHOWN_MAX = 80 };

/* Where values come from: for errors, and for memory. */
struct reader {
	struct arena *a;
	const char *file; /* NULL: a command line */
	struct err *err;
};

struct unit {
	const char *name;
	int64_t factor;
};

/* Each ends with the smallest unit, so that the first that divides a value writes it best. */
static const struct unit durations[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const struct unit sizes[] = {{"TiB", INT64_C(1) << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20},
	{"KiB", 1 << 10}, {"", 1}, {NULL, 0}};

static const char *const expected[] = {
	[CONFIG_TEXT] = "a text",
	[CONFIG_INT] = "a whole number",
	[CONFIG_BOOL] = "true or false",
	[CONFIG_DURATION] = "a duration such as 250ms, 5s, 10m, 2h or 30d",
	[CONFIG_SIZE] = "a size such as 512, 64KiB, 10MiB or 1GiB",
	[CONFIG_CHOICE] = "",
	[CONFIG_TEXTS] = "a list of texts",
	[CONFIG_LIST] = "a list of items",
};

static const size_t sizes_of[] = {
	[CONFIG_TEXT] = sizeof(char *),
	[CONFIG_INT] = sizeof(int64_t),
	[CONFIG_BOOL] = sizeof(bool),
	[CONFIG_DURATION] = sizeof(int64_t),
	[CONFIG_SIZE] = sizeof(int64_t),
	[CONFIG_CHOICE] = sizeof(int64_t),
	[CONFIG_TEXTS] = sizeof(struct config_texts),
	[CONFIG_LIST] = sizeof(struct config_list),
};

static void *place_of(const struct config_field *f, void *base)
{
	return (char *)base + f->offset;
}

static const void *value_of(const struct config_field *f, const void *base)
{
	return (const char *)base + f->offset;
}

/* ---- reading one value ---- */

static void number_write(int64_t value, const struct unit *units, struct buf *out)
{
	if (!units) {
		buf_printf(out, "%" PRId64, value);
		return;
	}
	while (units[1].name && (!value || value % units->factor))
		units++;
	buf_printf(out, "%" PRId64 "%s", value / units->factor, units->name);
}

static const struct unit *units_of(enum config_type type)
{
	return type == CONFIG_DURATION ? durations : type == CONFIG_SIZE ? sizes : NULL;
}

static bool number_read(struct slice text, const struct unit *units, int64_t *ret)
{
	size_t digits = 0;
	int64_t value;

	while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9')
		digits++;
	if (!slice_to_i64((struct slice){text.at, digits}, &value))
		return false;
	struct slice name = slice_from(text, digits);

	if (!name.len && !value) {
		*ret = 0; /* nothing of any unit */
		return true;
	}
	for (; units->name; units++) {
		if (slice_is(name, units->name))
			return !__builtin_mul_overflow(value, units->factor, ret);
	}
	return false;
}

/* What a person would call what stands in the file. */
static const char *found(struct arena *a, const struct yaml_node *node)
{
	if (node->kind == YAML_MAP)
		return "a map";
	if (node->kind == YAML_LIST)
		return "a list";
	if (yaml_is_null(node))
		return "nothing";
	int len = node->text.len > SHOWN_MAX ? SHOWN_MAX : (int)node->text.len;

	return arena_printf(a, "\"%.*s\"", len, node->text.at);
}

static bool unexpected(struct reader *r, const struct config_field *f, const char *key,
	const struct yaml_node *node)
{
	CLEANUP(buf_release) struct buf choices = {0};
	const char *wanted = expected[f->type];

	for (size_t i = 0; f->type == CONFIG_CHOICE && f->choices[i]; i++)
		buf_printf(&choices, "%s%s",
			!i                          ? ""
				: f->choices[i + 1] ? ", "
						    : " or ",
			f->choices[i]);
	if (choices.len)
		wanted = buf_text(&choices);
	return err_set(r->err, r->file, node->line, "%s: found %s, expected %s", key,
		found(r->a, node), wanted);
}

static bool bounded(struct reader *r, const struct config_field *f, const char *key, unsigned line,
	int64_t value)
{
	CLEANUP(buf_release) struct buf said = {0};
	const struct unit *units = units_of(f->type);
	bool counts = f->type == CONFIG_TEXT || f->type == CONFIG_TEXTS || f->type == CONFIG_LIST;

	if ((!f->min && !f->max) || (counts && !f->max))
		return true;
	if (value >= f->min && value <= f->max)
		return true;
	buf_add_text(&said, "found ");
	number_write(value, units, &said);
	buf_add_text(&said, !counts ? "" : f->type == CONFIG_TEXT ? " bytes" : " items");
	buf_add_text(&said, ", expected ");
	number_write(f->min, units, &said);
	buf_add_text(&said, " to ");
	number_write(f->max, units, &said);
	return err_set(r->err, r->file, line, "%s: %s", key, buf_text(&said));
}

static bool text_read(struct reader *r, const struct config_field *f, const char *key,
	const struct yaml_node *node, char **ret)
{
	/* `name:` with nothing after it is the empty text; a bare ~ or null is a mistake. */
	if (node->kind != YAML_SCALAR || (yaml_is_null(node) && node->text.len))
		return unexpected(r, f, key, node);
	*ret = arena_copy(r->a, node->text);
	return true;
}

static bool choice_read(const struct config_field *f, struct slice text, int64_t *ret)
{
	for (int64_t i = 0; f->choices[i]; i++) {
		if (slice_is(text, f->choices[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool number_value_read(
	const struct config_field *f, const struct yaml_node *node, int64_t *ret)
{
	if (node->kind != YAML_SCALAR)
		return false;
	if (f->type == CONFIG_INT)
		return yaml_to_i64(node, ret);
	if (f->type == CONFIG_CHOICE)
		return choice_read(f, node->text, ret);
	return number_read(node->text, units_of(f->type), ret);
}

static bool texts_read(struct reader *r, const struct config_field *f, const char *key,
	const struct yaml_node *node, struct config_texts *ret)
{
	if (node->kind != YAML_LIST)
		return unexpected(r, f, key, node);
	*ret = (struct config_texts){arena_array(r->a, node->count, sizeof(char *)), node->count};
	for (size_t i = 0; i < node->count; i++) {
		static const struct config_field one = {.type = CONFIG_TEXT};
		const char *item = arena_printf(r->a, "%s[%zu]", key, i);

		if (!text_read(r, &one, item, node->values[i], &ret->at[i]))
			return false;
	}
	return bounded(r, f, key, node->line, (int64_t)node->count);
}

static bool item_read(struct reader *r, const struct config_schema *schema, const char *key,
	const struct yaml_node *node, void *ret);

static bool list_read(struct reader *r, const struct config_field *f, const char *key,
	const struct yaml_node *node, struct config_list *ret)
{
	if (node->kind != YAML_LIST)
		return unexpected(r, f, key, node);
	char *items = arena_array(r->a, node->count, f->item->size);

	*ret = (struct config_list){items, node->count};
	for (size_t i = 0; i < node->count; i++) {
		const char *item = arena_printf(r->a, "%s[%zu]", key, i);

		if (!item_read(r, f->item, item, node->values[i], items + i * f->item->size))
			return false;
	}
	return bounded(r, f, key, node->line, (int64_t)node->count);
}

static bool value_read(struct reader *r, const struct config_field *f, const char *key,
	const struct yaml_node *node, void *ret)
{
	switch (f->type) {
	case CONFIG_TEXT:
		return text_read(r, f, key, node, ret) &&
			bounded(r, f, key, node->line, (int64_t)strlen(*(char **)ret));
	case CONFIG_BOOL: return yaml_to_bool(node, ret) || unexpected(r, f, key, node);
	case CONFIG_TEXTS: return texts_read(r, f, key, node, ret);
	case CONFIG_LIST: return list_read(r, f, key, node, ret);
	case CONFIG_CHOICE: return number_value_read(f, node, ret) || unexpected(r, f, key, node);
	case CONFIG_INT:
	case CONFIG_DURATION:
	case CONFIG_SIZE: break;
	}
	if (!number_value_read(f, node, ret))
		return unexpected(r, f, key, node);
	return bounded(r, f, key, node->line, *(int64_t *)ret);
}

/* ---- values that stand as one text: defaults and command lines ---- */

static struct yaml_node *scalar_of(struct arena *a, struct slice text, bool quoted)
{
	struct yaml_node *node = arena_alloc(a, sizeof(*node));

	node->kind = YAML_SCALAR;
	node->quoted = quoted;
	node->text = arena_slice(a, text);
	return node;
}

/* "a, b" as well as YAML's [a, b]. */
static const struct yaml_node *list_of(struct reader *r, const char *key, struct slice text)
{
	struct yaml_documents docs;
	struct slice part, rest = text;
	struct err inner = {0};

	if (slice_starts(text, SLICE("["))) {
		if (!yaml_read(r->a, key, text, &docs, &inner))
			err_set(r->err, r->file, 0, "%s: %s", key, inner.said);
		return docs.count == 1 ? docs.at[0] : NULL;
	}
	struct yaml_node *list = arena_alloc(r->a, sizeof(*list));

	list->kind = YAML_LIST;
	list->values = arena_array(r->a, text.len + 1, sizeof(struct yaml_node *));
	while (slice_cut(&rest, ',', &part))
		list->values[list->count++] = scalar_of(r->a, slice_trim(part), true);
	return list;
}

static bool value_from_text(
	struct reader *r, const struct config_field *f, const char *text, void *ret)
{
	CLEANUP(buf_release) struct buf scratch = {0};
	bool listed = f->type == CONFIG_TEXTS || f->type == CONFIG_LIST;

	if (!yaml_write_text(slice_of(text), &scratch))
		return err_set(r->err, r->file, 0, "%s: found a text that is no UTF-8", f->key);
	const struct yaml_node *node = listed
		? list_of(r, f->key, slice_of(text))
		: scalar_of(r->a, slice_of(text), f->type == CONFIG_TEXT);

	if (!node)
		return err_set(r->err, r->file, 0, "%s: found \"%.*s\", expected %s", f->key,
			SHOWN_MAX, text, expected[f->type]);
	return value_read(r, f, f->key, node, ret);
}

/* ---- reading maps ---- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, looking at the first KEY_LEN_MAX bytes only. */
static size_t distance(struct slice a, struct slice b)
{
	size_t row[KEY_LEN_MAX + 1];

	a.len = least(a.len, KEY_LEN_MAX);
	b.len = least(b.len, KEY_LEN_MAX);
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t changed = diagonal + (a.at[i - 1] != b.at[j - 1]);

			diagonal = row[j];
			row[j] = least(changed, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[b.len];
}

static const char *nearest(const struct config_schema *schema, struct slice key)
{
	const char *best = schema->fields[0].key;

	for (size_t i = 1; i < schema->count; i++) {
		const char *other = schema->fields[i].key;

		if (distance(key, slice_of(other)) < distance(key, slice_of(best)))
			best = other;
	}
	return best;
}

static const struct config_field *field_find(const struct config_schema *schema, struct slice key)
{
	for (size_t i = 0; i < schema->count; i++) {
		if (slice_is(key, schema->fields[i].key))
			return &schema->fields[i];
	}
	return NULL;
}

static bool is_section(const struct config_schema *schema, struct slice key)
{
	for (size_t i = 0; i < schema->count; i++) {
		struct slice full = slice_of(schema->fields[i].key);

		if (full.len > key.len && full.at[key.len] == '.' && slice_starts(full, key))
			return true;
	}
	return false;
}

/* What is being filled: a schema's struct, and how its keys are called in errors. */
struct target {
	const struct config_schema *schema;
	const char *shown; /* "" or "courier.targets[2]." */
	void *base;
	uint8_t *given; /* one per field */
};

static bool unknown_key(struct reader *r, const struct target *t, const char *key, unsigned line)
{
	return err_set(r->err, r->file, line, "%s%.*s: unknown key; the nearest known one is %s",
		t->shown, SHOWN_MAX, key, nearest(t->schema, slice_of(key)));
}

/* A map inside the schema's struct; `prefix` is "" or "probe.". */
static bool map_read(
	struct reader *r, const struct target *t, const char *prefix, const struct yaml_node *map);

static bool pair_read(struct reader *r, const struct target *t, const char *prefix,
	const struct yaml_node *name, const struct yaml_node *value)
{
	const char *key = arena_printf(r->a, "%s%s", prefix, name->text.at);
	const struct config_field *f = field_find(t->schema, slice_of(key));
	bool dotted = slice_find_byte(name->text, '.') < name->text.len;

	if (!dotted && f) {
		t->given[f - t->schema->fields] = 1;
		return value_read(r, f, arena_printf(r->a, "%s%s", t->shown, key), value,
			place_of(f, t->base));
	}
	if (dotted || !is_section(t->schema, slice_of(key)))
		return unknown_key(r, t, key, name->line);
	if (yaml_is_null(value))
		return true;
	if (value->kind != YAML_MAP)
		return err_set(r->err, r->file, value->line,
			"%s: found %s, expected a map of settings", key, found(r->a, value));
	return map_read(r, t, arena_printf(r->a, "%s.", key), value);
}

static bool map_read(
	struct reader *r, const struct target *t, const char *prefix, const struct yaml_node *map)
{
	for (size_t i = 0; i < map->count; i++) {
		if (!pair_read(r, t, prefix, map->keys[i], map->values[i]))
			return false;
	}
	return true;
}

static bool defaults_set(
	struct arena *a, const struct config_schema *schema, void *base, struct err *err)
{
	struct reader r = {.a = a, .file = "built-in default", .err = err};

	for (size_t i = 0; i < schema->count; i++) {
		const struct config_field *f = &schema->fields[i];

		if (f->fallback) {
			if (!value_from_text(&r, f, f->fallback, place_of(f, base)))
				return false;
		} else if (f->type == CONFIG_TEXT) {
			*(char **)place_of(f, base) = arena_text(a, "");
		}
	}
	return true;
}

static bool item_read(struct reader *r, const struct config_schema *schema, const char *key,
	const struct yaml_node *node, void *ret)
{
	struct target t = {
		.schema = schema,
		.shown = arena_printf(r->a, "%s.", key),
		.base = ret,
		.given = arena_array(r->a, schema->count, 1),
	};

	if (node->kind != YAML_MAP)
		return err_set(r->err, r->file, node->line,
			"%s: found %s, expected a map of settings", key, found(r->a, node));
	if (!defaults_set(r->a, schema, ret, r->err) || !map_read(r, &t, "", node))
		return false;
	for (size_t i = 0; i < schema->count; i++) {
		if (!t.given[i] && !schema->fields[i].fallback)
			return err_set(r->err, r->file, node->line,
				"%s%s: found nothing, must be given", t.shown,
				schema->fields[i].key);
	}
	return true;
}

/* A section of this program that `name` is likely meant to be: so near that it can be no other
 * program's, which would be skipped silently. */
static struct slice section_meant(const struct config_schema *schema, struct slice name)
{
	for (size_t i = 0; i < schema->count; i++) {
		struct slice section = slice_of(schema->fields[i].key);

		section.len = slice_find_byte(section, '.');
		if (distance(name, section) <= (section.len < 5 ? 1 : 2))
			return section;
	}
	return (struct slice){0};
}

/* One section at the top of the file; those of other programs are skipped. */
static bool section_read(struct reader *r, const struct target *t, const struct yaml_node *name,
	const struct yaml_node *value)
{
	if (value->kind != YAML_MAP && !yaml_is_null(value))
		return err_set(r->err, r->file, value->line,
			"%.*s: found %s, expected a section with settings in it", SHOWN_MAX,
			name->text.at, found(r->a, value));
	if (is_section(t->schema, name->text))
		return pair_read(r, t, "", name, value);
	struct slice meant = section_meant(t->schema, name->text);

	return !meant.len ||
		err_set(r->err, r->file, name->line,
			"%s: unknown section; the nearest known one is %.*s", name->text.at,
			SLICE_ARG(meant));
}

static bool file_map_read(struct reader *r, const struct target *t, const struct yaml_node *map)
{
	for (size_t i = 0; i < map->count; i++) {
		if (!section_read(r, t, map->keys[i], map->values[i]))
			return false;
	}
	return true;
}

bool config_read(const struct config_schema *schema, const char *path, struct arena *a, void *ret,
	struct err *err)
{
	struct reader r = {.a = a, .file = path, .err = err};
	struct target t = {.schema = schema, .shown = "", .base = ret};
	struct yaml_documents docs;

	memset(ret, 0, schema->size);
	t.given = arena_array(a, schema->count, 1);
	if (!defaults_set(a, schema, ret, err))
		return false;
	if (!path)
		return true;
	if (!yaml_read_file(a, path, &docs, err))
		return false;
	if (docs.count > 1)
		return err_set(
			err, path, docs.at[1]->line, "found a second document, expected one");
	if (!docs.count)
		return true;
	if (docs.at[0]->kind != YAML_MAP)
		return err_set(err, path, docs.at[0]->line, "found %s, expected sections",
			found(a, docs.at[0]));
	return file_map_read(&r, &t, docs.at[0]);
}

bool config_set(const struct config_schema *schema, struct arena *a, void *config,
	struct config_setting setting, struct err *err)
{
	struct reader r = {.a = a, .err = err};
	const struct target t = {.schema = schema, .shown = "", .base = config};
	const struct config_field *f = field_find(schema, slice_of(setting.key));

	union {
		char *text;
		int64_t number;
		bool truth;
		struct config_texts texts;
		struct config_list list;
	} value = {0};

	if (!f)
		return unknown_key(&r, &t, setting.key, 0);
	/* Not at its place at once, so that a refused value changes nothing. */
	if (!value_from_text(&r, f, setting.value, &value))
		return false;
	memcpy(place_of(f, config), &value, sizes_of[f->type]);
	return true;
}

/* ---- writing ---- */

static void indent(struct buf *out, int depth)
{
	buf_printf(out, "%*s", depth * 2, "");
}

static void text_write(const char *text, struct buf *out)
{
	must(yaml_write_text(slice_of(text), out));
}

static void map_write(const struct config_schema *schema, struct slice prefix, const void *base,
	int depth, struct buf *out);

static void list_write(const struct config_schema *item, const struct config_list *list, int depth,
	struct buf *out)
{
	buf_add_text(out, list->count ? "\n" : " []\n");
	for (size_t i = 0; i < list->count; i++) {
		indent(out, depth);
		buf_add_text(out, "-\n");
		map_write(item, SLICE(""), (const char *)list->items + i * item->size, depth + 1,
			out);
	}
}

static void value_write(const struct config_field *f, const void *value, int depth, struct buf *out)
{
	const struct config_texts *texts = value;

	if (f->type == CONFIG_LIST) {
		list_write(f->item, value, depth + 1, out);
		return;
	}
	buf_add_byte(out, ' ');
	switch (f->type) {
	case CONFIG_TEXT: text_write(*(char *const *)value, out); break;
	case CONFIG_BOOL: buf_add_text(out, *(const bool *)value ? "true" : "false"); break;
	case CONFIG_CHOICE: buf_add_text(out, f->choices[*(const int64_t *)value]); break;
	case CONFIG_INT:
	case CONFIG_DURATION:
	case CONFIG_SIZE: number_write(*(const int64_t *)value, units_of(f->type), out); break;
	case CONFIG_TEXTS:
		buf_add_byte(out, '[');
		for (size_t i = 0; i < texts->count; i++) {
			buf_add_text(out, i ? ", " : "");
			text_write(texts->at[i], out);
		}
		buf_add_byte(out, ']');
		break;
	case CONFIG_LIST: break;
	}
	buf_add_byte(out, '\n');
}

static void help_write(const struct config_field *f, int depth, struct buf *out)
{
	if (f->help) {
		indent(out, depth);
		buf_printf(out, "# %s\n", f->help);
	}
	for (size_t i = 0; f->type == CONFIG_LIST && i < f->item->count; i++) {
		const struct config_field *part = &f->item->fields[i];

		indent(out, depth);
		buf_printf(out, "#   %s:%s%s\n", part->key, part->help ? " " : "",
			part->help ? part->help : "");
	}
}

/* Whether an earlier field already opened the section that ends at `len`. */
static bool section_is_open(const struct config_schema *schema, size_t before, size_t len)
{
	struct slice section = {schema->fields[before].key, len};

	for (size_t i = 0; i < before; i++) {
		if (slice_starts(slice_of(schema->fields[i].key), section))
			return true;
	}
	return false;
}

static void map_write(const struct config_schema *schema, struct slice prefix, const void *base,
	int depth, struct buf *out)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct config_field *f = &schema->fields[i];
		struct slice key = slice_of(f->key);

		if (!slice_starts(key, prefix))
			continue;
		struct slice name = slice_from(key, prefix.len);
		size_t dot = slice_find_byte(name, '.');

		if (dot == name.len) {
			help_write(f, depth, out);
			indent(out, depth);
			buf_printf(out, "%s:", name.at);
			value_write(f, value_of(f, base), depth, out);
		} else if (!section_is_open(schema, i, prefix.len + dot + 1)) {
			indent(out, depth);
			buf_printf(out, "%.*s:\n", (int)dot, name.at);
			map_write(schema, (struct slice){f->key, prefix.len + dot + 1}, base,
				depth + 1, out);
		}
	}
}

void config_write(const struct config_schema *schema, const void *config, struct buf *out)
{
	map_write(schema, SLICE(""), config, 0, out);
}
