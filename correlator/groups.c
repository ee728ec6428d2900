#include "correlator/groups.h"

#include "lib/digest.h"
#include "lib/json_write.h"
#include "lib/mem.h"

#include <string.h>

/* The different elements of one field, as JSON and as text. */
struct elements {
	struct view_value *at[VALUES_PER_EVENT_MAX];
	size_t count;
};

static void elements_of(struct view *v, size_t slot, struct elements *ret)
{
	struct view_field field = view_get(v, slot);

	ret->count = 0;
	for (size_t i = 0; i < field.count && ret->count < VALUES_PER_EVENT_MAX; i++) {
		bool known = field.at[i].kind == JSON_NULL;

		for (size_t k = 0; k < ret->count && !known; k++)
			known = slice_equal(view_text(v, ret->at[k]), view_text(v, &field.at[i]));
		if (!known)
			ret->at[ret->count++] = &field.at[i];
	}
}

static struct slice shortened(struct slice text)
{
	if (text.len <= GROUP_TEXT_MAX)
		return text;
	text.len = GROUP_TEXT_MAX;
	while (text.len > 0 && ((uint8_t)text.at[text.len] & 0xc0) == 0x80)
		text.len--;
	return text;
}

static void write_member(
	struct json_writer *w, struct slice name, struct view *v, struct view_value *value)
{
	struct slice text = view_text(v, value);

	json_key_slice(w, name);
	if (value->kind == JSON_TEXT)
		json_text(w, shortened(text));
	else
		json_raw(w, text);
}

/* The fields to group by, with their elements. */
struct axes {
	struct slice names[GROUP_FIELDS_MAX];
	struct elements elements[GROUP_FIELDS_MAX];
	size_t count;
};

static size_t combinations(const struct axes *axes, size_t max)
{
	size_t product = 1;

	for (size_t i = 0; i < axes->count; i++)
		product *= axes->elements[i].count;
	return product < max ? product : max;
}

/* The element of axis `i` in combination number `n`, the last axis turning fastest. */
static struct view_value *chosen(const struct axes *axes, size_t i, size_t n)
{
	for (size_t k = axes->count - 1; k > i; k--)
		n /= axes->elements[k].count;
	return axes->elements[i].at[n % axes->elements[i].count];
}

static void write_groups(
	struct view *v, const struct axes *axes, struct arena *a, struct groups *ret)
{
	struct buf *out = view_scratch(v);

	ret->count = combinations(axes, GROUPS_PER_EVENT_MAX);
	for (size_t n = 0; n < ret->count; n++) {
		struct json_writer w;

		buf_clear(out);
		w = json_writer_on(out);
		json_begin_object(&w);
		for (size_t i = 0; i < axes->count; i++)
			write_member(&w, axes->names[i], v, chosen(axes, i, n));
		json_end_object(&w);
		ret->at[n] = arena_slice(a, buf_slice(out));
	}
}

static bool add_axis(struct axes *axes, struct view *v, struct slice name, size_t slot)
{
	elements_of(v, slot, &axes->elements[axes->count]);
	if (axes->elements[axes->count].count == 0)
		return false;
	axes->names[axes->count++] = name;
	return true;
}

void groups_of(struct view *v, const struct feed *feed, struct arena *a, struct groups *ret)
{
	struct axes axes = {.count = 0};

	ret->count = 0;
	for (size_t i = 0; i < feed->target->group_count; i++)
		if (!add_axis(&axes, v, feed->target->group_names[i], feed->group_slots[i]) &&
			feed->target->kind == RULE_CORRELATION)
			return;
	write_groups(v, &axes, a, ret);
}

void groups_default_init(struct groups_default *d, struct view_fields *fields)
{
	d->lookalike = view_fields_add(fields, SLICE("lookalike.host"));
	d->site_check = view_fields_add(fields, SLICE("site_check.host"));
	d->story = view_fields_add(fields, SLICE("article.story_id"));
	d->article = view_fields_add(fields, SLICE("article.url"));
	d->source = view_fields_add(fields, SLICE("src_ip"));
	d->destination = view_fields_add(fields, SLICE("dest_ip"));
}

void groups_by_default(
	struct view *v, const struct groups_default *d, struct arena *a, struct groups *ret)
{
	struct axes axes = {.count = 0};

	if (!add_axis(&axes, v, SLICE("lookalike.host"), d->lookalike) &&
		!add_axis(&axes, v, SLICE("site_check.host"), d->site_check) &&
		!add_axis(&axes, v, SLICE("article.story_id"), d->story) &&
		!add_axis(&axes, v, SLICE("article.url"), d->article)) {
		(void)add_axis(&axes, v, SLICE("src_ip"), d->source);
		(void)add_axis(&axes, v, SLICE("dest_ip"), d->destination);
	}
	write_groups(v, &axes, a, ret);
}

size_t groups_values(struct view *v, const struct feed *feed, uint64_t ret[VALUES_PER_EVENT_MAX])
{
	CLEANUP(buf_release) struct buf tuple = {0};
	struct axes axes = {.count = 0};

	for (size_t i = 0; i < feed->value_count; i++)
		if (!add_axis(&axes, v, (struct slice){0}, feed->value_slots[i]))
			return 0;
	size_t count = combinations(&axes, VALUES_PER_EVENT_MAX);
	for (size_t n = 0; n < count; n++) {
		uint8_t hash[SHA256_LEN];

		buf_clear(&tuple);
		for (size_t i = 0; i < axes.count; i++) {
			buf_add_slice(&tuple, view_text(v, chosen(&axes, i, n)));
			buf_add_byte(&tuple, '\0');
		}
		/* Not a fast hash: who chooses the values must not be able to make them collide. */
		digest_sha256(buf_slice(&tuple), hash);
		memcpy(&ret[n], hash, sizeof ret[n]);
	}
	return count;
}
