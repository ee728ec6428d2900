#include "crawler/feed.h"

#include "crawler/xml.h"
#include "lib/mem.h"

#include <string.h>

enum { CATEGORIES_MAX = 32 };

enum field {
	FIELD_NONE,
	FIELD_TITLE,
	FIELD_LINK,
	FIELD_ID,
	FIELD_SUMMARY,
	FIELD_CONTENT,
	FIELD_PUBLISHED,
	FIELD_UPDATED,
	FIELD_CATEGORY,
	FIELD_LANGUAGE,
	FIELD_SUBTITLE,
};

enum space { SPACE_CORE, SPACE_DC, SPACE_CONTENT, SPACE_OTHER };

static const struct {
	const char *name;
	enum space space;
	enum field field;
} elements[] = {
	{"title", SPACE_CORE, FIELD_TITLE},
	{"link", SPACE_CORE, FIELD_LINK},
	{"guid", SPACE_CORE, FIELD_ID},
	{"id", SPACE_CORE, FIELD_ID},
	{"description", SPACE_CORE, FIELD_SUMMARY},
	{"summary", SPACE_CORE, FIELD_SUMMARY},
	{"content", SPACE_CORE, FIELD_CONTENT},
	{"pubDate", SPACE_CORE, FIELD_PUBLISHED},
	{"published", SPACE_CORE, FIELD_PUBLISHED},
	{"issued", SPACE_CORE, FIELD_PUBLISHED},
	{"updated", SPACE_CORE, FIELD_UPDATED},
	{"modified", SPACE_CORE, FIELD_UPDATED},
	{"lastBuildDate", SPACE_CORE, FIELD_UPDATED},
	{"category", SPACE_CORE, FIELD_CATEGORY},
	{"language", SPACE_CORE, FIELD_LANGUAGE},
	{"subtitle", SPACE_CORE, FIELD_SUBTITLE},
	{"tagline", SPACE_CORE, FIELD_SUBTITLE},
	{"title", SPACE_DC, FIELD_TITLE},
	{"date", SPACE_DC, FIELD_UPDATED},
	{"modified", SPACE_DC, FIELD_UPDATED},
	{"issued", SPACE_DC, FIELD_PUBLISHED},
	{"created", SPACE_DC, FIELD_PUBLISHED},
	{"description", SPACE_DC, FIELD_SUMMARY},
	{"subject", SPACE_DC, FIELD_CATEGORY},
	{"language", SPACE_DC, FIELD_LANGUAGE},
	{"encoded", SPACE_CONTENT, FIELD_CONTENT},
};

/* Elements whose insides say nothing about the entry, or name persons. */
static const char *const skipped[] = {"image", "textinput", "textInput", "author", "contributor",
	"source", "cloud", "skipHours", "skipDays", "managingEditor", "webMaster"};

struct reader {
	struct arena *a;
	struct feed *feed;
	struct feed_entry *entry; /* NULL outside of entries */
	size_t entry_depth, skip_depth, capture_depth;
	enum field field;
	bool guid_is_link;
	struct buf text;
	struct url bases[XML_DEPTH_MAX + 2]; /* xml:base in force at each depth */
	bool has_base[XML_DEPTH_MAX + 2];
	size_t room;
};

static enum space space_of(struct slice space)
{
	static const struct {
		const char *address;
		enum space space;
	} spaces[] = {
		{"", SPACE_CORE},
		{"http://www.w3.org/2005/Atom", SPACE_CORE},
		{"http://purl.org/atom/ns#", SPACE_CORE},
		{"http://purl.org/rss/1.0/", SPACE_CORE},
		{"http://my.netscape.com/rdf/simple/0.9/", SPACE_CORE},
		{"http://channel.netscape.com/rdf/simple/0.9/", SPACE_CORE},
		{"http://backend.userland.com/rss2", SPACE_CORE},
		{"http://purl.org/dc/elements/1.1/", SPACE_DC},
		{"http://purl.org/dc/terms/", SPACE_DC},
		{"http://purl.org/rss/1.0/modules/content/", SPACE_CONTENT},
	};

	for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
		if (slice_is(space, spaces[i].address))
			return spaces[i].space;
	return SPACE_OTHER;
}

static const char *version_of(const struct xml_element *e)
{
	static const struct {
		const char *space, *version;
	} by_space[] = {{"http://www.w3.org/2005/Atom", "atom10"},
		{"http://purl.org/atom/ns#", "atom03"}, {"http://purl.org/rss/1.0/", "rss10"},
		{"http://my.netscape.com/rdf/simple/0.9/", "rss090"},
		{"http://channel.netscape.com/rdf/simple/0.9/", "rss090"}};
	static const struct {
		const char *start, *version;
	} by_number[] = {{"2.", "rss20"}, {"0.90", "rss090"}, {"0.91", "rss091u"},
		{"0.92", "rss092"}, {"0.93", "rss093"}, {"0.94", "rss094"}};

	for (size_t i = 0; i < sizeof by_space / sizeof by_space[0]; i++)
		if (slice_is(e->space, by_space[i].space))
			return by_space[i].version;
	for (size_t i = 0; i < sizeof by_number / sizeof by_number[0]; i++)
		if (slice_starts(xml_attribute(e, "version"), slice_of(by_number[i].start)))
			return by_number[i].version;
	return "rss";
}

static struct slice absolute(struct reader *r, size_t depth, struct slice link)
{
	struct url url;

	link = slice_trim(link);
	if (link.len == 0 ||
		!url_parse(r->a, link, r->has_base[depth] ? &r->bases[depth] : NULL, &url))
		return arena_slice(r->a, link);
	return slice_find(link, SLICE("://")) < link.len ? arena_slice(r->a, link) : url.href;
}

static void keep_base(struct reader *r, const struct xml_element *e)
{
	static const char xml_space[] = "http://www.w3.org/XML/1998/namespace";

	r->bases[e->depth] = r->bases[e->depth - 1];
	r->has_base[e->depth] = r->has_base[e->depth - 1];
	for (size_t i = 0; i < e->attribute_count; i++) {
		const struct xml_attribute *at = &e->attributes[i];
		struct url url;

		if (!slice_is(at->space, xml_space))
			continue;
		const struct url *base = r->has_base[e->depth - 1] ? &r->bases[e->depth - 1] : NULL;
		if (slice_is(at->name, "base") && url_parse(r->a, at->value, base, &url)) {
			r->bases[e->depth] = url;
			r->has_base[e->depth] = true;
		}
		if (slice_is(at->name, "lang") && r->feed->language.len == 0 && e->depth <= 2)
			r->feed->language = arena_slice(r->a, at->value);
	}
}

static void begin_entry(struct reader *r, const struct xml_element *e)
{
	struct feed *f = r->feed;

	if (f->entry_count == FEED_ENTRIES_MAX) {
		r->skip_depth = e->depth;
		return;
	}
	if (f->entry_count == r->room) {
		r->room = r->room == 0 ? 16 : r->room * 2;
		struct feed_entry *more = arena_array(r->a, r->room, sizeof *more);

		if (f->entry_count > 0)
			memcpy(more, f->entries, f->entry_count * sizeof *more);
		f->entries = more;
	}
	r->entry = &f->entries[f->entry_count++];
	r->entry_depth = e->depth;
	r->guid_is_link = false;
}

static void add_category(struct reader *r, struct slice text)
{
	struct feed_texts *c = &r->entry->categories;

	if (text.len == 0 || c->count == CATEGORIES_MAX)
		return;
	if (c->at == NULL)
		c->at = arena_array(r->a, CATEGORIES_MAX, sizeof *c->at);
	c->at[c->count++] = arena_slice(r->a, text);
}

static void keep_enclosure(struct reader *r, const struct xml_element *e, struct slice url)
{
	if (r->entry == NULL || r->entry->enclosure.url.len > 0)
		return;
	r->entry->enclosure = (struct feed_enclosure){absolute(r, e->depth, url),
		arena_slice(r->a, xml_attribute(e, "type")),
		arena_slice(r->a, xml_attribute(e, "length"))};
}

static void keep_atom_link(struct reader *r, const struct xml_element *e)
{
	struct slice href = xml_attribute(e, "href"), rel = xml_attribute(e, "rel");
	struct slice *to = r->entry != NULL ? &r->entry->link : &r->feed->link;

	if (slice_is(rel, "enclosure"))
		keep_enclosure(r, e, href);
	else if ((rel.len == 0 || slice_is(rel, "alternate")) && to->len == 0)
		*to = absolute(r, e->depth, href);
}

/* What an element says by its attributes. True when there is no text to wait for. */
static bool by_attributes(struct reader *r, const struct xml_element *e, enum field field)
{
	if (slice_is(e->name, "enclosure")) {
		keep_enclosure(r, e, xml_attribute(e, "url"));
		return true;
	}
	if (field == FIELD_LINK && xml_attribute(e, "href").len > 0) {
		keep_atom_link(r, e);
		return true;
	}
	if (field == FIELD_CATEGORY && r->entry != NULL && xml_attribute(e, "term").len > 0) {
		add_category(r, xml_attribute(e, "term"));
		return true;
	}
	if (slice_is(e->name, "guid"))
		r->guid_is_link =
			!slice_equal_nocase(xml_attribute(e, "isPermaLink"), SLICE("false"));
	return false;
}

static bool is_skipped(const struct xml_element *e)
{
	for (size_t i = 0; i < sizeof skipped / sizeof skipped[0]; i++)
		if (slice_is(e->name, skipped[i]))
			return true;
	return false;
}

static enum field field_of(const struct xml_element *e)
{
	enum space space = space_of(e->space);

	for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
		if (elements[i].space == space && slice_is(e->name, elements[i].name))
			return elements[i].field;
	return FIELD_NONE;
}

static void on_start(void *ctx, const struct xml_element *e)
{
	struct reader *r = ctx;
	bool core = space_of(e->space) == SPACE_CORE;

	keep_base(r, e);
	if (r->skip_depth > 0 || r->capture_depth > 0)
		return;
	if (e->depth == 1 && (slice_is(e->name, "rss") || slice_is(e->name, "feed"))) {
		r->feed->version = version_of(e);
		return;
	}
	if (slice_is(e->name, "channel") && core) {
		if (r->feed->version[0] == '\0')
			r->feed->version = version_of(e);
		return;
	}
	if (core && (slice_is(e->name, "item") || slice_is(e->name, "entry")) && r->entry == NULL) {
		begin_entry(r, e);
		return;
	}
	if (is_skipped(e)) {
		r->skip_depth = e->depth;
		return;
	}
	enum field field = field_of(e);
	bool direct = r->entry != NULL ? e->depth == r->entry_depth + 1 : e->depth <= 3;
	if (!direct || by_attributes(r, e, field) || field == FIELD_NONE)
		return;
	r->field = field;
	r->capture_depth = e->depth;
	buf_clear(&r->text);
}

static void on_text(void *ctx, struct slice text)
{
	struct reader *r = ctx;

	if (r->capture_depth > 0 && r->skip_depth == 0 && r->text.len + text.len <= FEED_FIELD_MAX)
		buf_add_slice(&r->text, text);
}

static void keep_date(struct date *to, struct slice text)
{
	struct date found;

	if (to->year == 0 && date_find(text, &found))
		*to = found;
}

static void keep_first(struct reader *r, struct slice *to, struct slice text)
{
	if (to->len == 0)
		*to = arena_slice(r->a, text);
}

static void entry_keep(struct reader *r, struct slice text, size_t depth)
{
	struct feed_entry *entry = r->entry;

	switch (r->field) {
	case FIELD_TITLE: keep_first(r, &entry->title, text); break;
	case FIELD_LINK:
		if (entry->link.len == 0)
			entry->link = absolute(r, depth, text);
		break;
	case FIELD_ID: keep_first(r, &entry->id, text); break;
	case FIELD_SUMMARY: keep_first(r, &entry->summary, text); break;
	case FIELD_CONTENT: keep_first(r, &entry->content, text); break;
	case FIELD_PUBLISHED: keep_date(&entry->published, text); break;
	case FIELD_UPDATED: keep_date(&entry->updated, text); break;
	case FIELD_CATEGORY: add_category(r, text); break;
	case FIELD_NONE:
	case FIELD_LANGUAGE:
	case FIELD_SUBTITLE: break;
	}
}

static void feed_keep(struct reader *r, struct slice text, size_t depth)
{
	struct feed *f = r->feed;

	switch (r->field) {
	case FIELD_TITLE: keep_first(r, &f->title, text); break;
	case FIELD_LINK:
		if (f->link.len == 0)
			f->link = absolute(r, depth, text);
		break;
	case FIELD_ID: keep_first(r, &f->id, text); break;
	case FIELD_SUMMARY:
	case FIELD_SUBTITLE: keep_first(r, &f->subtitle, text); break;
	case FIELD_PUBLISHED:
	case FIELD_UPDATED: keep_date(&f->updated, text); break;
	case FIELD_LANGUAGE: keep_first(r, &f->language, text); break;
	case FIELD_NONE:
	case FIELD_CONTENT:
	case FIELD_CATEGORY: break;
	}
}

static void end_entry(struct reader *r)
{
	struct feed_entry *e = r->entry;

	if (e->link.len == 0 && r->guid_is_link && slice_starts(e->id, SLICE("http")))
		e->link = e->id;
	r->entry = NULL;
}

static void on_end(void *ctx, size_t depth)
{
	struct reader *r = ctx;

	if (r->skip_depth == depth) {
		r->skip_depth = 0;
	} else if (r->capture_depth == depth && r->skip_depth == 0) {
		struct slice text = slice_trim(buf_slice(&r->text));

		if (r->entry != NULL)
			entry_keep(r, text, depth);
		else
			feed_keep(r, text, depth);
		r->capture_depth = 0;
	} else if (r->entry != NULL && r->entry_depth == depth) {
		end_entry(r);
	}
}

bool feed_read(struct arena *a, struct slice utf8, const struct url *base, struct feed *ret,
	struct err *err)
{
	struct reader *r = arena_alloc(a, sizeof *r);
	static const struct xml_calls calls = {on_start, on_end, on_text};

	*ret = (struct feed){.version = ""};
	r->a = a;
	r->feed = ret;
	if (base != NULL) {
		r->bases[0] = *base;
		r->has_base[0] = true;
	}
	while (utf8.len > 0 && utf8.at[0] != '<')
		utf8 = slice_from(utf8, 1);
	bool ok = xml_read(utf8, &calls, r, err);
	buf_release(&r->text);
	if (r->entry != NULL)
		end_entry(r);
	if (ret->version[0] == '\0')
		return err_set(err, NULL, 0, "no RSS or Atom feed");
	return ok;
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

static void entry_write(const struct feed_entry *e, struct json_writer *w)
{
	json_begin_object(w);
	write_text(w, "title", e->title);
	write_text(w, "link", e->link);
	write_text(w, "id", e->id);
	write_text(w, "summary", e->summary);
	write_text(w, "content", e->content);
	write_date(w, "published", &e->published);
	write_date(w, "updated", &e->updated);
	if (e->categories.count > 0) {
		json_key(w, "categories");
		json_begin_array(w);
		for (size_t i = 0; i < e->categories.count; i++)
			json_text(w, e->categories.at[i]);
		json_end_array(w);
	}
	if (e->enclosure.url.len > 0) {
		json_key(w, "enclosures");
		json_begin_array(w);
		json_begin_object(w);
		write_text(w, "url", e->enclosure.url);
		write_text(w, "type", e->enclosure.type);
		write_text(w, "length", e->enclosure.length);
		json_end_object(w);
		json_end_array(w);
	}
	json_end_object(w);
}

void feed_write(
	const struct feed *feed, const char *encoding, const char *fault, struct json_writer *w)
{
	json_begin_object(w);
	write_text(w, "version", slice_of(feed->version));
	write_text(w, "encoding", slice_of(encoding));
	json_key(w, "bozo");
	json_bool(w, fault != NULL);
	write_text(w, "fault", slice_of(fault));
	json_key(w, "feed");
	json_begin_object(w);
	write_text(w, "title", feed->title);
	write_text(w, "link", feed->link);
	write_text(w, "id", feed->id);
	write_text(w, "subtitle", feed->subtitle);
	write_text(w, "language", feed->language);
	write_date(w, "updated", &feed->updated);
	json_end_object(w);
	json_key(w, "entries");
	json_begin_array(w);
	for (size_t i = 0; i < feed->entry_count; i++)
		entry_write(&feed->entries[i], w);
	json_end_array(w);
	json_end_object(w);
}
