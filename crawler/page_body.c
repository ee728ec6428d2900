/* The article's text by density (after Arc90's Readability): paragraphs give points to the
 * elements around them, names of classes and the share of link text correct them. */
#include "crawler/page.h"
#include "lib/buf.h"
#include "lib/text.h"

#include <ctype.h>
#include <string.h>

enum { PARAGRAPH_MIN = 25, PROSE_MIN = 80, SIGNATURE_MAX = 60, LEAD_MIN = 60, LEAD_MAX = 2000 };

static const double WIDEN_SHARE = 0.2, GATHER = 1.5;

struct measure {
	double points;
	size_t text, link_text; /* letters inside */
	size_t prose;           /* those of paragraphs */
	bool excluded;
};

static const char *const never[] = {"script", "style", "noscript", "nav", "aside", "footer", "form",
	"button", "select", "textarea", "iframe", "svg", "object", "template", "figcaption", "head",
	"menu", "input", "dialog", NULL};

static const char *const unlikely[] = {"comment", "disqus", "footer", "sidebar", "side-bar",
	"related", "recommend", "share", "social", "sharing", "breadcrumb", "newsletter",
	"subscribe", "promo", "advert", "sponsor", "banner", "cookie", "popup", "modal",
	"navigation", "navbar", "menu", "byline", "author", "tac-gia", "tacgia", "but-danh",
	"butdanh", "username", "user-name", "tag-list", "tags-", "widget", "pagination", "pager",
	"rating", "tin-lien-quan", "lienquan", "tinmoi", "tin-khac", "xem-them", "readmore",
	"read-more", "box-news", "hidden-print", "skip-link", "signup", "toolbar", "post-meta",
	"entry-meta", "caption", "screen-reader", "yarpp", "tag-links", "p-tags", "post-tags",
	"postmeta", "below-entry", "nextstory", "next-post", "interesting-articles",
	"jp-relatedposts", "outbrain", "taboola", "tinkhac", "other-news", "othernews", "view-news",
	"right-col", "left-col", "tools", "date-news", "title-news", "ngaydang", "ngay-dang",
	"tieude-tin", "tieu-de-tin", NULL};

/* What readers write may be longer than what they write about. */
static const char *const discussion[] = {"comments", "comment-list", "commentlist", "kommentare",
	"binh-luan", "binhluan", "disqus", NULL};

static const char *const likely[] = {"article", "body", "content", "entry", "main", "post", "story",
	"text", "detail", "fck", "noidung", "noi-dung", "chi-tiet", "blog", "hentry", NULL};

static const char *const body_names[] = {"articlebody", "article-body", "article__body",
	"article_body", "entry-content", "post-content", "article-content", "article__content",
	"story-body", "fck_detail", "detail-content", "content-detail", "cms-body", "post-body",
	"story-content", NULL};

static bool is_tag(const struct html_node *n, const char *const *tags)
{
	for (; *tags != NULL; tags++)
		if (html_is(n, *tags))
			return true;
	return false;
}

static bool is_excluded(const struct html_node *n)
{
	if (n->tag.len == 0 || html_is(n, "body") || html_is(n, "html") || html_is(n, "article"))
		return false;
	/* ASP.NET puts whole pages into one form. */
	if (html_is(n, "form") && n->parent != NULL && html_is(n->parent, "body"))
		return false;
	if (is_tag(n, never) || html_has(n, "hidden"))
		return true;
	if (slice_is(html_attribute(n, "role"), "navigation") ||
		slice_is(html_attribute(n, "aria-hidden"), "true"))
		return true;
	return slice_is(html_attribute(n, "rel"), "author") ||
		slice_is(html_attribute(n, "itemprop"), "author");
}

/* By its name alone an element is left out only when it holds the smaller part of the text: pages
 * wrap everything in "with-sidebar" and the like. */
static bool sounds_unlikely(const struct html_node *n, size_t text, size_t text_around)
{
	if (n->tag.len == 0 || html_is(n, "body") || html_is(n, "html") || html_is(n, "article"))
		return false;
	if (text * 10 >= text_around * 3)
		return text * 10 < text_around * 9 && html_named(n, discussion);
	return html_named(n, unlikely) && !html_named(n, body_names);
}

static size_t letters(struct slice text)
{
	size_t count = 0;
	bool gap = true;

	for (size_t i = 0; i < text.len; i++) {
		bool space = isspace((unsigned char)text.at[i]);

		count += (!space || !gap) && ((unsigned char)text.at[i] & 0xC0) != 0x80;
		gap = space;
	}
	return count;
}

static size_t commas(struct slice text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.at[i] == ',';
	return count;
}

static bool inside(const struct html_node *n, const char *tag)
{
	for (; n != NULL; n = n->parent)
		if (html_is(n, tag))
			return true;
	return false;
}

static size_t node_count(const struct html_node *root)
{
	size_t count = 0;

	for (const struct html_node *n = root; n != NULL; n = html_next(n, root))
		count++;
	return count;
}

static void count_text(
	const struct html_node *root, const struct html_node *text, size_t count, struct measure *m)
{
	bool link = inside(text, "a");

	m[text->index - root->index].text = count;
	for (const struct html_node *up = text->parent; up != root->parent; up = up->parent) {
		m[up->index - root->index].text += count;
		m[up->index - root->index].link_text += link ? count : 0;
	}
}

/* Text counts for every element around it; excluded parts count for none. `before` holds the
 * measures of an earlier pass, or is NULL. */
static void measure_text(
	const struct html_node *root, const struct measure *before, struct measure *m)
{
	const struct html_node *n = root;

	while (n != NULL) {
		m[n->index - root->index].excluded = is_excluded(n) ||
			(before != NULL &&
				sounds_unlikely(
					n, before[n->index - root->index].text, before[0].text));
		if (m[n->index - root->index].excluded) {
			n = html_next_skip(n, root);
			continue;
		}
		if (n->tag.len == 0)
			count_text(root, n,
				before != NULL ? before[n->index - root->index].text
					       : letters(n->text),
				m);
		n = html_next(n, root);
	}
}

static size_t own_text(const struct html_node *root, const struct measure *m,
	const struct html_node *n, size_t *ret_commas)
{
	size_t count = 0;

	/* A paragraph of a word processor: a span alone in a div. */
	if (html_is(n, "div") && n->first != NULL && n->first == n->last &&
		html_is(n->first, "span"))
		return m[n->first->index - root->index].text;
	for (const struct html_node *c = n->first; c != NULL; c = c->next)
		if (c->tag.len == 0) {
			count += m[c->index - root->index].text;
			*ret_commas += commas(c->text);
		}
	return count;
}

static double link_share(const struct measure *m)
{
	return m->text == 0 ? 0 : (double)m->link_text / (double)m->text;
}

static double name_points(const struct html_node *n)
{
	double points = 0;

	if (html_named(n, body_names) || slice_is(html_attribute(n, "itemprop"), "articleBody"))
		points += 40;
	else if (html_named(n, likely))
		points += 15;
	if (html_is(n, "article"))
		points += 20;
	if (html_is(n, "main"))
		points += 5;
	return points;
}

static void give_points(const struct html_node *root, struct measure *m)
{
	static const char *const paragraphs[] = {"p", "pre", "blockquote", "td", "li", "div",
		"section", "article", "h2", "h3", NULL};
	const struct html_node *n = root;

	while (n != NULL) {
		const struct measure *own = &m[n->index - root->index];
		size_t comma_count = 0;
		bool counts = n->tag.len > 0 && !own->excluded && is_tag(n, paragraphs);
		bool whole = counts && html_is(n, "p");
		size_t len = counts ? (whole ? own->text : own_text(root, m, n, &comma_count)) : 0;

		if (len >= PARAGRAPH_MIN && link_share(own) < 0.5 && n->parent != NULL) {
			double points =
				1 + (double)comma_count + (len > 300 ? 3 : (double)len / 100);
			const struct html_node *up = whole ? n->parent : n;

			for (double part = 1; up != root->parent && part > 0.2;
				up = up->parent, part /= 2)
				m[up->index - root->index].points += points * part;
		}
		n = own->excluded ? html_next_skip(n, root) : html_next(n, root);
	}
}

static void count_prose(const struct html_node *root, struct measure *m)
{
	const struct html_node *n = root;

	while (n != NULL) {
		const struct measure *own = &m[n->index - root->index];

		if (html_is(n, "p") && own->text >= PROSE_MIN && link_share(own) < 0.25)
			for (const struct html_node *up = n; up != root->parent; up = up->parent)
				m[up->index - root->index].prose += own->text;
		n = own->excluded ? html_next_skip(n, root) : html_next(n, root);
	}
}

/* Builders of pages put each paragraph in boxes of its own: what is around the best one and holds
 * much more prose, and little else, is the article. */
static const struct html_node *gather(
	const struct html_node *root, const struct measure *m, const struct html_node *best)
{
	const struct html_node *found = best;

	for (const struct html_node *up = best; up != NULL && up != root; up = up->parent) {
		const struct measure *own = &m[up->index - root->index];

		if ((double)own->prose > GATHER * (double)m[found->index - root->index].prose &&
			link_share(own) < 0.25 && own->prose * 10 > own->text * 8)
			found = up;
	}
	return found;
}

/* Points of the paragraphs that stand beside an element under the same parent. */
static double beside(
	const struct html_node *root, const struct measure *m, const struct html_node *n)
{
	double points = 0;

	for (const struct html_node *c = n->parent->first; c != NULL; c = c->next) {
		const struct measure *own = &m[c->index - root->index];

		if (c == n || c->tag.len == 0 || own->excluded || link_share(own) > 0.25)
			continue;
		points += own->points > 0                    ? own->points
			: html_is(c, "p") && own->text >= 80 ? 2
							     : 0;
	}
	return points;
}

/* Articles are cut in parts by some templates: what stands beside the best one and reads like it
 * belongs to it. */
static const struct html_node *widen(
	const struct html_node *root, const struct measure *m, const struct html_node *best)
{
	enum { STEPS = 3 };

	for (int i = 0; i < STEPS && best != NULL && best->parent != NULL && best != root &&
		!html_is(best, "body") && !html_is(best, "article") &&
		!html_named(best, body_names);
		i++) {
		const struct html_node *up = best->parent;
		const struct measure *own = &m[best->index - root->index],
				     *around = &m[up->index - root->index];

		if (up == root || html_is(up, "body") || around->excluded ||
			beside(root, m, best) < WIDEN_SHARE * own->points ||
			link_share(around) > 0.3)
			break;
		best = up;
	}
	return best;
}

const struct html_node *page_body(struct arena *a, const struct html_node *root)
{
	size_t count = node_count(root) + 1;
	struct measure *rough = arena_array(a, count, sizeof *rough);
	struct measure *m = arena_array(a, count, sizeof *m);
	const struct html_node *best = NULL;
	double most = 0;

	measure_text(root, NULL, rough);
	measure_text(root, rough, m);
	give_points(root, m);
	for (const struct html_node *n = root; n != NULL; n = m[n->index - root->index].excluded
			? html_next_skip(n, root)
			: html_next(n, root)) {
		if (n->tag.len == 0 || m[n->index - root->index].points == 0)
			continue;
		double points = (m[n->index - root->index].points + name_points(n)) *
			(1 - link_share(&m[n->index - root->index]));

		if (points > most) {
			most = points;
			best = n;
		}
	}
	/* A paragraph's own element is too small to be the article: take what holds it. */
	best = widen(root, m, best);
	count_prose(root, m);
	best = gather(root, m, best);
	while (best != NULL && best->parent != NULL &&
		(html_is(best, "p") || html_is(best, "tr") || html_is(best, "td") ||
			html_is(best, "tbody")))
		best = best->parent;
	return best;
}

struct writer {
	struct arena *a;
	struct buf line, out;
};

static void end_line(struct writer *w)
{
	struct slice text = text_squeeze(w->a, buf_slice(&w->line));

	if (text.len > 0 && w->out.len < PAGE_TEXT_MAX) {
		if (w->out.len > 0)
			buf_add_byte(&w->out, '\n');
		buf_add_slice(&w->out, text);
	}
	buf_clear(&w->line);
}

/* A short line set to the right is the signature of who wrote the text. */
static bool is_signature(const struct html_node *n, size_t text)
{
	struct slice style = html_attribute(n, "style"), class = html_attribute(n, "class");

	if (!n->block || text > SIGNATURE_MAX)
		return false;
	return slice_find(style, SLICE("text-align:right")) < style.len ||
		slice_find(style, SLICE("text-align: right")) < style.len ||
		slice_find(class, SLICE("text-align-right")) < class.len;
}

static bool left_out(
	const struct html_node *n, const struct html_node *body, const struct measure *m)
{
	static const char *const lists[] = {
		"ul", "ol", "dl", "table", "div", "section", "p", "h2", "h3", "h4", NULL};

	if (n == body || n->tag.len == 0)
		return false;
	const struct measure *own = &m[n->index - body->index];
	return own->excluded || sounds_unlikely(n, own->text, m[0].text) || html_is(n, "h1") ||
		html_is(n, "time") || (is_tag(n, lists) && link_share(own) > 0.7) ||
		page_hides(n) || is_signature(n, own->text);
}

static bool is_lead(const struct html_node *n)
{
	static const char *const names[] = {"sapo", "lead", "intro", "vorspann", "standfirst",
		"chapeau", "teaser-text", "subtitle", "sub-title", "subheadline", "description",
		"summary", "excerpt", "hero-text", NULL};

	return (html_is(n, "p") || html_is(n, "div") || html_is(n, "h2")) && html_named(n, names) &&
		!html_named(n, unlikely) && !page_hides(n);
}

struct slice page_lead(struct arena *a, const struct html_node *root, const struct html_node *body)
{
	const struct html_node *n = root;
	bool titled = false;

	while (n != NULL && n->index < body->index) {
		bool out = is_excluded(n) || html_is(n, "h1");

		titled = titled || html_is(n, "h1");
		if (titled && !out && is_lead(n) && !html_holds(n, body)) {
			struct slice text = html_text(a, n);

			if (text.len >= LEAD_MIN && text.len <= LEAD_MAX)
				return text;
		}
		n = out ? html_next_skip(n, root) : html_next(n, root);
	}
	return (struct slice){0};
}

struct slice page_body_text(struct arena *a, const struct html_node *body)
{
	struct measure *m = arena_array(a, node_count(body) + 1, sizeof *m);
	struct writer w = {.a = a};
	const struct html_node *n = body;

	measure_text(body, NULL, m);
	while (n != NULL) {
		bool out = left_out(n, body, m);
		bool breaks = n->block;

		if (n->tag.len == 0)
			buf_add_slice(&w.line, n->text);
		const struct html_node *after = out ? html_next_skip(n, body) : html_next(n, body);
		for (const struct html_node *up = n;
			after != NULL && up != NULL && up != after->parent; up = up->parent)
			breaks = breaks || up->block;
		if (breaks || after == NULL)
			end_line(&w);
		n = after;
	}
	struct slice text = arena_slice(a, buf_slice(&w.out));
	buf_release(&w.line);
	buf_release(&w.out);
	return text;
}
