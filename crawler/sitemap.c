#include "crawler/sitemap.h"

#include "crawler/feed.h"
#include "crawler/feed_parts.h"
#include "crawler/xml.h"
#include "lib/mem.h"

#include <string.h>

enum { LOC_LEN_MAX = 4096, NAME_LEN_MAX = 32 };

struct reader {
	struct arena *a;
	struct sitemap *map;
	struct sitemap_entry *entry; /* NULL outside of one */
	size_t entry_depth, room;
	char names[XML_DEPTH_MAX + 2][NAME_LEN_MAX]; /* of what is open, in lower case */
	struct buf text;
	bool is_sitemap;
};

static struct sitemap_entry *add_entry(struct reader *r)
{
	struct sitemap *map = r->map;

	if (map->count == SITEMAP_ENTRIES_MAX)
		return NULL;
	if (map->count == r->room) {
		r->room = r->room == 0 ? 64 : r->room * 2;
		struct sitemap_entry *more = arena_array(r->a, r->room, sizeof *more);

		if (map->entries != NULL)
			memcpy(more, map->entries, map->count * sizeof *more);
		map->entries = more;
	}
	return &map->entries[map->count++];
}

static bool is(const struct reader *r, size_t depth, const char *name)
{
	return slice_equal_nocase(slice_of(r->names[depth]), slice_of(name));
}

static void on_start(void *ctx, const struct xml_element *e)
{
	struct reader *r = ctx;
	size_t len = e->name.len < NAME_LEN_MAX - 1 ? e->name.len : NAME_LEN_MAX - 1;
	char *name = r->names[e->depth];

	buf_clear(&r->text);
	memcpy(name, e->name.at, len);
	name[len] = '\0';
	if (is(r, e->depth, "sitemapindex") || is(r, e->depth, "urlset")) {
		r->is_sitemap = true;
		r->map->is_index = is(r, e->depth, "sitemapindex");
	} else if (r->entry == NULL && r->is_sitemap &&
		(is(r, e->depth, "url") || is(r, e->depth, "sitemap"))) {
		r->entry = add_entry(r);
		r->entry_depth = e->depth;
	}
}

static void on_text(void *ctx, struct slice text)
{
	struct reader *r = ctx;

	if (r->entry != NULL && r->text.len + text.len <= LOC_LEN_MAX)
		buf_add_slice(&r->text, text);
}

/* Some escape what they write twice, CDATA and all. */
static struct slice plain(struct reader *r, struct slice text)
{
	static const struct {
		const char *written;
		char meant;
	} entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'},
		{"&apos;", '\''}, {"&#39;", '\''}};
	char *out = arena_alloc(r->a, text.len + 1);
	size_t len = 0;

	text = slice_trim(text);
	if (slice_starts(text, SLICE("<![CDATA["))) {
		text = slice_from(text, 9);
		text.len = slice_find(text, SLICE("]]>"));
		text = slice_trim(text);
	}
	while (text.len > 0) {
		size_t step = 1;

		out[len] = text.at[0];
		for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
			if (slice_starts(text, slice_of(entities[i].written))) {
				out[len] = entities[i].meant;
				step = strlen(entities[i].written);
				break;
			}
		len++;
		text = slice_from(text, step);
	}
	return slice_over(out, len);
}

static void end_entry(struct reader *r)
{
	if (r->entry->loc.len == 0)
		r->map->count--;
	r->entry = NULL;
}

static void on_end(void *ctx, size_t depth)
{
	struct reader *r = ctx;

	if (r->entry == NULL)
		return;
	if (depth == r->entry_depth) {
		end_entry(r);
		return;
	}
	struct slice text = buf_slice(&r->text);
	if (is(r, depth, "loc") && depth == r->entry_depth + 1)
		r->entry->loc = plain(r, text);
	else if (is(r, depth, "lastmod"))
		feed_date(text, &r->entry->changed);
	else if (is(r, depth, "publication_date"))
		feed_date(text, &r->entry->published);
	else if (is(r, depth, "title") && r->entry->title.len == 0)
		r->entry->title = plain(r, text);
	buf_clear(&r->text);
}

static bool read_xml(struct reader *r, struct slice xml, struct err *err)
{
	static const struct xml_calls calls = {on_start, on_end, on_text};
	struct arena *a = r->a;
	struct sitemap *map = r->map;
	bool ok = xml_read(xml, &calls, r, err);

	if (!ok) {
		struct err ignored = {0};

		buf_release(&r->text);
		*r = (struct reader){.a = a, .map = map};
		*map = (struct sitemap){0};
		(void)xml_read_loose(xml, &calls, r, &ignored);
	}
	buf_release(&r->text);
	if (r->entry != NULL)
		end_entry(r);
	return ok;
}

static bool read_lines(struct reader *r, struct slice text)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line)) {
		line = slice_trim(line);
		bool address = slice_starts(line, SLICE("http://")) ||
			slice_starts(line, SLICE("https://"));
		struct sitemap_entry *entry =
			address && line.len <= LOC_LEN_MAX ? add_entry(r) : NULL;

		if (entry != NULL)
			entry->loc = arena_slice(r->a, line);
	}
	return r->map->count > 0;
}

static bool read_feed(struct reader *r, struct slice utf8)
{
	struct feed feed;
	struct err ignored = {0};

	(void)feed_read(r->a, utf8, &(struct feed_options){0}, &feed, &ignored);
	for (size_t i = 0; i < feed.entry_count; i++) {
		struct sitemap_entry *entry = feed.entries[i].link.len > 0 ? add_entry(r) : NULL;

		if (entry != NULL)
			*entry = (struct sitemap_entry){feed.entries[i].link, feed.entries[i].title,
				feed.entries[i].updated, feed.entries[i].published};
	}
	return feed.version[0] != '\0';
}

bool sitemap_read(struct arena *a, struct slice utf8, struct sitemap *ret, struct err *err)
{
	struct reader *r = arena_alloc(a, sizeof *r);

	*ret = (struct sitemap){0};
	r->a = a;
	r->map = ret;
	if (slice_starts(utf8, SLICE("\xEF\xBB\xBF")))
		utf8 = slice_from(utf8, 3);
	struct slice text = slice_trim(utf8);
	size_t markup = slice_find_byte(text, '<');
	if (markup == text.len)
		return read_lines(r, text) || err_set(err, NULL, 0, "no sitemap");
	bool ok = read_xml(r, slice_from(text, markup), err);
	if (r->is_sitemap)
		return ok;
	return read_feed(r, text) || err_set(err, NULL, 0, "no sitemap");
}

static void write_text(struct json_writer *w, const char *key, struct slice text)
{
	if (text.len == 0)
		return;
	json_key(w, key);
	json_text(w, text);
}

static void write_date(struct json_writer *w, const char *key, const struct date *date)
{
	char text[DATE_TEXT_MAX];

	if (date->year == 0)
		return;
	date_write(date, text);
	write_text(w, key, slice_of(text));
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
	json_key(w, "entries");
	json_begin_array(w);
	for (size_t i = 0; i < map->count; i++) {
		json_begin_object(w);
		write_text(w, "link", map->entries[i].loc);
		write_text(w, "title", map->entries[i].title);
		write_date(w, "published", &map->entries[i].published);
		write_date(w, "updated", &map->entries[i].changed);
		json_end_object(w);
	}
	json_end_array(w);
	json_end_object(w);
}
