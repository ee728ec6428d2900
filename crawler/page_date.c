#include "crawler/page_date.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
	JSON_LD_MAX = 256 * 1024,
	DATE_REACH = 100,
	SHORT_TEXT_MAX = 64,
	TEXT_MAX = 1000,
	TITLE_REACH = 250,
	ABOVE_TITLE = 16
};

static bool name_in(struct slice name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (slice_equal_nocase(name, slice_of(*names)))
			return true;
	return false;
}

static bool holds(struct slice s, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= s.len; i++)
		if (((s.at[i] ^ word[0]) & ~0x20) == 0 && strncasecmp(s.at + i, word, len) == 0)
			return true;
	return false;
}

static bool holds_any(struct slice s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (holds(s, *words))
			return true;
	return false;
}

/* Only what lies in the past, give or take a day of another zone. */
static bool is_past(const struct page_dates *d, const struct date *date)
{
	return d->now_us == 0 || date_us(date, 0) < d->now_us + (int64_t)36 * 3600 * 1000000;
}

/* The first one, but what stands below the headline before what stands above it. */
static bool is_wanted(const struct page_dates *d, enum page_date_from from)
{
	bool beside_text = from != PAGE_DATE_META && from != PAGE_DATE_JSON;

	return d->found[from].year == 0 || (beside_text && d->titled && !d->below_title[from]);
}

static void take(struct page_dates *d, enum page_date_from from, const struct date *found)
{
	if (!is_wanted(d, from) || !is_past(d, found))
		return;
	d->found[from] = *found;
	d->below_title[from] = d->titled;
	d->found_at[from] = d->at;
}

static bool keep(struct page_dates *d, enum page_date_from from, struct slice text)
{
	struct date found;

	if (!is_wanted(d, from) || !date_find(text, &found))
		return false;
	take(d, from, &found);
	return true;
}

static bool digits(struct slice s, size_t at, size_t count)
{
	for (size_t i = at; i < at + count; i++)
		if (i >= s.len || !isdigit((unsigned char)s.at[i]))
			return false;
	return true;
}

/* https://host/2025/10/05/name, /2025/7/5/, 2025-10-05, and the 20251005… that Vietnamese papers
 * begin the number of an article with. */
static bool day_in_path(struct slice path, struct date *ret)
{
	enum { NUMBER_MIN = 14 };

	for (size_t i = 0; i + 8 <= path.len; i++) {
		bool starts = i == 0 || !isdigit((unsigned char)path.at[i - 1]);
		size_t len = path.len - i < 11 ? path.len - i : 11;

		if (digits(path, i, NUMBER_MIN))
			len = 8;
		if (starts && digits(path, i, 4) && (path.at[i] == '1' || path.at[i] == '2') &&
			date_find(slice_over(path.at + i, len), ret) && ret->year >= 1995)
			return true;
	}
	return false;
}

static void see_meta(struct page_dates *d, const struct html_node *n)
{
	static const char *const published[] = {"article:published_time", "og:published_time",
		"datepublished", "pubdate", "publishdate", "publish-date", "publish_date",
		"published-date", "published_date", "publication_date", "publication-date",
		"dc.date", "dc.date.issued", "dc.date.created", "dc.date.publication", "dc:date",
		"dc:created", "dcterms.created", "dcterms.date", "dcterms.issued", "date",
		"created", "date_created", "article_date_original", "sailthru.date",
		"article.published", "article.created", "parsely-pub-date",
		"originalpublicationdate", "bt:pubdate", "rnews:datepublished", "citation_date",
		"citation_publication_date", "og:article:published_time", "og:pubdate",
		"cxenseparse:recs:publishtime", "cxenseparse:publishtime",
		"shareaholic:article_published_time", "timestamp", "displaydate", "its_publication",
		"its_date", "cre_date", "gentime", "pub_date", "posted", "article:publicationdate",
		"ptime", "dateposted", NULL};
	static const char *const changed[] = {"article:modified_time", "og:updated_time",
		"datemodified", "last-modified", "lastmod", "dcterms.modified", "dc.date.modified",
		"dc:modified", "article:updated_time", "revised", "revision_date",
		"og:modified_time", "shareaholic:article_modified_time", "modified",
		"modified_date", "moddate", NULL};
	static const char *const attributes[] = {
		"property", "name", "itemprop", "http-equiv", NULL};
	struct slice content = html_attribute(n, "content");
	struct date day;

	if (slice_is(html_attribute(n, "property"), "og:image") && day_in_path(content, &day))
		take(d, PAGE_DATE_IMAGE, &day);
	for (size_t i = 0; attributes[i] != NULL; i++) {
		struct slice name = html_attribute(n, attributes[i]);

		if (name.len == 0)
			continue;
		if (name_in(name, published))
			keep(d, PAGE_DATE_META, content);
		else if (name_in(name, changed))
			keep(d, PAGE_DATE_CHANGED, content);
	}
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
	return slice_over(rest.at, slice_find_byte(rest, '"'));
}

static void see_script(struct page_dates *d, const struct html_node *n)
{
	static const char *const keys[] = {"\"datePublished\"", "\"published_at\"",
		"\"publishedAt\"", "\"publishedDate\"", "\"published_date\"", "\"firstPublished\"",
		"\"publishedTime\"", "\"published\"", NULL};
	struct slice json = n->first == NULL ? (struct slice){0} : n->first->text;

	if (json.len > JSON_LD_MAX)
		json.len = JSON_LD_MAX;
	if (!slice_equal_nocase(html_attribute(n, "type"), SLICE("application/ld+json"))) {
		for (size_t i = 0; keys[i] != NULL; i++)
			keep(d, PAGE_DATE_SCRIPT, json_value_of(json, keys[i]));
		return;
	}
	keep(d, PAGE_DATE_JSON, json_value_of(json, "\"datePublished\""));
	keep(d, PAGE_DATE_JSON, json_value_of(json, "\"uploadDate\""));
	keep(d, PAGE_DATE_JSON, json_value_of(json, "\"dateCreated\""));
	keep(d, PAGE_DATE_CHANGED, json_value_of(json, "\"dateModified\""));
}

/* The text inside, as far as it is needed. */
static struct slice text_of(struct arena *a, const struct html_node *n)
{
	CLEANUP(buf_release) struct buf out = {0};

	for (const struct html_node *t = n; t != NULL && out.len < DATE_REACH; t = html_next(t, n))
		if (t->tag.len == 0) {
			buf_add_slice(&out, t->text);
			buf_add_byte(&out, ' ');
		}
	struct slice text = text_squeeze(a, buf_slice(&out));
	return text.len > DATE_REACH ? slice_over(text.at, DATE_REACH) : text;
}

/* Pages wrap everything in "with-sidebar" and the like: what holds the article tells nothing. */
static bool holds_article(const struct page_dates *d, const struct html_node *n)
{
	return (d->body != NULL && html_holds(n, d->body)) || html_is(n, "body");
}

/* Comments, other articles and what is on the margin have dates of their own. */
static bool is_aside(const struct page_dates *d, const struct html_node *n)
{
	static const char *const names[] = {"comment", "related", "sidebar", "widget", "recent",
		"lien-quan", "lienquan", "tin-khac", "tinkhac", "popular", "archive", "calendar",
		"forecast", "teaser", "aside", NULL};

	for (; n != NULL && !holds_article(d, n); n = n->parent)
		if (html_is(n, "aside") || html_is(n, "nav") ||
			(!html_is(n, "article") && html_named(n, names)))
			return true;
	return false;
}

/* The footer of the page; that of an article tells its date. */
static bool is_footer(const struct page_dates *d, const struct html_node *n)
{
	static const char *const footers[] = {"footer", NULL},
				 *const articles[] = {"article", NULL};
	bool within = false;

	for (; n != NULL && !holds_article(d, n); n = n->parent)
		if (html_is(n, "footer") || html_named(n, footers))
			within = true;
		else if (within && (html_is(n, "article") || html_named(n, articles)))
			return false;
	return within;
}

static void keep_ago(struct page_dates *d, enum page_date_from from, struct slice text)
{
	struct date found;

	if (!keep(d, from, text) && d->now_us != 0 && date_find_ago(text, d->now_us, &found))
		take(d, from, &found);
}

static const char *const changed_words[] = {
	"updated", "modified", "last-mod", "lastmod", "capnhat", "cap-nhat", NULL};

static void see_time(struct page_dates *d, struct arena *a, const struct html_node *n)
{
	enum page_date_from from = PAGE_DATE_TIME;
	struct slice itemprop = html_attribute(n, "itemprop");

	if (is_aside(d, n) || is_footer(d, n))
		return;
	if (slice_equal_nocase(itemprop, SLICE("dateModified")) ||
		(html_named(n, changed_words) && !holds(html_attribute(n, "class"), "published")))
		from = PAGE_DATE_CHANGED;
	else if (html_has(n, "pubdate") || slice_equal_nocase(itemprop, SLICE("datePublished")) ||
		holds(html_attribute(n, "class"), "publish"))
		from = PAGE_DATE_PUBLISHED;
	if (!keep(d, from, html_attribute(n, "datetime")))
		keep_ago(d, from, text_of(a, n));
}

static void see_named(struct page_dates *d, struct arena *a, const struct html_node *n)
{
	static const char *const words[] = {"date", "datum", "time", "publish", "posted", "ngay",
		"thoi-gian", "thoigian", "pubdate", "entry-meta", "post-meta", "meta", "byline",
		"info", "submitted", "timestamp", NULL};

	if (n->attribute_count == 0)
		return;
	bool changed = html_named(n, changed_words);
	if (slice_equal_nocase(html_attribute(n, "itemprop"), SLICE("datePublished"))) {
		keep(d, PAGE_DATE_PUBLISHED, html_attribute(n, "content"));
		keep(d, PAGE_DATE_PUBLISHED, html_attribute(n, "datetime"));
		keep_ago(d, PAGE_DATE_PUBLISHED, text_of(a, n));
	} else if (is_wanted(d, PAGE_DATE_CLASS) && html_named(n, words) && !is_aside(d, n) &&
		!is_footer(d, n)) {
		keep(d, changed ? PAGE_DATE_CHANGED : PAGE_DATE_CLASS, html_attribute(n, "title"));
		keep_ago(d, changed ? PAGE_DATE_CHANGED : PAGE_DATE_CLASS, text_of(a, n));
	}
}

static void count_day(struct page_dates *d, const struct date *date)
{
	for (size_t i = 0; i < d->said_count; i++)
		if (d->said[i].day.year == date->year && d->said[i].day.month == date->month &&
			d->said[i].day.day == date->day) {
			d->said[i].count++;
			return;
		}
	if (d->said_count < PAGE_DATE_DAYS) {
		d->said[d->said_count].day = *date;
		d->said[d->said_count++].count = 1;
	}
}

static bool is_unseen(const struct html_node *n)
{
	const struct html_node *up = n->parent;

	return up != NULL &&
		(html_is(up, "script") || html_is(up, "style") || html_is(up, "noscript") ||
			html_is(up, "option") || html_is(up, "title"));
}

/* A date has a year, or a day and a month, in digits. */
static bool can_date(struct slice text)
{
	size_t digits = 0;

	for (size_t i = 0; i < text.len; i++)
		digits += isdigit((unsigned char)text.at[i]) != 0;
	return digits >= 4;
}

static void see_text(struct page_dates *d, const struct html_node *n)
{
	static const char *const labels[] = {"ngày đăng", "đăng lúc", "đăng ngày", "đăng tin",
		"ngày viết", "xuất bản", "gửi lúc", "thứ hai,", "thứ ba,", "thứ tư,", "thứ năm,",
		"thứ sáu,", "thứ bảy,", "chủ nhật,", "publish", "posted", "veröffentlicht",
		"erstellt", "geschrieben", "publié", "publicado", "pubblicato", "created",
		"written on", "beitrag vom", "eintrag vom", "date:", "datum:", NULL};
	static const char *const changed[] = {"updated", "modified", "aktualisiert", "cập nhật",
		"stand:", "letzte änderung", "zuletzt", "sửa lần cuối", "mis à jour", NULL};
	struct slice text = slice_trim(n->text);
	struct date found;

	if (text.len < 6 || text.len > TEXT_MAX || !can_date(text) || is_unseen(n) ||
		!date_find(text, &found) || !is_past(d, &found))
		return;
	count_day(d, &found);
	if (is_aside(d, n->parent))
		return;
	bool footer = is_footer(d, n->parent), says_changed = holds_any(text, changed);
	if (footer && !says_changed)
		return;
	enum page_date_from from = footer    ? PAGE_DATE_FOOTER
		: holds_any(text, labels)    ? PAGE_DATE_LABEL
		: says_changed               ? PAGE_DATE_CHANGED
		: text.len <= SHORT_TEXT_MAX ? PAGE_DATE_TEXT
					     : PAGE_DATE_LONG;
	take(d, from, &found);
}

/* What stood close above the headline belongs to it too. */
static void see_title(struct page_dates *d, const struct html_node *n)
{
	d->title_at = n->index;
	for (int i = 0; i < PAGE_DATE_KINDS; i++)
		d->below_title[i] = d->below_title[i] ||
			(d->found[i].year != 0 && n->index <= d->found_at[i] + ABOVE_TITLE);
}

void page_date_see(struct page_dates *d, struct arena *a, const struct html_node *n)
{
	d->at = n->index;
	if (html_is(n, "h1"))
		see_title(d, n);
	d->titled = d->title_at > 0 && n->index < d->title_at + TITLE_REACH;
	if (n->tag.len == 0)
		see_text(d, n);
	else if (html_is(n, "meta"))
		see_meta(d, n);
	else if (html_is(n, "script"))
		see_script(d, n);
	else if (html_is(n, "time"))
		see_time(d, a, n);
	else if (!html_is(n, "body") && !html_is(n, "html") && (!html_is(n, "a") || d->titled))
		see_named(d, a, n);
}

static bool same_day(const struct date *a, const struct date *b)
{
	return a->year == b->year && a->month == b->month && a->day == b->day;
}

static const struct date *said_most(const struct page_dates *d)
{
	const struct date *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < d->said_count; i++)
		if (d->said[i].count > most) {
			most = d->said[i].count;
			best = &d->said[i].day;
		}
	return best;
}

static bool is_earlier(const struct date *a, const struct date *b)
{
	return a->year != 0 && date_us(a, 0) < date_us(b, 0) && !same_day(a, b);
}

/* A day of publication that is the day of change is not to be trusted when something else that is
 * about this page names an earlier one. */
static const struct date *before_change(const struct page_dates *d)
{
	const struct date *meta = &d->found[PAGE_DATE_META];

	if (meta->year == 0 || !same_day(meta, &d->found[PAGE_DATE_CHANGED]))
		return NULL;
	for (int i = PAGE_DATE_JSON; i <= PAGE_DATE_LABEL; i++)
		if ((i == PAGE_DATE_JSON || d->below_title[i]) && is_earlier(&d->found[i], meta))
			return &d->found[i];
	return NULL;
}

/* Named as published, but it is another one's when the headline has a <time> of its own. */
static bool is_elsewhere(const struct page_dates *d, int from)
{
	return from == PAGE_DATE_PUBLISHED && !d->below_title[from] &&
		d->below_title[PAGE_DATE_TIME];
}

struct date page_date_choose(const struct page_dates *d, const struct url *url)
{
	struct date url_day = {0};
	bool in_url = day_in_path(url->path, &url_day) && is_past(d, &url_day);

	/* The day in the address, with the hour that something else gives for it. */
	for (int i = 0; in_url && i < PAGE_DATE_KINDS; i++)
		if (d->found[i].has_time && same_day(&d->found[i], &url_day))
			return d->found[i];
	const struct date *first = before_change(d);
	if (!in_url && first != NULL)
		return *first;
	for (int i = 0; i < PAGE_DATE_IMAGE; i++) {
		if (i == PAGE_DATE_META && in_url)
			return url_day;
		if (d->found[i].year != 0 && !is_elsewhere(d, i))
			return d->found[i];
	}
	const struct date *most = said_most(d);
	return most != NULL ? *most : d->found[PAGE_DATE_IMAGE];
}
