#include "crawler/html.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/text.h"

#include <ctype.h>
#include <gumbo.h>
#include <string.h>

static bool in_list(struct slice name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (slice_equal_nocase(name, slice_of(*list)))
			return true;
	return false;
}

static const char *const voids[] = {"area", "base", "br", "col", "embed", "hr", "img", "input",
	"link", "meta", "param", "source", "track", "wbr", NULL};

/* Their end tags may be left out, so an open one says nothing about depth. */
static const char *const self_closing[] = {"p", "li", "dt", "dd", "option", "tr", "td", "th",
	"thead", "tbody", "tfoot", "colgroup", "html", "head", "body", NULL};

static const char *const raw_text[] = {
	"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", NULL};

struct scan {
	struct slice rest;
	size_t depth, tags;
};

/* Moves past one tag's attributes to after '>'; gives how many there are. */
static size_t skip_attributes(struct slice *rest)
{
	size_t count = 0, i = 0;
	bool between = true;

	while (i < rest->len && rest->at[i] != '>') {
		char c = rest->at[i++];

		if (c == '"' || c == '\'') {
			while (i < rest->len && rest->at[i] != c)
				i++;
			i++;
			between = true;
		} else if (isspace((unsigned char)c) || c == '/') {
			between = true;
		} else {
			count += between;
			between = c == '=';
			if (c == '=')
				count -= count > 0;
		}
	}
	*rest = slice_from(*rest, i + 1);
	return count;
}

static void skip_raw_text(struct slice *rest, struct slice name)
{
	for (size_t i = 0; i + name.len + 2 <= rest->len; i++)
		if (rest->at[i] == '<' && rest->at[i + 1] == '/' &&
			slice_equal_nocase(slice_over(rest->at + i + 2, name.len), name)) {
			*rest = slice_from(*rest, i);
			return;
		}
	*rest = (struct slice){0};
}

static struct slice tag_name(struct slice s)
{
	size_t len = 0;

	while (len < s.len && !isspace((unsigned char)s.at[len]) && s.at[len] != '>' &&
		s.at[len] != '/')
		len++;
	return slice_over(s.at, len);
}

/* One tag, `rest` standing behind its '<'. */
static bool scan_tag(struct scan *s, struct err *err)
{
	bool ends = s->rest.at[0] == '/';

	if (ends)
		s->rest = slice_from(s->rest, 1);
	struct slice name = tag_name(s->rest);
	if (name.len == 0 || !isalpha((unsigned char)name.at[0]))
		return true;
	s->rest = slice_from(s->rest, name.len);
	if (skip_attributes(&s->rest) > HTML_ATTRIBUTES_MAX)
		return err_set(
			err, NULL, 0, "more than %d attributes in a tag", HTML_ATTRIBUTES_MAX);
	if (++s->tags > HTML_TAGS_MAX)
		return err_set(err, NULL, 0, "more than %d tags", HTML_TAGS_MAX);
	if (in_list(name, voids) || in_list(name, self_closing))
		return true;
	if (ends) {
		s->depth -= s->depth > 0;
		return true;
	}
	if (in_list(name, raw_text)) {
		skip_raw_text(&s->rest, name);
		return true;
	}
	if (++s->depth > HTML_DEPTH_MAX)
		return err_set(err, NULL, 0, "nested deeper than %d", HTML_DEPTH_MAX);
	return true;
}

static bool within_limits(struct slice text, struct err *err)
{
	struct scan s = {.rest = text};

	if (text.len > HTML_LEN_MAX)
		return err_set(err, NULL, 0, "larger than %d bytes", HTML_LEN_MAX);
	while (s.rest.len > 0) {
		s.rest = slice_from(s.rest, slice_find_byte(s.rest, '<') + 1);
		if (slice_starts(s.rest, SLICE("!--"))) {
			s.rest = slice_from(s.rest, slice_find(s.rest, SLICE("-->")));
			continue;
		}
		if (s.rest.len > 0 && !scan_tag(&s, err))
			return false;
	}
	return true;
}

static void *gumbo_get(void *arena, size_t len)
{
	return arena_alloc(arena, len);
}

static void gumbo_give_back(void *arena, void *memory)
{
	(void)arena;
	(void)memory;
}

static void copy_element(struct arena *a, const GumboElement *from, struct html_node *to)
{
	struct slice name = slice_of(gumbo_normalized_tagname(from->tag));

	if (name.len == 0) {
		GumboStringPiece piece = from->original_tag;

		gumbo_tag_from_original_text(&piece);
		name = text_lower(a, slice_over(piece.data, piece.length));
	}
	to->tag = name;
	to->attribute_count = from->attributes.length;
	struct html_attribute *attributes =
		arena_array(a, to->attribute_count + 1, sizeof *attributes);
	for (size_t i = 0; i < to->attribute_count; i++) {
		const GumboAttribute *at = from->attributes.data[i];

		attributes[i] = (struct html_attribute){slice_of(at->name), slice_of(at->value)};
	}
	to->attributes = attributes;
}

static struct html_node *copy_node(
	struct arena *a, const GumboNode *from, struct html_node *parent, size_t *index)
{
	struct html_node *to = arena_alloc(a, sizeof *to);

	to->parent = parent;
	to->index = (*index)++;
	if (from->type == GUMBO_NODE_ELEMENT || from->type == GUMBO_NODE_TEMPLATE)
		copy_element(a, &from->v.element, to);
	else
		to->text = slice_of(from->v.text.text);
	if (parent != NULL) {
		if (parent->last != NULL)
			parent->last->next = to;
		else
			parent->first = to;
		parent->last = to;
	}
	return to;
}

static bool is_element(const GumboNode *n)
{
	return n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE;
}

static const GumboNode *gumbo_after(
	const GumboNode *n, const GumboNode *root, struct html_node **to)
{
	while (n != root) {
		const GumboVector *siblings = &n->parent->v.element.children;

		if (n->index_within_parent + 1 < siblings->length)
			return siblings->data[n->index_within_parent + 1];
		n = n->parent;
		must(*to != NULL);
		*to = (*to)->parent;
	}
	return NULL;
}

/* `to` is the copy of the parent of the node that comes next. */
static struct html_node *copy_tree(struct arena *a, const GumboNode *root)
{
	size_t index = 0;
	struct html_node *top = copy_node(a, root, NULL, &index), *to = top;
	const GumboNode *n =
		root->v.element.children.length > 0 ? root->v.element.children.data[0] : NULL;

	while (n != NULL) {
		bool wanted = is_element(n) || n->type == GUMBO_NODE_TEXT ||
			n->type == GUMBO_NODE_WHITESPACE || n->type == GUMBO_NODE_CDATA;
		struct html_node *copy = wanted ? copy_node(a, n, to, &index) : NULL;

		if (is_element(n) && n->v.element.children.length > 0) {
			to = copy;
			n = n->v.element.children.data[0];
		} else {
			n = gumbo_after(n, root, &to);
		}
	}
	return top;
}

const struct html_node *html_read(struct arena *a, struct slice utf8, struct err *err)
{
	GumboOptions options = kGumboDefaultOptions;

	if (!within_limits(utf8, err))
		return NULL;
	options.allocator = gumbo_get;
	options.deallocator = gumbo_give_back;
	options.userdata = a;
	options.max_errors = 0;
	const GumboOutput *output =
		gumbo_parse_with_options(&options, utf8.at == NULL ? "" : utf8.at, utf8.len);
	return copy_tree(a, output->root);
}

const struct html_node *html_next_skip(const struct html_node *n, const struct html_node *root)
{
	while (n != NULL && n != root) {
		if (n->next != NULL)
			return n->next;
		n = n->parent;
	}
	return NULL;
}

const struct html_node *html_next(const struct html_node *n, const struct html_node *root)
{
	return n->first != NULL ? n->first : html_next_skip(n, root);
}

bool html_is(const struct html_node *n, const char *tag)
{
	return slice_is(n->tag, tag);
}

bool html_has(const struct html_node *n, const char *name)
{
	for (size_t i = 0; i < n->attribute_count; i++)
		if (slice_is(n->attributes[i].name, name))
			return true;
	return false;
}

struct slice html_attribute(const struct html_node *n, const char *name)
{
	for (size_t i = 0; i < n->attribute_count; i++)
		if (slice_is(n->attributes[i].name, name))
			return n->attributes[i].value;
	return (struct slice){0};
}

bool html_is_block(const struct html_node *n)
{
	static const char *const blocks[] = {"address", "article", "aside", "blockquote", "body",
		"center", "dd", "details", "dialog", "div", "dl", "dt", "fieldset", "figcaption",
		"figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
		"html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table",
		"tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul", "br", NULL};

	return in_list(n->tag, blocks);
}

static const char *const unseen[] = {
	"script", "style", "noscript", "template", "svg", "iframe", "object", "head", "math", NULL};

/* True when the way up from `n` to `top` passes a block. */
static bool leaves_block(const struct html_node *n, const struct html_node *top)
{
	for (; n != NULL && n != top; n = n->parent)
		if (html_is_block(n))
			return true;
	return false;
}

struct slice html_text(struct arena *a, const struct html_node *root)
{
	struct buf line = {0}, out = {0};
	const struct html_node *n = root;

	while (n != NULL) {
		bool breaks = html_is_block(n);

		if (n->tag.len == 0)
			buf_add_slice(&line, n->text);
		const struct html_node *after =
			in_list(n->tag, unseen) ? html_next_skip(n, root) : html_next(n, root);
		/* A block ends where the walk leaves it. */
		breaks = breaks || (after != NULL && leaves_block(n, after->parent));
		if (breaks || after == NULL) {
			struct slice text = text_squeeze(a, buf_slice(&line));

			if (text.len > 0 && out.len > 0)
				buf_add_byte(&out, '\n');
			buf_add_slice(&out, text);
			buf_clear(&line);
		}
		n = after;
	}
	struct slice text = arena_slice(a, buf_slice(&out));
	buf_release(&line);
	buf_release(&out);
	return text;
}

struct slice html_plain(struct arena *a, struct slice markup)
{
	struct err err = {0};

	if (slice_find_byte(markup, '<') == markup.len &&
		slice_find_byte(markup, '&') == markup.len)
		return text_squeeze(a, markup);
	const struct html_node *root = html_read(a, markup, &err);
	return root == NULL ? (struct slice){0} : html_text(a, root);
}
