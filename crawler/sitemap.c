#include "crawler/sitemap.h"

#include "crawler/xml.h"

#include <string.h>

enum { LOC_LEN_MAX = 4096 };

struct reader {
	struct arena *a;
	struct sitemap *map;
	struct sitemap_entry *entry; /* NULL outside of one */
	size_t entry_depth, room;
	struct slice name; /* of the innermost element, in `names` */
	char names[64];
	struct buf text;
	bool is_sitemap;
};

static void begin_entry(struct reader *r, const struct xml_element *e)
{
	struct sitemap *map = r->map;

	if (map->count == SITEMAP_ENTRIES_MAX)
		return;
	if (map->count == r->room) {
		r->room = r->room == 0 ? 64 : r->room * 2;
		struct sitemap_entry *more = arena_array(r->a, r->room, sizeof *more);

		if (map->count > 0)
			memcpy(more, map->entries, map->count * sizeof *more);
		map->entries = more;
	}
	r->entry = &map->entries[map->count++];
	r->entry_depth = e->depth;
}

static void on_start(void *ctx, const struct xml_element *e)
{
	struct reader *r = ctx;
	size_t len = e->name.len < sizeof r->names ? e->name.len : sizeof r->names;

	buf_clear(&r->text);
	memcpy(r->names, e->name.at, len);
	r->name = slice_over(r->names, len);
	if (e->depth == 1) {
		r->map->is_index = slice_is(e->name, "sitemapindex");
		r->is_sitemap = r->map->is_index || slice_is(e->name, "urlset");
	} else if (e->depth == 2 && (slice_is(e->name, "url") || slice_is(e->name, "sitemap"))) {
		begin_entry(r, e);
	}
}

static void on_text(void *ctx, struct slice text)
{
	struct reader *r = ctx;

	if (r->entry != NULL && r->text.len + text.len <= LOC_LEN_MAX)
		buf_add_slice(&r->text, text);
}

static void on_end(void *ctx, size_t depth)
{
	struct reader *r = ctx;
	struct slice text = slice_trim(buf_slice(&r->text));

	if (r->entry == NULL)
		return;
	if (depth == r->entry_depth) {
		r->map->count -= r->entry->loc.len == 0;
		r->entry = NULL;
		return;
	}
	if (slice_is(r->name, "loc") && depth == r->entry_depth + 1)
		r->entry->loc = arena_slice(r->a, text);
	else if (slice_is(r->name, "lastmod") || slice_is(r->name, "publication_date"))
		date_find(text, &r->entry->changed);
	else if (slice_is(r->name, "title") && r->entry->title.len == 0)
		r->entry->title = arena_slice(r->a, text);
	r->name = (struct slice){0};
}

bool sitemap_read(struct arena *a, struct slice utf8, struct sitemap *ret, struct err *err)
{
	struct reader r = {.a = a, .map = ret};
	static const struct xml_calls calls = {on_start, on_end, on_text};

	*ret = (struct sitemap){0};
	bool ok = xml_read(utf8, &calls, &r, err);
	buf_release(&r.text);
	if (r.entry != NULL && r.entry->loc.len == 0)
		ret->count--;
	if (!r.is_sitemap)
		return err_set(err, NULL, 0, "no sitemap");
	return ok;
}

void sitemap_write(const struct sitemap *map, struct json_writer *w)
{
	json_begin_object(w);
	json_key(w, "kind");
	json_text(w, map->is_index ? SLICE("sitemaps") : SLICE("urls"));
	json_key(w, "locs");
	json_begin_array(w);
	for (size_t i = 0; i < map->count; i++)
		json_text(w, map->entries[i].loc);
	json_end_array(w);
	json_end_object(w);
}
