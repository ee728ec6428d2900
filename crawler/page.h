/* What a page says: title, article text, date, language, links. Bylines and other names of
 * authors are not looked for, comments are left out.
 *
 *     struct page page;
 *     page_read(a, root, &url, &page);
 *
 * Everything lives in the arena of the tree. */
#pragma once

#include "crawler/date.h"
#include "crawler/html.h"
#include "crawler/url.h"
#include "lib/json_write.h"

enum { PAGE_LINKS_MAX = 5000, PAGE_TEXT_MAX = 512 * 1024 };

struct page_link {
	struct slice href; /* absolute */
	struct slice host;
	struct slice text;
	bool hidden;  /* not to be seen by a visitor */
	bool in_text; /* stands in the article's text */
};

struct page {
	struct slice title, text;
	struct arena *arena;
	const struct html_node *root;
	struct slice lang, site_name, canonical, description;
	struct date published; /* year 0: none */
	struct page_link *links;
	size_t link_count;
	bool noindex;
	bool is_article; /* og:type, JSON-LD or an article element say so */
};

void page_read(
	struct arena *a, const struct html_node *root, const struct url *url, struct page *ret);

/* The same with a clock of its own; `now_us` is what "3 giờ trước" is counted from. */
void page_read_at(struct arena *a, const struct html_node *root, const struct url *url,
	int64_t now_us, struct page *ret);

/* The element that holds the article's text; NULL when there is none. */
const struct html_node *page_body(struct arena *a, const struct html_node *root);

/* What introduces it between the headline and that element; often empty. */
struct slice page_lead(struct arena *a, const struct html_node *root, const struct html_node *body);
struct slice page_body_text(struct arena *a, const struct html_node *body);

/* True when an element hides what it holds from the eye. */
bool page_hides(const struct html_node *n);

/* PAGE_WHOLE adds all_text (also menus, captions and what is hidden) and hidden_text. */
enum page_detail { PAGE_ARTICLE, PAGE_WHOLE };
void page_write(const struct page *page, enum page_detail detail, struct json_writer *w);
