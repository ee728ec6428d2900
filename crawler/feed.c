#include "crawler/feed.h"

#include "crawler/feed_content.h"
#include "crawler/feed_markup.h"
#include "crawler/feed_names.h"
#include "crawler/feed_parts.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct frame {
	enum feed_act act;
	size_t text_at;      /* where its text begins in `text` */
	bool is_link;        /* an id that is an address */
	bool is_inline;      /* markup inside of content */
	struct slice name;   /* of markup inside of content */
	struct slice before; /* author's name known before this element */
};

/* A text that a shallower or later element of the same meaning replaces. */
struct kept {
	struct slice *to;
	size_t *depth;
};

struct reader {
	struct arena *a;
	const struct feed_options *options;
	struct feed *feed;
	struct feed_entry *entry; /* NULL outside of entries */
	bool in_feed, is_rdf, has_content, extra_summary;
	size_t entry_depth, aside_depth, content_depth, svg_depth;
	enum content_type type;
	bool base64;
	size_t title_depth, title_at, summary_at; /* depths; 0: none yet */
	struct slice name, email, editor;         /* of the author or editor being read */
	size_t person_depth;
	struct slice summary; /* of the feed, where it has no subtitle */
	struct date published;
	struct date created; /* of the entry */
	struct buf text;
	struct frame frames[XML_DEPTH_MAX + 2];
	struct url bases[XML_DEPTH_MAX + 2]; /* xml:base in force at each depth */
	bool has_base[XML_DEPTH_MAX + 2];
};

static const struct url *base_at(const struct reader *r, size_t depth)
{
	return r->has_base[depth] ? &r->bases[depth] : NULL;
}

static void keep_base(struct reader *r, const struct xml_element *e)
{
	struct slice value = feed_attribute(e, "base");
	const struct url *outer = base_at(r, e->depth - 1);
	struct url url;

	r->bases[e->depth] = r->bases[e->depth - 1];
	r->has_base[e->depth] = r->has_base[e->depth - 1];
	if (value.len > 0 && url_parse(r->a, value, outer, &url)) {
		r->bases[e->depth] = url;
		r->has_base[e->depth] = true;
	}
}

static void keep_language(struct reader *r, const struct xml_element *e, enum feed_act act)
{
	struct slice lang = feed_attribute(e, "lang");

	if ((act != ACT_ROOT && act != ACT_FEED) || lang.len == 0)
		return;
	char *text = arena_copy(r->a, lang);
	for (size_t i = 0; i < lang.len; i++)
		if (text[i] == '_')
			text[i] = '-';
	r->feed->language = slice_over(text, lang.len);
}

static bool is_atom(const struct reader *r)
{
	return strncmp(r->feed->version, "atom", 4) == 0;
}

/* ---- content ---- */

static void begin_content(struct reader *r, const struct xml_element *e, enum content_type fallback)
{
	r->type = content_type_of(feed_attribute(e, "type"), fallback);
	r->base64 = r->type == CONTENT_BINARY ||
		slice_equal_nocase(feed_attribute(e, "mode"), SLICE("base64"));
	r->content_depth = e->depth;
}

static void add_start_tag(struct reader *r, const struct xml_element *e)
{
	buf_printf(&r->text, "<%.*s", SLICE_ARG(e->name));
	for (size_t i = 0; i < e->attribute_count; i++) {
		const struct xml_attribute *at = &e->attributes[i];

		if (at->prefix.len > 0 || slice_is(at->name, "xmlns"))
			continue;
		buf_printf(&r->text, " %.*s=\"", SLICE_ARG(at->name));
		for (size_t k = 0; k < at->value.len; k++)
			if (at->value.at[k] == '"')
				buf_add_text(&r->text, "&quot;");
			else
				markup_add_text(&r->text, slice_over(at->value.at + k, 1));
		buf_add_byte(&r->text, '"');
	}
	buf_add_byte(&r->text, '>');
}

/* Markup that stands in the XML itself. What called itself escaped may turn out not to be. */
static void inline_start(struct reader *r, const struct xml_element *e)
{
	struct frame *f = &r->frames[e->depth];

	f->is_inline = true;
	f->name = arena_slice(r->a, e->name);
	if (r->type != CONTENT_XHTML && slice_is(e->name, "div"))
		return;
	r->type = CONTENT_XHTML;
	if (r->text.len <= FEED_FIELD_MAX)
		add_start_tag(r, e);
}

static void inline_end(struct reader *r, const struct frame *f)
{
	if (r->type == CONTENT_XHTML && r->text.len <= FEED_FIELD_MAX)
		buf_printf(&r->text, "</%.*s>", SLICE_ARG(f->name));
}

/* The text of the element that ends, as it is told. */
static struct slice finish_content(struct reader *r, size_t depth, struct slice text)
{
	text = arena_slice(r->a, slice_trim(text));
	r->content_depth = 0;
	if (r->base64)
		text = content_decode(r->a, text);
	if (r->type == CONTENT_PLAIN && !is_atom(r) && markup_is_likely(text))
		r->type = CONTENT_HTML;
	text = content_repair(r->a, text);
	if (r->type != CONTENT_HTML && r->type != CONTENT_XHTML)
		return text;
	return slice_trim(markup_clean(r->a, text, base_at(r, depth)));
}

/* ---- what elements begin ---- */

static void begin_entry(struct reader *r, const struct xml_element *e)
{
	r->entry = feed_add_entry(r->a, r->feed);
	r->entry_depth = e->depth;
	r->has_content = false;
	r->title_depth = r->title_at = r->summary_at = 0;
	r->created = (struct date){0};
	if (r->entry != NULL)
		r->entry->id = arena_slice(r->a, feed_attribute(e, "about"));
}

/* CDF says by attributes what others say by elements. */
static void by_attributes(struct reader *r, const struct xml_element *e)
{
	struct slice href = feed_attribute(e, "href"), changed = feed_attribute(e, "lastmod");
	struct slice *link = r->entry != NULL ? &r->entry->link : &r->feed->link;
	struct date *date = r->entry != NULL ? &r->entry->updated : &r->feed->updated;

	if (href.len > 0)
		*link = feed_link(r->a, href, base_at(r, e->depth));
	if (changed.len > 0)
		feed_date(changed, date);
}

static struct slice address_of(const struct xml_element *e)
{
	static const char *const names[] = {"url", "uri", "href"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (feed_attribute(e, names[i]).len > 0)
			return feed_attribute(e, names[i]);
	return (struct slice){0};
}

static void keep_enclosure(struct reader *r, const struct xml_element *e)
{
	if (r->entry != NULL)
		feed_add_enclosure(r->a, r->entry,
			(struct feed_enclosure){
				feed_link(r->a, address_of(e), base_at(r, e->depth)),
				arena_slice(r->a, feed_attribute(e, "type")),
				arena_slice(r->a, feed_attribute(e, "length"))});
}

static void begin_link(struct reader *r, const struct xml_element *e)
{
	struct slice href = address_of(e), rel = feed_attribute(e, "rel");
	enum content_type type = content_type_of(feed_attribute(e, "type"), CONTENT_HTML);
	struct slice *to = r->entry != NULL ? &r->entry->link : &r->feed->link;

	if (href.len == 0)
		return;
	if (slice_equal_nocase(rel, SLICE("enclosure")))
		keep_enclosure(r, e);
	else if ((rel.len == 0 || slice_equal_nocase(rel, SLICE("alternate"))) &&
		(type == CONTENT_HTML || type == CONTENT_XHTML))
		*to = feed_link(r->a, href, base_at(r, e->depth));
	r->frames[e->depth].act = ACT_NONE;
}

/* A second summary is the content, as some feeds have it. */
static void begin_summary(struct reader *r, const struct xml_element *e, enum content_type type)
{
	r->extra_summary = r->entry != NULL && r->entry->summary.len > 0 && !r->has_content;
	r->has_content = r->has_content || r->extra_summary;
	begin_content(r, e, r->extra_summary ? CONTENT_PLAIN : type);
}

static void begin_category(struct reader *r, const struct xml_element *e)
{
	struct slice term = feed_attribute(e, "label");

	if (term.len == 0)
		term = feed_attribute(e, "term");
	if (term.len == 0 && r->frames[e->depth].act == ACT_ITUNES_CATEGORY)
		term = feed_attribute(e, "text");
	if (r->entry != NULL)
		feed_add_category(r->a, r->entry, term);
}

static void begin_person(struct reader *r, const struct xml_element *e)
{
	r->name = r->email = (struct slice){0};
	r->person_depth = e->depth;
}

static void begin_channel(struct reader *r, const struct xml_element *e, enum feed_act act)
{
	const char *version = feed_version_of(e);

	if (version != NULL && r->feed->version[0] == '\0')
		r->feed->version = version;
	r->is_rdf = r->is_rdf || slice_equal_nocase(e->name, SLICE("rdf"));
	if (act == ACT_ROOT)
		return;
	r->in_feed = true;
	by_attributes(r, e);
}

static void begin(struct reader *r, const struct xml_element *e, enum feed_act act)
{
	switch (act) {
	case ACT_ROOT:
	case ACT_CHANNEL:
	case ACT_FEED: begin_channel(r, e, act); break;
	case ACT_ENTRY:
		begin_entry(r, e);
		by_attributes(r, e);
		break;
	case ACT_ASIDE:
		r->aside_depth = e->depth;
		r->title_depth = 0;
		break;
	case ACT_TITLE:
	case ACT_MEDIA_TITLE:
	case ACT_SUBTITLE:
	case ACT_OTHER_TEXT: begin_content(r, e, CONTENT_PLAIN); break;
	case ACT_CONTENT:
		r->has_content = true;
		begin_content(r, e, CONTENT_PLAIN);
		break;
	case ACT_ENCODED:
		r->has_content = true;
		begin_content(r, e, CONTENT_HTML);
		break;
	case ACT_BODY: begin_content(r, e, CONTENT_XHTML); break;
	case ACT_DESCRIPTION: begin_summary(r, e, CONTENT_HTML); break;
	case ACT_SUMMARY: begin_summary(r, e, CONTENT_PLAIN); break;
	case ACT_ABSTRACT:
		r->extra_summary = false;
		begin_content(r, e, CONTENT_PLAIN);
		break;
	case ACT_LINK: begin_link(r, e); break;
	case ACT_ID:
		r->frames[e->depth].is_link = feed_attribute(e, "ispermalink").len == 0 ||
			slice_equal_nocase(feed_attribute(e, "ispermalink"), SLICE("true"));
		break;
	case ACT_CATEGORY:
	case ACT_ITUNES_CATEGORY: begin_category(r, e); break;
	case ACT_ENCLOSURE: keep_enclosure(r, e); break;
	case ACT_AUTHOR:
	case ACT_PUBLISHER:
	case ACT_CONTRIBUTOR: begin_person(r, e); break;
	case ACT_NONE:
	case ACT_PUBLISHED:
	case ACT_UPDATED:
	case ACT_CREATED:
	case ACT_KEYWORDS:
	case ACT_LANGUAGE:
	case ACT_NAME:
	case ACT_EMAIL: break;
	}
}

static void on_start(void *ctx, const struct xml_element *e)
{
	struct reader *r = ctx;
	struct frame *f = &r->frames[e->depth];

	keep_base(r, e);
	*f = (struct frame){.text_at = r->text.len};
	if (r->content_depth > 0) {
		inline_start(r, e);
		return;
	}
	enum feed_act act = feed_act_of(e);
	keep_language(r, e, act);
	if (slice_is(e->name, "svg") && r->svg_depth == 0)
		r->svg_depth = e->depth;
	if (r->aside_depth > 0 || r->svg_depth > 0)
		return;
	f->act = act;
	begin(r, e, act);
}

static void on_text(void *ctx, struct slice text)
{
	struct reader *r = ctx;

	if (r->text.len + text.len > FEED_FIELD_MAX)
		return;
	if (r->content_depth > 0 && r->type == CONTENT_XHTML)
		markup_add_text(&r->text, text);
	else
		buf_add_slice(&r->text, text);
}

/* ---- what elements end ---- */

static void keep_by_depth(struct slice value, size_t depth, struct kept k)
{
	if (*k.depth > 0 && depth > *k.depth)
		return;
	*k.to = value;
	*k.depth = depth;
}

static void end_title(struct reader *r, struct slice value, size_t depth, enum feed_act act)
{
	if (r->title_depth > 0 && r->title_depth <= depth)
		return;
	if (r->entry != NULL)
		keep_by_depth(value, depth, (struct kept){&r->entry->title, &r->title_at});
	else if (r->in_feed)
		r->feed->title = value;
	if (value.len > 0 && act == ACT_TITLE)
		r->title_depth = depth;
}

static void end_content(struct reader *r, struct slice value)
{
	if (r->entry == NULL)
		return;
	if (r->entry->content.len == 0)
		r->entry->content = value;
	if (r->entry->summary.len == 0 && r->type != CONTENT_TEXT && r->type != CONTENT_BINARY)
		r->entry->summary = value;
}

static void end_summary(struct reader *r, struct slice value, size_t depth, enum feed_act act)
{
	if (r->extra_summary)
		end_content(r, value);
	else if (r->entry != NULL)
		keep_by_depth(value, depth, (struct kept){&r->entry->summary, &r->summary_at});
	else if (r->in_feed && act == ACT_SUMMARY)
		r->summary = value;
	else if (r->in_feed)
		r->feed->subtitle = value;
	r->extra_summary = false;
}

static void end_link(struct reader *r, struct slice value, size_t depth)
{
	struct slice *to = r->entry != NULL ? &r->entry->link : &r->feed->link;
	struct slice plain = arena_slice(r->a, value), part;
	char *out = arena_alloc(r->a, value.len + 1);
	size_t len = 0;

	/* "&amp;amp;" is a fault that many feeds have. */
	while (plain.len > 0) {
		size_t end = slice_find(plain, SLICE("&amp;"));

		part = slice_over(plain.at, end < plain.len ? end + 1 : end);
		memcpy(out + len, part.at, part.len);
		len += part.len;
		plain = slice_from(plain, end + 5);
	}
	if (len > 0)
		*to = feed_link(r->a, slice_over(out, len), base_at(r, depth));
}

static void end_id(struct reader *r, struct slice value, size_t depth)
{
	bool is_link = r->frames[depth].is_link;
	struct slice *id = r->entry != NULL ? &r->entry->id : &r->feed->id;
	struct slice *link = r->entry != NULL ? &r->entry->link : &r->feed->link;

	/* A name without a slash is no address, whatever the format says. */
	is_link = is_link && (value.len == 0 || slice_find_byte(value, '/') < value.len);
	*id = is_link ? feed_link(r->a, value, base_at(r, depth)) : arena_slice(r->a, value);
	if (is_link && link->len == 0)
		*link = *id;
}

static void end_date(struct reader *r, struct slice value, enum feed_act act)
{
	struct date *to = act == ACT_PUBLISHED
		? (r->entry != NULL ? &r->entry->published : &r->published)
		: act == ACT_CREATED ? &r->created
				     : (r->entry != NULL ? &r->entry->updated : &r->feed->updated);
	struct date found;

	if (feed_date(value, &found))
		*to = found;
}

static void end_keywords(struct reader *r, struct slice value)
{
	struct slice part;

	while (r->entry != NULL && slice_cut(&value, ',', &part))
		feed_add_category(r->a, r->entry, part);
}

/* Without the address in "me@example.com (Name)", "Name <me@example.com>" and the like. */
static struct slice person_of(struct slice text)
{
	size_t at = slice_find_byte(text, '@'), from = at, to = at;

	if (at == text.len)
		return text;
	while (from > 0 &&
		(isalnum((unsigned char)text.at[from - 1]) ||
			strchr("_.+-", text.at[from - 1]) != NULL))
		from--;
	while (to + 1 < text.len &&
		(isalnum((unsigned char)text.at[to + 1]) || strchr(".-", text.at[to + 1]) != NULL))
		to++;
	struct slice before = slice_over(text.at, from), after = slice_from(text, to + 1);
	while (before.len > 0 && strchr(" \t\n<(,;", before.at[before.len - 1]) != NULL)
		before.len--;
	while (after.len > 0 && strchr(" \t\n>(),;", after.at[0]) != NULL)
		after = slice_from(after, 1);
	while (after.len > 0 && strchr(" \t\n)", after.at[after.len - 1]) != NULL)
		after.len--;
	return before.len > 0 ? before : after.len > 0 ? after : text;
}

static void end_person(struct reader *r, struct slice value, enum feed_act act)
{
	struct slice *to = r->entry != NULL ? &r->entry->author : &r->feed->author;
	struct slice said = r->name.len > 0 ? r->name : value.len > 0 ? person_of(value) : r->email;

	r->person_depth = 0;
	if (!r->options->authors || said.len == 0 || act == ACT_CONTRIBUTOR)
		return;
	if (act == ACT_AUTHOR)
		*to = arena_slice(r->a, said);
	else if (r->entry == NULL)
		r->editor = arena_slice(r->a, said);
}

static void end_entry(struct reader *r)
{
	struct feed_entry *e = r->entry;

	r->entry = NULL;
	r->title_depth = 0;
	if (e == NULL)
		return;
	if (e->published.year == 0)
		e->published = r->created.year != 0 ? r->created : e->updated;
	if (e->updated.year == 0)
		e->updated = e->published;
}

static void end(struct reader *r, struct slice text, size_t depth, enum feed_act act)
{
	struct slice value = slice_trim(text);

	switch (act) {
	case ACT_TITLE:
	case ACT_MEDIA_TITLE: end_title(r, finish_content(r, depth, text), depth, act); break;
	case ACT_DESCRIPTION:
	case ACT_ABSTRACT:
	case ACT_SUMMARY: end_summary(r, finish_content(r, depth, text), depth, act); break;
	case ACT_SUBTITLE: {
		struct slice subtitle = finish_content(r, depth, text);

		if (r->entry == NULL && r->in_feed)
			r->feed->subtitle = subtitle;
		break;
	}
	case ACT_OTHER_TEXT: r->content_depth = 0; break;
	case ACT_CONTENT:
	case ACT_ENCODED:
	case ACT_BODY: end_content(r, finish_content(r, depth, text)); break;
	case ACT_LINK: end_link(r, value, depth); break;
	case ACT_ID: end_id(r, value, depth); break;
	case ACT_PUBLISHED:
	case ACT_UPDATED:
	case ACT_CREATED: end_date(r, value, act); break;
	case ACT_CATEGORY:
		if (r->entry != NULL)
			feed_add_category(r->a, r->entry, value);
		break;
	case ACT_KEYWORDS: end_keywords(r, value); break;
	case ACT_LANGUAGE:
		if (r->entry == NULL && value.len > 0)
			r->feed->language = arena_slice(r->a, value);
		break;
	case ACT_AUTHOR:
	case ACT_PUBLISHER:
	case ACT_CONTRIBUTOR: end_person(r, value, act); break;
	case ACT_NAME:
		if (r->person_depth > 0)
			r->name = arena_slice(r->a, value);
		break;
	case ACT_EMAIL:
		if (r->person_depth > 0)
			r->email = arena_slice(r->a, value);
		break;
	case ACT_CHANNEL:
	case ACT_FEED: r->in_feed = false; break;
	case ACT_ENTRY: end_entry(r); break;
	case ACT_NONE:
	case ACT_ROOT:
	case ACT_ASIDE:
	case ACT_ITUNES_CATEGORY:
	case ACT_ENCLOSURE: break;
	}
}

static void on_end(void *ctx, size_t depth)
{
	struct reader *r = ctx;
	struct frame *f = &r->frames[depth];

	if (f->is_inline) {
		inline_end(r, f);
		return;
	}
	if (r->aside_depth == depth)
		r->aside_depth = 0;
	if (r->svg_depth == depth)
		r->svg_depth = 0;
	end(r, slice_from(buf_slice(&r->text), f->text_at), depth, f->act);
	if (r->text.len > f->text_at)
		r->text.len = f->text_at;
}

/* ---- the whole ---- */

static void begin_feed(struct reader *r)
{
	const struct feed_options *options = r->options;
	struct feed *feed = r->feed;
	struct arena *a = r->a;

	buf_release(&r->text);
	*r = (struct reader){.a = a, .options = options, .feed = feed};
	*feed = (struct feed){.version = ""};
	feed->language = arena_slice(a, options->language);
	if (options->base != NULL) {
		r->bases[0] = *options->base;
		r->has_base[0] = true;
	}
}

static void end_feed(struct reader *r)
{
	struct feed *feed = r->feed;

	if (r->entry != NULL)
		end_entry(r);
	if (feed->subtitle.len == 0)
		feed->subtitle = r->summary;
	if (feed->updated.year == 0)
		feed->updated = r->published;
	if (feed->author.len == 0)
		feed->author = r->editor;
}

/* Netscape's 0.91 differs from Userland's by its document type only. */
static bool is_netscape(struct slice utf8)
{
	size_t from = slice_find(utf8, SLICE("<!DOCTYPE"));
	struct slice type = slice_from(utf8, from);

	type.len = slice_find_byte(type, '>');
	return slice_find(type, SLICE("netscape")) < type.len ||
		slice_find(type, SLICE("Netscape")) < type.len;
}

/* An RDF document that holds nothing says by its declarations only what it is. */
static const char *rdf_version(struct slice utf8)
{
	return slice_find(utf8, SLICE("http://purl.org/rss/1.0/")) < utf8.len        ? "rss10"
		: slice_find(utf8, SLICE("netscape.com/rdf/simple/0.9/")) < utf8.len ? "rss090"
										     : "rss";
}

static struct slice skip_to(struct slice utf8, const char *starts)
{
	while (utf8.len > 0 && strchr(starts, utf8.at[0]) == NULL)
		utf8 = slice_from(utf8, 1);
	return utf8;
}

bool feed_read(struct arena *a, struct slice utf8, const struct feed_options *options,
	struct feed *ret, struct err *err)
{
	static const struct xml_calls calls = {on_start, on_end, on_text};
	struct reader *r = arena_alloc(a, sizeof *r);
	struct slice json = slice_trim(utf8), xml = skip_to(utf8, "<");

	if (json.len > 0 && json.at[0] == '{')
		return feed_json_read(a, json, options, ret, err);
	r->a = a;
	r->options = options;
	r->feed = ret;
	begin_feed(r);
	bool ok = xml_read(xml, &calls, r, err);
	if (!ok) {
		struct err ignored = {0};

		begin_feed(r);
		(void)xml_read_loose(xml, &calls, r, &ignored);
	}
	end_feed(r);
	buf_release(&r->text);
	if (r->is_rdf && ret->version[0] == '\0')
		ret->version = rdf_version(xml);
	if (strcmp(ret->version, "rss091u") == 0 && is_netscape(xml))
		ret->version = "rss091n";
	if (ret->version[0] == '\0')
		return err_set(err, NULL, 0, "no RSS or Atom feed");
	return ok;
}
