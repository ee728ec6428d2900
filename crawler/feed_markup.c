#include "crawler/feed_markup.h"

#include "crawler/xml.h"
#include "lib/buf.h"
#include "lib/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What formats text, and drawings. In the order of strcmp(). */
static const char *const elements[] = {"a", "abbr", "acronym", "address", "area", "article",
	"aside", "audio", "b", "bdi", "bdo", "big", "blockquote", "br", "button", "canvas",
	"caption", "center", "circle", "cite", "code", "col", "colgroup", "command", "data",
	"datagrid", "datalist", "dd", "del", "details", "dfn", "dialog", "dir", "div", "dl", "dt",
	"ellipse", "em", "event-source", "fieldset", "figcaption", "figure", "font", "footer",
	"form", "g", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "input", "ins",
	"kbd", "keygen", "label", "legend", "li", "line", "m", "main", "map", "mark", "menu",
	"meter", "multicol", "nav", "nextid", "noscript", "ol", "optgroup", "option", "output", "p",
	"path", "picture", "polygon", "polyline", "pre", "progress", "q", "rect", "rp", "rt",
	"ruby", "s", "samp", "section", "select", "small", "sound", "source", "spacer", "span",
	"strike", "strong", "sub", "summary", "sup", "svg", "table", "tbody", "td", "text",
	"textarea", "tfoot", "th", "thead", "time", "tr", "track", "tspan", "tt", "u", "ul", "var",
	"video", "wbr"};

/* Attributes that neither run nor style anything; those that hold an address are in `addresses`. */
static const char *const attributes[] = {"abbr", "align", "alt", "axis", "border", "cellpadding",
	"cellspacing", "char", "charoff", "charset", "checked", "class", "clear", "color", "cols",
	"colspan", "compact", "controls", "coords", "datetime", "dir", "disabled", "face", "for",
	"frame", "headers", "height", "hreflang", "hspace", "id", "ismap", "label", "lang", "list",
	"loop", "max", "media", "min", "multiple", "name", "nohref", "noshade", "nowrap", "open",
	"preload", "rel", "rev", "rows", "rowspan", "rules", "scope", "selected", "shape", "size",
	"span", "start", "summary", "tabindex", "target", "title", "type", "valign", "value",
	"vspace", "width", "wrap", "xml:lang"};

static const char *const addresses[] = {"action", "background", "cite", "data", "dynsrc", "href",
	"longdesc", "poster", "src", "usemap"};

/* What stands between these and their end is not text. */
static const char *const dropped[] = {"applet", "script", "style"};

enum { NAME_MAX_LEN = 16, BASE_LEN_MAX = 1024, GROWTH_MAX = 64 * 1024 };

struct cleaner {
	struct arena *scratch; /* rewound with each tag */
	const struct url *base;
	struct buf out;
	bool comments_end; /* unless one was found that does not */
	size_t len_max;    /* of `out`: addresses made absolute must not make it grow without end */
};

static int compare(const void *name, const void *entry)
{
	return slice_compare(*(const struct slice *)name, slice_of(*(const char *const *)entry));
}

static bool stands_in(const char *const *list, size_t count, struct slice name)
{
	return bsearch(&name, list, count, sizeof *list, compare) != NULL;
}

static bool is_element(struct slice name)
{
	return stands_in(elements, sizeof elements / sizeof elements[0], name);
}

static bool is_address(struct slice name)
{
	return stands_in(addresses, sizeof addresses / sizeof addresses[0], name);
}

static bool is_kept(struct slice name)
{
	return is_address(name) ||
		stands_in(attributes, sizeof attributes / sizeof attributes[0], name);
}

static bool is_dropped(struct slice name)
{
	return stands_in(dropped, sizeof dropped / sizeof dropped[0], name);
}

void markup_add_text(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		switch (text.at[i]) {
		case '&': buf_add_text(out, "&amp;"); break;
		case '<': buf_add_text(out, "&lt;"); break;
		case '>': buf_add_text(out, "&gt;"); break;
		default: buf_add_byte(out, text.at[i]); break;
		}
}

/* In lower case; empty for one longer than any that is known. */
static struct slice lower(char ret[NAME_MAX_LEN], struct slice name)
{
	if (name.len > NAME_MAX_LEN)
		return (struct slice){0};
	for (size_t i = 0; i < name.len; i++)
		ret[i] = (char)tolower((unsigned char)name.at[i]);
	return slice_over(ret, name.len);
}

static size_t name_len(struct slice s)
{
	size_t len = 0;

	while (len < s.len &&
		(isalnum((unsigned char)s.at[len]) || s.at[len] == '-' || s.at[len] == ':'))
		len++;
	return len;
}

static void unescape_amp(struct buf *out, struct slice s)
{
	while (s.len > 0) {
		size_t end = slice_find(s, SLICE("&amp;"));

		buf_add(out, s.at, end);
		if (end < s.len)
			buf_add_byte(out, '&');
		s = slice_from(s, end + 5);
	}
}

/* An address is kept when it is a web or mail one; else the attribute goes. */
static bool add_address(struct cleaner *c, struct slice value)
{
	CLEANUP(buf_release) struct buf plain = {0};
	struct url url;

	unescape_amp(&plain, value);
	struct slice address = slice_trim(buf_slice(&plain));
	if (url_parse(c->scratch, address, c->base, &url))
		address = url.href;
	else if (!slice_starts(address, SLICE("mailto:")) &&
		slice_find_byte(address, ':') < address.len)
		return false;
	for (size_t i = 0; i < address.len; i++)
		if (address.at[i] == '"')
			buf_add_text(&c->out, "&quot;");
		else
			markup_add_text(&c->out, slice_over(address.at + i, 1));
	return true;
}

static void add_attribute(struct cleaner *c, struct slice name, struct slice value)
{
	size_t before = c->out.len;
	bool kept = true;

	buf_printf(&c->out, " %.*s=\"", SLICE_ARG(name));
	if (is_address(name))
		kept = add_address(c, value);
	else
		for (size_t i = 0; i < value.len; i++)
			if (strchr("\"<>", value.at[i]) == NULL)
				buf_add_byte(&c->out, value.at[i]);
	if (kept)
		buf_add_byte(&c->out, '"');
	else
		c->out.len = before;
}

static struct slice take_value(struct slice *rest)
{
	size_t end = 0;
	struct slice value;

	*rest = slice_trim(*rest);
	if (rest->len == 0 || rest->at[0] != '=')
		return (struct slice){0};
	*rest = slice_trim(slice_from(*rest, 1));
	if (rest->len > 0 && (rest->at[0] == '"' || rest->at[0] == '\'')) {
		char quote = rest->at[0];

		*rest = slice_from(*rest, 1);
		end = slice_find_byte(*rest, quote);
		value = slice_over(rest->at, end);
		*rest = slice_from(*rest, end + 1);
		return value;
	}
	while (end < rest->len && !isspace((unsigned char)rest->at[end]))
		end++;
	value = slice_over(rest->at, end);
	*rest = slice_from(*rest, end);
	return value;
}

static void add_tag(struct cleaner *c, struct slice name, struct slice inside)
{
	bool empty = inside.len > 0 && inside.at[inside.len - 1] == '/';

	inside.len -= empty;
	buf_printf(&c->out, "<%.*s", SLICE_ARG(name));
	for (inside = slice_trim(inside); inside.len > 0; inside = slice_trim(inside)) {
		size_t len = name_len(inside);
		char lowered[NAME_MAX_LEN];
		struct slice attribute = lower(lowered, slice_over(inside.at, len));

		inside = slice_from(inside, len == 0 ? 1 : len);
		if (len == 0)
			continue;
		struct slice value = take_value(&inside);
		if (is_kept(attribute))
			add_attribute(c, attribute, value);
	}
	buf_add_text(&c->out, empty ? " />" : ">");
}

/* Where the tag ends: '>' outside of quotes, else the first '>'. */
static size_t tag_len(struct slice s)
{
	size_t first = slice_find_byte(s, '>');
	char quote = 0;

	for (size_t i = 1; i < s.len; i++) {
		char ch = s.at[i];

		if (quote != 0 && ch == quote)
			quote = 0;
		else if (quote == 0 && ch == '>')
			return i;
		else if (quote == 0 && (ch == '"' || ch == '\'') && s.at[i - 1] == '=')
			quote = ch;
		if (i > first + 4096)
			return first;
	}
	return first;
}

/* Past the end tag of what is dropped whole, or past everything when there is none. */
static struct slice skip_dropped(struct slice rest, struct slice name)
{
	while (true) {
		size_t end = slice_find(rest, SLICE("</"));
		struct slice after = slice_from(rest, end + 2);

		if (end == rest.len)
			return (struct slice){0};
		if (after.len >= name.len &&
			slice_equal_nocase(slice_over(after.at, name.len), name))
			return slice_from(after, slice_find_byte(after, '>') + 1);
		rest = after;
	}
}

static struct slice take_markup(struct cleaner *c, struct slice s)
{
	bool closes = s.len > 1 && s.at[1] == '/';

	if (slice_starts(s, SLICE("<!--"))) {
		size_t end =
			c->comments_end ? 4 + slice_find(slice_from(s, 4), SLICE("-->")) : s.len;

		c->comments_end = end < s.len;
		return slice_from(s, end < s.len ? end + 3 : slice_find_byte(s, '>') + 1);
	}
	bool declares = s.len > 2 &&
		(s.at[1] == '?' ||
			(s.at[1] == '!' &&
				(isalpha((unsigned char)s.at[2]) || s.at[2] == '-' ||
					s.at[2] == '[')));
	if (declares)
		return slice_from(s, slice_find_byte(s, '>') + 1);
	struct slice inside = slice_from(s, closes ? 2 : 1);
	size_t len = name_len(inside);
	if (len == 0 || !isalpha((unsigned char)inside.at[0])) {
		buf_add_text(&c->out, "&lt;");
		return slice_from(s, 1);
	}
	char lowered[NAME_MAX_LEN];
	struct slice name = lower(lowered, slice_over(inside.at, len));
	size_t end = tag_len(s);
	struct slice after = slice_from(s, end + 1);
	if (!closes && is_dropped(name))
		return s.at[end - 1] == '/' ? after : skip_dropped(after, name);
	if (!is_element(name))
		return after;
	if (closes)
		buf_printf(&c->out, "</%.*s>", SLICE_ARG(name));
	else
		add_tag(c, name,
			slice_over(inside.at + len, (size_t)(s.at + end - inside.at) - len));
	return after;
}

struct slice markup_clean(struct arena *a, struct slice html, const struct url *base)
{
	if (slice_find_byte(html, '<') == html.len)
		return html;
	struct cleaner c = {
		.scratch = arena_new(), .comments_end = true, .len_max = 2 * html.len + GROWTH_MAX};
	if (base != NULL && base->href.len <= BASE_LEN_MAX)
		c.base = base;
	while (html.len > 0 && c.out.len < c.len_max) {
		size_t end = slice_find_byte(html, '<');

		buf_add(&c.out, html.at, end);
		html = slice_from(html, end);
		if (html.len > 0)
			html = take_markup(&c, html);
		arena_rewind(c.scratch);
	}
	struct slice clean = arena_slice(a, buf_slice(&c.out));
	buf_release(&c.out);
	arena_free(&c.scratch);
	return clean;
}

static bool has_entity(struct slice s)
{
	char text[4];

	while (true) {
		s = slice_from(s, slice_find_byte(s, '&') + 1);
		if (s.len == 0)
			return false;
		size_t len = s.at[0] == '#' ? 1 : 0;
		while (len < s.len && isalnum((unsigned char)s.at[len]))
			len++;
		if (len > 0 && len < s.len && s.at[len] == ';' &&
			(s.at[0] == '#' || xml_entity(slice_over(s.at, len), text) > 0))
			return true;
	}
}

bool markup_is_likely(struct slice text)
{
	bool closed = false, entity = has_entity(text);

	for (size_t at = slice_find_byte(text, '<'); at < text.len;
		at = slice_find_byte(text, '<')) {
		bool closes = at + 1 < text.len && text.at[at + 1] == '/';

		text = slice_from(text, at + (closes ? 2 : 1));
		char lowered[NAME_MAX_LEN];
		size_t len = name_len(text);
		if (len == 0)
			continue;
		if (!is_element(lower(lowered, slice_over(text.at, len))))
			return false;
		closed = closed || closes;
	}
	return closed || entity;
}
