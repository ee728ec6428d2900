#include "crawler/page.h"

#include "crawler/page_date.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/text.h"

#include <ctype.h>
#include <string.h>

enum { JSON_LD_MAX = 256 * 1024, HEADING_MIN = 10, TITLE_MAX = 500, LANG_MAX = 8 };

struct reader {
	struct arena *a;
	const struct url *url;
	struct page *page;
	struct slice og_title, title_tag, h1, json_title;
	struct slice heading; /* a smaller one that the title repeats */
	struct page_dates dates;
	bool og_article;
};

static void keep(struct slice *to, struct slice value)
{
	if (to->len == 0)
		*to = slice_trim(value);
}

static struct slice absolute(struct reader *r, struct slice href)
{
	struct url url;

	return url_parse(r->a, href, r->url, &url) ? url.href : (struct slice){0};
}

static void read_meta(struct reader *r, const struct html_node *n)
{
	struct slice name = html_attribute(n, "property"), content = html_attribute(n, "content");

	if (name.len == 0)
		name = html_attribute(n, "name");
	if (name.len == 0)
		name = html_attribute(n, "itemprop");
	if (slice_equal_nocase(name, SLICE("og:title")))
		keep(&r->og_title, content);
	else if (slice_equal_nocase(name, SLICE("og:site_name")))
		keep(&r->page->site_name, content);
	else if (slice_equal_nocase(name, SLICE("description")) ||
		slice_equal_nocase(name, SLICE("og:description")))
		keep(&r->page->description, content);
	else if (slice_equal_nocase(name, SLICE("og:url")) && r->page->canonical.len == 0)
		r->page->canonical = absolute(r, content);
	else if (slice_equal_nocase(name, SLICE("og:type")))
		r->og_article = slice_equal_nocase(slice_trim(content), SLICE("article"));
	else if (slice_equal_nocase(name, SLICE("robots")) && !r->page->noindex)
		r->page->noindex =
			slice_find(text_lower(r->a, content), SLICE("noindex")) < content.len;
}

/* The text value of a key in JSON that need not be well-formed; escapes stay as they are. */
static struct slice json_value_of(struct slice json, const char *key)
{
	struct slice name = slice_of(key);
	size_t at = slice_find(json, name);

	if (at == json.len)
		return (struct slice){0};
	struct slice rest = slice_trim(slice_from(json, at + name.len));
	if (rest.len == 0 || rest.at[0] != ':')
		return (struct slice){0};
	rest = slice_trim(slice_from(rest, 1));
	if (rest.len == 0 || rest.at[0] != '"')
		return (struct slice){0};
	rest = slice_from(rest, 1);
	size_t end = 0;
	while (end < rest.len && rest.at[end] != '"')
		end += rest.at[end] == '\\' ? 2 : 1;
	return end < rest.len ? slice_over(rest.at, end) : (struct slice){0};
}

static void read_json_ld(struct reader *r, const struct html_node *n)
{
	struct slice json = n->first == NULL ? (struct slice){0} : n->first->text;

	if (json.len > JSON_LD_MAX)
		json.len = JSON_LD_MAX;
	struct slice title = json_value_of(json, "\"headline\"");
	if (slice_find_byte(title, '\\') == title.len)
		keep(&r->json_title, title);
	r->page->is_article =
		r->page->is_article || slice_find(json, SLICE("Article\"")) < json.len;
}

static void read_link(struct reader *r, const struct html_node *n)
{
	if (slice_equal_nocase(html_attribute(n, "rel"), SLICE("canonical"))) {
		struct slice canonical = absolute(r, html_attribute(n, "href"));

		if (canonical.len > 0)
			r->page->canonical = canonical;
	}
}

static struct slice brief(struct slice text, size_t len_max)
{
	if (text.len <= len_max)
		return text;
	text.len = len_max;
	while (text.len > 0 && ((unsigned char)text.at[text.len] & 0xC0) == 0x80)
		text.len--;
	return text;
}

/* Portals give the h1 to themselves or to the box, and a smaller heading to the article. */
static void read_heading(struct reader *r, const struct html_node *n)
{
	static const char *const names[] = {
		"site-title", "site-name", "logo", "portlet-title", NULL};
	struct slice text = html_text(r->a, n), title = r->title_tag;

	if (html_named(n, names))
		return;
	if (html_is(n, "h1"))
		keep(&r->h1, text);
	else if (text.len >= HEADING_MIN && slice_find(title, text) < title.len &&
		(slice_starts(title, text) || text.len * 2 > title.len))
		keep(&r->heading, text);
}

static void read_element(struct reader *r, const struct html_node *n)
{
	if (html_is(n, "meta")) {
		read_meta(r, n);
	} else if (html_is(n, "link")) {
		read_link(r, n);
	} else if (html_is(n, "title")) {
		keep(&r->title_tag, html_text(r->a, n));
	} else if (html_is(n, "h1") || html_is(n, "h2") || html_is(n, "h3")) {
		read_heading(r, n);
	} else if (html_is(n, "article")) {
		r->page->is_article = true;
	} else if (html_is(n, "script")) {
		if (slice_equal_nocase(html_attribute(n, "type"), SLICE("application/ld+json")))
			read_json_ld(r, n);
	}
}

/* "Title - Site", "Title | Site": the part in front of the last separator that another title or
 * the site's name confirms. */
static struct slice without_site(const struct reader *r, struct slice title)
{
	static const char *const separators[] = {" | ", " - ", " – ", " — ", " :: ", " » ", " · "};

	for (size_t i = 0; i < sizeof separators / sizeof separators[0]; i++) {
		struct slice mark = slice_of(separators[i]), rest = title;
		size_t at = 0, last = 0;

		while ((at = slice_find(rest, mark)) < rest.len) {
			last += at + (last > 0 ? mark.len : 0);
			rest = slice_from(rest, at + mark.len);
		}
		if (last == 0)
			continue;
		struct slice front = slice_over(title.at, last);
		bool named = slice_equal_nocase(rest, r->page->site_name);

		if (named || slice_equal_nocase(front, r->h1) ||
			slice_equal_nocase(front, r->json_title))
			return slice_trim(front);
	}
	return title;
}

static struct slice choose_title(const struct reader *r)
{
	struct slice title = r->og_title;

	if (title.len == 0)
		title = r->json_title;
	if (title.len == 0 && r->h1.len > 0 && r->h1.len < TITLE_MAX)
		title = r->h1;
	if (title.len == 0)
		title = r->heading;
	if (title.len == 0)
		title = r->title_tag;
	return without_site(r, text_squeeze(r->a, brief(title, TITLE_MAX)));
}

static struct slice language(struct reader *r, const struct html_node *root)
{
	struct slice lang = slice_trim(html_attribute(root, "lang"));
	size_t end = 0;

	while (end < lang.len && end < LANG_MAX && isalpha((unsigned char)lang.at[end]))
		end++;
	if (end >= 2)
		return text_lower(r->a, slice_over(lang.at, end));
	return text_diacritic_share(r->page->text) > 0.2 ? SLICE("vi") : (struct slice){0};
}

/* "left:-9999px" and the like: a far negative length after the key. */
static bool far_away(struct slice style, const char *key)
{
	struct slice name = slice_of(key);
	size_t at = slice_find(style, name);
	int digits = 0;

	if (at == style.len)
		return false;
	struct slice rest = slice_trim(slice_from(style, at + name.len));
	if (rest.len == 0 || rest.at[0] != '-')
		return false;
	while ((size_t)digits + 1 < rest.len && isdigit((unsigned char)rest.at[digits + 1]))
		digits++;
	return digits >= 3;
}

static bool tiny(struct slice style, const char *key)
{
	struct slice name = slice_of(key);
	size_t at = slice_find(style, name);
	struct slice value = slice_trim(slice_from(style, at + name.len));

	if (value.len == 0 || (value.at[0] != '0' && value.at[0] != '1'))
		return false;
	return value.len == 1 || value.at[1] == ';' ||
		slice_starts(slice_from(value, 1), SLICE("px"));
}

static bool style_hides(struct slice style)
{
	char text[256];
	size_t len = 0;

	for (size_t i = 0; i < style.len && len < sizeof text; i++)
		if (!isspace((unsigned char)style.at[i]))
			text[len++] = (char)tolower((unsigned char)style.at[i]);
	struct slice s = {text, len};
	return slice_find(s, SLICE("display:none")) < len ||
		slice_find(s, SLICE("visibility:hidden")) < len || far_away(s, "left:") ||
		far_away(s, "top:") || far_away(s, "text-indent:") || far_away(s, "margin-left:") ||
		tiny(s, "font-size:") ||
		(slice_find(s, SLICE("overflow:hidden")) < len &&
			(tiny(s, "height:") || tiny(s, "width:"))) ||
		(slice_find(s, SLICE("opacity:0")) < len &&
			slice_find(s, SLICE("opacity:0.")) == len);
}

bool page_hides(const struct html_node *n)
{
	struct slice style = html_attribute(n, "style");

	return n->tag.len > 0 && (html_has(n, "hidden") || (style.len > 0 && style_hides(style)));
}

static bool is_hidden(const struct html_node *n)
{
	for (; n != NULL; n = n->parent)
		if (page_hides(n))
			return true;
	return false;
}

static void read_links(struct reader *r, const struct html_node *root, const struct html_node *body)
{
	struct page *page = r->page;
	size_t count = 0;

	for (const struct html_node *n = root; n != NULL; n = html_next(n, root))
		count += html_is(n, "a");
	page->links = arena_array(r->a, count + 1, sizeof *page->links);
	for (const struct html_node *n = root; n != NULL; n = html_next(n, root)) {
		struct url url;

		if (!html_is(n, "a") || page->link_count == PAGE_LINKS_MAX ||
			!url_parse(r->a, html_attribute(n, "href"), r->url, &url))
			continue;
		page->links[page->link_count++] = (struct page_link){
			.href = url.href,
			.host = url.host,
			.text = brief(html_text(r->a, n), TITLE_MAX),
			.hidden = is_hidden(n),
			.in_text = body != NULL && html_holds(body, n),
		};
	}
}

static struct slice read_hidden(struct arena *a, const struct html_node *root)
{
	struct buf out = {0};
	const struct html_node *n = root;

	while (n != NULL) {
		bool hides = !html_is(n, "head") && page_hides(n);

		if (hides && out.len < PAGE_TEXT_MAX) {
			buf_add_slice(&out, html_text(a, n));
			buf_add_byte(&out, '\n');
		}
		n = hides ? html_next_skip(n, root) : html_next(n, root);
	}
	struct slice text = arena_slice(a, slice_trim(buf_slice(&out)));
	buf_release(&out);
	return text;
}

static struct slice with_lead(struct arena *a, struct slice lead, struct slice text)
{
	if (lead.len == 0 || text.len == 0 || slice_find(text, lead) < text.len)
		return text;
	return slice_of(arena_printf(a, "%.*s\n%.*s", SLICE_ARG(lead), SLICE_ARG(text)));
}

void page_read_at(struct arena *a, const struct html_node *root, const struct url *url,
	int64_t now_us, struct page *ret)
{
	const struct html_node *body = page_body(a, root);
	struct reader r = {
		.a = a, .url = url, .page = ret, .dates = {.now_us = now_us, .body = body}};

	*ret = (struct page){.arena = a, .root = root};
	for (const struct html_node *n = root; n != NULL; n = html_next(n, root)) {
		if (n->tag.len > 0)
			read_element(&r, n);
		page_date_see(&r.dates, a, n);
	}
	if (body != NULL)
		ret->text = with_lead(a, page_lead(a, root, body), page_body_text(a, body));
	ret->title = choose_title(&r);
	ret->published = page_date_choose(&r.dates, url);
	ret->lang = language(&r, root);
	ret->is_article = ret->is_article || r.og_article;
	read_links(&r, root, body);
}

void page_read(
	struct arena *a, const struct html_node *root, const struct url *url, struct page *ret)
{
	page_read_at(a, root, url, clock_wall_us(clock_system()), ret);
}

static void write_text(struct json_writer *w, const char *key, struct slice text)
{
	json_key(w, key);
	json_text(w, text);
}

static void write_links(const struct page *page, struct json_writer *w)
{
	json_key(w, "links");
	json_begin_array(w);
	for (size_t i = 0; i < page->link_count; i++) {
		const struct page_link *link = &page->links[i];

		json_begin_object(w);
		write_text(w, "href", link->href);
		write_text(w, "host", link->host);
		write_text(w, "text", link->text);
		json_key(w, "hidden");
		json_bool(w, link->hidden);
		json_key(w, "in_text");
		json_bool(w, link->in_text);
		json_end_object(w);
	}
	json_end_array(w);
}

void page_write(const struct page *page, enum page_detail detail, struct json_writer *w)
{
	char published[DATE_TEXT_MAX];

	json_begin_object(w);
	write_text(w, "title", page->title);
	write_text(w, "text", page->text);
	json_key(w, "published");
	if (page->published.year == 0) {
		json_null(w);
	} else {
		date_write(&page->published, published);
		json_text(w, slice_of(published));
	}
	write_text(w, "lang", page->lang);
	write_text(w, "site_name", page->site_name);
	write_text(w, "canonical", page->canonical);
	write_text(w, "description", page->description);
	json_key(w, "noindex");
	json_bool(w, page->noindex);
	json_key(w, "is_article");
	json_bool(w, page->is_article);
	if (detail == PAGE_WHOLE) {
		write_text(w, "all_text", brief(html_text(page->arena, page->root), PAGE_TEXT_MAX));
		write_text(w, "hidden_text", read_hidden(page->arena, page->root));
	}
	write_links(page, w);
	json_end_object(w);
}
