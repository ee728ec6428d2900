#include "correlator/sample.h"

#include "correlator/limits.h"
#include "lib/json_write.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

enum { DEPTH_MAX = 16, ITEMS_MAX = 16, VALUE_DEPTH_MAX = 4 };

size_t sample_identity(struct view_fields *fields, size_t ret[SAMPLE_IDENTITY_COUNT])
{
	static const char *const names[SAMPLE_IDENTITY_COUNT] = {"event_id", "timestamp",
		"event_type", "sensor", "flow_id", "src_ip", "src_port", "dest_ip", "dest_port",
		"proto", "community_id", "article.url", "article.title", "article.publisher",
		"site_check.url", "lookalike.host", "lookalike.target", "lookalike.url"};

	for (size_t i = 0; i < SAMPLE_IDENTITY_COUNT; i++)
		ret[i] = view_fields_add(fields, slice_of(names[i]));
	return SAMPLE_IDENTITY_COUNT;
}

/* As text, but a dot comes before any character: what a prefix opens stands together. */
static int path_compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	int left = *a == '.' ? 1 : (uint8_t)*a, right = *b == '.' ? 1 : (uint8_t)*b;
	return left - right;
}

static bool is_inside(const char *path, const char *outer)
{
	size_t len = strlen(outer);

	return strncmp(path, outer, len) == 0 && (path[len] == '.' || path[len] == '\0');
}

size_t sample_order(const struct view_fields *fields, size_t *slots, size_t count)
{
	size_t kept = 0;

	for (size_t i = 1; i < count; i++) {
		size_t slot = slots[i], at = i;

		for (; at > 0 &&
			path_compare(view_fields_path(fields, slots[at - 1]),
				view_fields_path(fields, slot)) > 0;
			at--)
			slots[at] = slots[at - 1];
		slots[at] = slot;
	}
	for (size_t i = 0; i < count; i++) {
		const char *path = view_fields_path(fields, slots[i]);
		bool inside =
			kept > 0 && is_inside(path, view_fields_path(fields, slots[kept - 1]));

		if (*path && !inside)
			slots[kept++] = slots[i];
	}
	return kept;
}

static struct slice shortened(struct slice text)
{
	if (text.len <= SAMPLE_TEXT_MAX)
		return text;
	text.len = SAMPLE_TEXT_MAX;
	while (text.len > 0 && ((uint8_t)text.at[text.len] & 0xc0) == 0x80)
		text.len--;
	return text;
}

struct copy {
	struct json_writer *w;
	unsigned depth, items;
};

static bool copy_item(void *ctx, struct slice key, struct json_value value);
static bool copy_member(void *ctx, struct slice key, struct json_value value);

static void copy_value(const struct copy *c, struct json_value value)
{
	struct copy inner = {c->w, c->depth + 1, 0};
	enum json_kind kind = json_kind(value);
	struct slice text;

	if (json_to_text(value, &text)) {
		json_text(c->w, shortened(text));
	} else if ((kind == JSON_ARRAY || kind == JSON_OBJECT) && c->depth == VALUE_DEPTH_MAX) {
		json_null(c->w);
	} else if (kind == JSON_ARRAY) {
		json_begin_array(c->w);
		json_each(value, copy_item, &inner);
		json_end_array(c->w);
	} else if (kind == JSON_OBJECT) {
		json_begin_object(c->w);
		json_each(value, copy_member, &inner);
		json_end_object(c->w);
	} else {
		json_write(c->w, value);
	}
}

static bool copy_item(void *ctx, struct slice key, struct json_value value)
{
	struct copy *c = ctx;

	(void)key;
	if (++c->items > ITEMS_MAX)
		return false;
	copy_value(c, value);
	return true;
}

static bool copy_member(void *ctx, struct slice key, struct json_value value)
{
	struct copy *c = ctx;

	if (++c->items > ITEMS_MAX)
		return false;
	json_key_slice(c->w, key); /* the empty key is one too */
	copy_value(c, value);
	return true;
}

/* A path through a list of objects: its elements, flat. */
static void copy_elements(struct json_writer *w, struct view_field field)
{
	struct copy c = {w, 1, 0};

	json_begin_array(w);
	for (size_t i = 0; i < field.count; i++)
		(void)copy_item(&c, (struct slice){0}, field.at[i].json);
	json_end_array(w);
}

struct nest {
	struct json_writer w;
	struct slice open[DEPTH_MAX];
	size_t depth;
};

/* Closes and opens objects until the writer stands where the last key of `path` belongs; gives
 * that key. */
static struct slice nest_to(struct nest *n, const char *path)
{
	struct slice rest = slice_of(path);

	if (n->depth == 0 && slice_find_byte(rest, '.') == rest.len)
		return rest; /* most paths are one key */
	struct slice steps[DEPTH_MAX + 1];
	size_t count = 0, same = 0;

	while (count < DEPTH_MAX && slice_cut(&rest, '.', &steps[count]))
		count++;
	if (rest.len > 0)
		steps[count++] = rest;
	must(count > 0);
	while (same < n->depth && same + 1 < count && slice_equal(n->open[same], steps[same]))
		same++;
	while (n->depth > same) {
		json_end_object(&n->w);
		n->depth--;
	}
	while (n->depth + 1 < count) {
		json_key_slice(&n->w, steps[n->depth]);
		json_begin_object(&n->w);
		n->open[n->depth] = steps[n->depth];
		n->depth++;
	}
	return steps[count - 1];
}

void sample_write(struct view *v, const struct view_fields *fields, const size_t *slots,
	size_t count, struct buf *out)
{
	struct nest n = {.w = json_writer_on(out)};
	size_t start = out->len;

	json_begin_object(&n.w);
	for (size_t i = 0; i < count; i++) {
		const char *path = view_fields_path(fields, slots[i]);
		struct view_field field = view_get(v, slots[i]);

		if (!field.exists)
			continue;
		struct buf *value = view_scratch(v);
		struct json_writer w = json_writer_on(value);
		struct copy c = {.w = &w, .depth = 1};
		if (field.is_list)
			copy_elements(&w, field);
		else
			copy_value(&c, field.whole);
		size_t len = out->len - start + value->len + strlen(path) + (size_t)2 * DEPTH_MAX;
		if (len > SAMPLE_LEN_MAX)
			continue;
		json_key_slice(&n.w, nest_to(&n, path));
		json_raw(&n.w, buf_slice(value));
	}
	while (n.depth-- > 0)
		json_end_object(&n.w);
	json_end_object(&n.w);
}
