#include "crawler/html.h"

#include "crawler/html_scan.h"
#include "lib/buf.h"
#include "lib/must.h"
#include "lib/text.h"

#include <gumbo.h>
#include <setjmp.h>
#include <strings.h>
#include <time.h>

static bool is_block(GumboTag tag)
{
	switch (tag) {
	case GUMBO_TAG_ADDRESS:
	case GUMBO_TAG_ARTICLE:
	case GUMBO_TAG_ASIDE:
	case GUMBO_TAG_BLOCKQUOTE:
	case GUMBO_TAG_BODY:
	case GUMBO_TAG_BR:
	case GUMBO_TAG_CENTER:
	case GUMBO_TAG_DD:
	case GUMBO_TAG_DETAILS:
	case GUMBO_TAG_DIV:
	case GUMBO_TAG_DL:
	case GUMBO_TAG_DT:
	case GUMBO_TAG_FIELDSET:
	case GUMBO_TAG_FIGCAPTION:
	case GUMBO_TAG_FIGURE:
	case GUMBO_TAG_FOOTER:
	case GUMBO_TAG_FORM:
	case GUMBO_TAG_H1:
	case GUMBO_TAG_H2:
	case GUMBO_TAG_H3:
	case GUMBO_TAG_H4:
	case GUMBO_TAG_H5:
	case GUMBO_TAG_H6:
	case GUMBO_TAG_HEADER:
	case GUMBO_TAG_HR:
	case GUMBO_TAG_HTML:
	case GUMBO_TAG_LI:
	case GUMBO_TAG_MAIN:
	case GUMBO_TAG_NAV:
	case GUMBO_TAG_OL:
	case GUMBO_TAG_P:
	case GUMBO_TAG_PRE:
	case GUMBO_TAG_SECTION:
	case GUMBO_TAG_SUMMARY:
	case GUMBO_TAG_TABLE:
	case GUMBO_TAG_TBODY:
	case GUMBO_TAG_TD:
	case GUMBO_TAG_TFOOT:
	case GUMBO_TAG_TH:
	case GUMBO_TAG_THEAD:
	case GUMBO_TAG_TITLE:
	case GUMBO_TAG_TR:
	case GUMBO_TAG_UL: return true;
	default: return false;
	}
}

static bool is_unseen(GumboTag tag)
{
	switch (tag) {
	case GUMBO_TAG_SCRIPT:
	case GUMBO_TAG_STYLE:
	case GUMBO_TAG_NOSCRIPT:
	case GUMBO_TAG_TEMPLATE:
	case GUMBO_TAG_SVG:
	case GUMBO_TAG_IFRAME:
	case GUMBO_TAG_OBJECT:
	case GUMBO_TAG_HEAD:
	case GUMBO_TAG_MATH: return true;
	default: return false;
	}
}

/* What a page may cost: it is left when it has taken that much, whether for what the scan wrote
 * and held back, for the parser or for the tree made from that. All of it lies in the arena. */
struct budget {
	struct arena *arena;
	size_t most, asked; /* arena_used at most */
	clock_t until;
	jmp_buf *out;
};

enum { ASKED_BETWEEN_LOOKS = 2048, OUT_OF_MEMORY = 1, OUT_OF_TIME = 2 };

static void *take(struct budget *b, size_t len)
{
	size_t used = arena_used(b->arena);

	if (used > b->most || len > b->most - used)
		longjmp(*b->out, OUT_OF_MEMORY);
	return arena_alloc(b->arena, len);
}

static void *gumbo_get(void *budget, size_t len)
{
	struct budget *b = budget;

	if (++b->asked % ASKED_BETWEEN_LOOKS == 0 && clock() > b->until)
		longjmp(*b->out, OUT_OF_TIME);
	return take(b, len);
}

static void gumbo_give_back(void *budget, void *memory)
{
	(void)budget;
	(void)memory;
}

struct copier {
	struct arena *a;
	struct budget *budget;
	struct html_held held;
	size_t index;
};

static void copy_element(struct copier *c, const GumboElement *from, struct html_node *to)
{
	struct arena *a = c->a;
	struct slice name = slice_of(gumbo_normalized_tagname(from->tag));

	if (name.len == 0) {
		GumboStringPiece piece = from->original_tag;

		gumbo_tag_from_original_text(&piece);
		name = text_lower(a, slice_over(piece.data, piece.length));
	}
	to->tag = name;
	to->block = is_block(from->tag) || slice_is(name, "dialog");
	to->unseen = is_unseen(from->tag);
	to->attribute_count = from->attributes.length;
	struct html_attribute *attributes =
		take(c->budget, (to->attribute_count + 1) * sizeof *attributes);
	for (size_t i = 0; i < to->attribute_count; i++) {
		const GumboAttribute *at = from->attributes.data[i];

		attributes[i] = (struct html_attribute){
			slice_of(at->name), html_held_text(a, &c->held, slice_of(at->value))};
	}
	to->attributes = attributes;
}

static struct html_node *copy_node(
	struct copier *c, const GumboNode *from, struct html_node *parent)
{
	struct html_node *to = take(c->budget, sizeof *to);

	to->parent = parent;
	to->index = c->index++;
	if (from->type == GUMBO_NODE_ELEMENT || from->type == GUMBO_NODE_TEMPLATE)
		copy_element(c, &from->v.element, to);
	else
		to->text = html_held_text(c->a, &c->held, slice_of(from->v.text.text));
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
static struct html_node *copy_tree(struct copier *c, const GumboNode *root)
{
	struct html_node *top = copy_node(c, root, NULL), *to = top;
	const GumboNode *n =
		root->v.element.children.length > 0 ? root->v.element.children.data[0] : NULL;

	while (n != NULL) {
		bool wanted = is_element(n) || n->type == GUMBO_NODE_TEXT ||
			n->type == GUMBO_NODE_WHITESPACE || n->type == GUMBO_NODE_CDATA;
		struct html_node *copy = wanted ? copy_node(c, n, to) : NULL;

		if (is_element(n) && n->v.element.children.length > 0) {
			to = copy;
			n = n->v.element.children.data[0];
		} else {
			n = gumbo_after(n, root, &to);
		}
	}
	return top;
}

static const GumboOutput *parse(struct budget *b, struct slice text)
{
	GumboOptions options = kGumboDefaultOptions;

	options.allocator = gumbo_get;
	options.deallocator = gumbo_give_back;
	options.userdata = b;
	options.max_errors = 0;
	return gumbo_parse_with_options(&options, text.at == NULL ? "" : text.at, text.len);
}

const struct html_node *html_read(struct arena *a, struct slice utf8, struct err *err)
{
	jmp_buf out;
	struct budget b = {.arena = a,
		.most = arena_used(a) + HTML_MEMORY_MAX,
		.until = clock() + (clock_t)HTML_CPU_MS * (CLOCKS_PER_SEC / 1000),
		.out = &out};

	if (utf8.len > HTML_LEN_MAX) {
		err_set(err, NULL, 0, "larger than %d bytes", HTML_LEN_MAX);
		return NULL;
	}
	struct copier c = {.a = a, .budget = &b};
	struct slice safe = html_scan(a, utf8, &c.held);
	switch (setjmp(out)) {
	case 0: return copy_tree(&c, parse(&b, safe)->root);
	case OUT_OF_MEMORY:
		err_set(err, NULL, 0, "would take more than %d bytes", HTML_MEMORY_MAX);
		return NULL;
	default: err_set(err, NULL, 0, "took more than %d ms", HTML_CPU_MS); return NULL;
	}
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

bool html_holds(const struct html_node *n, const struct html_node *inner)
{
	while (inner != NULL && inner->index > n->index)
		inner = inner->parent;
	return inner == n;
}

static const struct html_attribute *find(const struct html_node *n, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n->attribute_count; i++) {
		const struct html_attribute *at = &n->attributes[i];

		if (at->name.len == len && memcmp(at->name.at, name, len) == 0)
			return at;
	}
	return NULL;
}

bool html_has(const struct html_node *n, const char *name)
{
	return find(n, name) != NULL;
}

struct slice html_attribute(const struct html_node *n, const char *name)
{
	const struct html_attribute *at = find(n, name);

	return at == NULL ? (struct slice){0} : at->value;
}

static uint32_t letter_bit(char c)
{
	return UINT32_C(1) << (c & 31);
}

/* Only where a word may begin, by its first letter, are the words looked at. */
static bool contains_any(struct slice s, const char *const *words, uint32_t starts)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((letter_bit(s.at[i]) & starts) == 0)
			continue;
		for (const char *const *word = words; *word != NULL; word++) {
			size_t len = ((s.at[i] ^ **word) & ~0x20) == 0 ? strlen(*word) : SIZE_MAX;

			if (len <= s.len - i && strncasecmp(s.at + i, *word, len) == 0)
				return true;
		}
	}
	return false;
}

bool html_named(const struct html_node *n, const char *const *words)
{
	uint32_t starts = 0;

	if (n->attribute_count == 0)
		return false;
	struct slice class = html_attribute(n, "class"), id = html_attribute(n, "id");
	if (class.len == 0 && id.len == 0)
		return false;
	for (const char *const *word = words; *word != NULL; word++)
		starts |= letter_bit(**word);
	return contains_any(class, words, starts) || contains_any(id, words, starts);
}

/* True when the way up from `n` to `top` passes a block. */
static bool leaves_block(const struct html_node *n, const struct html_node *top)
{
	for (; n != NULL && n != top; n = n->parent)
		if (n->block)
			return true;
	return false;
}

struct slice html_text(struct arena *a, const struct html_node *root)
{
	/* Most links and headings hold one text. */
	if (root->first != NULL && root->first == root->last && root->first->tag.len == 0 &&
		!root->unseen)
		return text_squeeze(a, root->first->text);

	struct buf line = {0}, out = {0};
	const struct html_node *n = root;

	while (n != NULL) {
		bool breaks = n->block;

		if (n->tag.len == 0)
			buf_add_slice(&line, n->text);
		const struct html_node *after =
			n->unseen ? html_next_skip(n, root) : html_next(n, root);
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
