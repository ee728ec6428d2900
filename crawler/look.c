#include "crawler/look.h"

#include "crawler/article.h"
#include "crawler/site.h"
#include "lib/digest.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LABELS_MAX = 200, KEY_HEX = 2 * 16, LINK_TEXT_MIN = 15, HYPHENS_MIN = 3, TROUBLE_MAX = 48 };

struct look {
	const struct look_env *env;
	struct arena *arena;
	struct look_plan plan;
	const struct source *source;
	struct visit visit;
	struct slice key, body_hash;     /* where the last look is remembered; what its body was */
	struct slice validators;         /* to be remembered when all is done */
	size_t pending, named, followed; /* articles; `named` counts known ones as well */
	bool failed;
	char trouble[TROUBLE_MAX]; /* why the source itself was not read */
};

/* An article that a look follows. */
struct item {
	struct visit visit;
	struct look *look;
	struct slice key, hash;      /* remembered when done */
	struct slice title, summary; /* as the feed has them */
	struct date published;
	bool noindex;
};

/* What a feed, section page or sitemap says about one article. */
struct entry {
	struct slice link, title, summary, published, updated;
};

static void count(const struct look *look, const char *name, const char *reason, const char *help)
{
	char labels[LABELS_MAX];

	if (reason == NULL)
		(void)snprintf(
			labels, sizeof labels, "source=\"%.*s\"", SLICE_ARG(look->source->id));
	else
		(void)snprintf(labels, sizeof labels, "source=\"%.*s\",reason=\"%s\"",
			SLICE_ARG(look->source->id), reason);
	metric_add(metrics_counter(look->env->metrics, name, labels, help), 1);
}

static void count_fetch(const struct look *look)
{
	count(look, "haidang_crawler_fetches_total", NULL, "Pages, feeds and sitemaps fetched.");
}

static void count_refusal(const struct look *look, const char *reason)
{
	count(look, "haidang_crawler_refusals_total", reason, "Addresses not read, and why.");
	log_info("refused source=%.*s reason=%s", SLICE_ARG(look->source->id), reason);
}

static void count_failure(const struct look *look, const char *reason)
{
	count(look, "haidang_crawler_failures_total", reason, "Visits that failed this time.");
	log_info("failed source=%.*s reason=%s", SLICE_ARG(look->source->id), reason);
}

static void count_fault(const struct look *look, const char *fault)
{
	count(look, "haidang_crawler_parse_faults_total", NULL,
		"Pages and feeds that could not be parsed.");
	log_info("not parsed source=%.*s fault=\"%s\"", SLICE_ARG(look->source->id), fault);
}

static struct slice hex_of(struct arena *a, struct slice bytes)
{
	uint8_t hash[SHA256_LEN];
	char *hex = arena_alloc(a, KEY_HEX + 1);

	digest_sha256(bytes, hash);
	digest_hex(hash, KEY_HEX / 2, hex);
	return slice_over(hex, KEY_HEX);
}

static struct slice key_of(struct arena *a, const char *what, struct slice url)
{
	struct slice hex = hex_of(a, url);

	return slice_of(arena_printf(a, "%s:%.*s", what, SLICE_ARG(hex)));
}

void look_free(struct look **look)
{
	if (*look == NULL)
		return;
	struct arena *a = (*look)->arena;
	sources_release(&(*look)->plan.generation);
	arena_free(&a);
	*look = NULL;
}

const char *look_trouble(const struct look *look)
{
	return look->trouble;
}

/* What was not read is asked for whole again: its ETag would make it look well from now on. */
static void fail(struct look *look, const char *trouble)
{
	(void)snprintf(look->trouble, sizeof look->trouble, "%s", trouble);
	look->failed = true;
}

/* One of the visits is over. */
static void over(struct look *look)
{
	const struct knowledge *k = look->env->knowledge;

	if (--look->pending > 0)
		return;
	if (!look->failed && look->validators.len > 0)
		remember_later(k->memory, look->key, look->validators, k->config->seen_ms);
	look->plan.end(look->plan.ctx, look);
	look_free(&look);
}

static void item_over(struct item *item)
{
	over(item->look);
}

static void item_done(struct item *item)
{
	const struct knowledge *k = item->look->env->knowledge;

	remember_later(k->memory, item->key, item->hash, k->config->seen_ms);
	item_over(item);
}

static void publish(struct item *item, struct arena *a, struct article *article)
{
	struct look *look = item->look;

	article->source = look->source;
	if (article->title.len == 0)
		article->title = item->title;
	if (article->published.year == 0)
		article->published = item->published;
	if (article->text.len == 0)
		article->text = item->summary;
	if (article->title.len == 0 && article->text.len == 0) {
		count_refusal(look, "empty");
		return;
	}
	switch (article_publish(look->env->knowledge, a, article)) {
	case ARTICLE_NEW:
	case ARTICLE_UPDATED:
		count(look, "haidang_crawler_articles_total", NULL,
			"Articles published, new or updated.");
		break;
	case ARTICLE_UNCHANGED:
		count(look, "haidang_crawler_unchanged_total", NULL,
			"Articles whose text was known.");
		break;
	}
}

/* What the feed itself says, where the article may not or cannot be read. */
static void publish_summary(struct item *item)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct article article = {.url = &item->visit.url};

	if (item->summary.len > 0)
		publish(item, a, &article);
	item_done(item);
}

static bool on_article_link(void *ctx, struct slice key, struct json_value link)
{
	struct json_value flag;
	struct slice host = {0};
	bool in_text = false, hidden = false;

	(void)key;
	if (json_get(link, "in_text", &flag))
		json_to_bool(flag, &in_text);
	if (json_get(link, "hidden", &flag))
		json_to_bool(flag, &hidden);
	struct article *article = ctx;
	if ((in_text || hidden) && json_get_text(link, "host", &host) &&
		!slice_equal(host, article->url->host))
		article_link(article, host);
	return true;
}

static bool flag_of(struct json_value page, const char *name)
{
	struct json_value value;
	bool set = false;

	return json_get(page, name, &value) && json_to_bool(value, &set) && set;
}

static void publish_page(struct item *item, struct json_value page)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct article article = {.url = &item->visit.url};
	struct slice canonical = {0}, published = {0};
	struct json_value links;
	struct url url;

	json_get_text(page, "title", &article.title);
	json_get_text(page, "text", &article.text);
	json_get_text(page, "lang", &article.lang);
	json_get_text(page, "site_name", &article.site_name);
	if (json_get_text(page, "published", &published))
		date_find(published, &article.published);
	/* A page may name its own better address, not one of another site. */
	if (json_get_text(page, "canonical", &canonical) && url_parse(a, canonical, NULL, &url) &&
		!url.has_userinfo && slice_equal(url.host, item->visit.url.host))
		article.url = &url;
	if (json_get(page, "links", &links))
		json_each(links, on_article_link, &article);
	publish(item, a, &article);
}

static void on_item_parsed(void *ctx, const char *fault, struct slice json)
{
	struct item *item = ctx;
	struct look *look = item->look;
	struct json_value page;
	struct err err = {0};

	if (fault == NULL && !json_read(look->env->reader, json, &page, &err))
		fault = err.said;
	if (fault != NULL) {
		count_fault(look, fault);
		publish_summary(item);
		return;
	}
	if (item->noindex || flag_of(page, "noindex"))
		count_refusal(look, "noindex");
	else
		publish_page(item, page);
	item_done(item);
}

static bool is_html(struct slice content_type)
{
	struct slice type = content_type;

	type.len = slice_find_byte(type, ';');
	type = slice_trim(type);
	return type.len == 0 || slice_equal_nocase(type, SLICE("text/html")) ||
		slice_equal_nocase(type, SLICE("application/xhtml+xml"));
}

static void on_item_visited(void *ctx, const struct visit_result *result)
{
	struct item *item = ctx;
	struct look *look = item->look;

	if (result->end == VISIT_FAILED) {
		count_failure(look, result->reason);
		look->failed = true;
		item_over(item);
		return;
	}
	if (result->end == VISIT_REFUSED) {
		count_refusal(look, result->reason);
		publish_summary(item);
		return;
	}
	count_fetch(look);
	if (!is_html(result->fetch->content_type)) {
		count_refusal(look, "content_type");
		publish_summary(item);
		return;
	}
	struct slice robots = text_lower(look->arena, result->fetch->robots_tag);
	item->noindex = slice_find(robots, SLICE("noindex")) < robots.len;
	page_worker_submit(look->env->worker,
		&(struct page_task){
			.kind = PARSE_PAGE,
			.url = item->visit.url.href,
			.content_type = result->fetch->content_type,
			.body = result->fetch->body,
			.done = on_item_parsed,
			.ctx = item,
		});
}

static struct item *item_new(struct look *look, const struct entry *entry, const struct url *url)
{
	const struct crawler_config *config = look->env->knowledge->config;
	struct item *item = arena_alloc(look->arena, sizeof *item);
	struct slice date = entry->published.len > 0 ? entry->published : entry->updated;

	item->look = look;
	item->title = arena_slice(look->arena, entry->title);
	item->summary = arena_slice(look->arena, entry->summary);
	if (!date_find(date, &item->published))
		item->published = (struct date){0};
	item->visit = (struct visit){
		.arena = look->arena,
		.url = *url,
		.len_max = (size_t)config->page_len_max,
		.delay_ms = look->source->delay_ms,
		.internal =
			look->source->internal && slice_equal(url->host, look->source->url.host),
		.done = on_item_visited,
		.ctx = item,
	};
	return item;
}

/* Follows an article unless it was read before and its entry has not changed since. */
static void follow(struct look *look, const struct entry *entry)
{
	const struct knowledge *k = look->env->knowledge;
	struct arena *a = look->arena;
	struct slice known;
	struct url url;

	if (!url_parse(a, entry->link, &look->visit.url, &url) || url.has_userinfo)
		return;
	look->named++;
	struct slice key = key_of(a, "entry", url_identity(a, &url));
	struct slice said = slice_of(arena_printf(a, "%.*s|%.*s|%.*s", (int)entry->title.len,
		entry->title.len > 0 ? entry->title.at : "", (int)entry->summary.len,
		entry->summary.len > 0 ? entry->summary.at : "", (int)entry->updated.len,
		entry->updated.len > 0 ? entry->updated.at : ""));
	struct slice hash = hex_of(a, said);
	if (remember_get(k->memory, a, key, &known) && slice_equal(known, hash))
		return;
	if (look->followed == (size_t)k->config->page_limit) {
		look->failed = true;
		return;
	}
	look->followed++;
	look->pending++;
	struct item *item = item_new(look, entry, &url);
	item->key = key;
	item->hash = hash;
	hosts_visit(look->env->hosts, &item->visit);
}

static bool on_feed_entry(void *ctx, struct slice key, struct json_value value)
{
	struct entry entry = {0};
	struct slice content = {0};

	(void)key;
	json_get_text(value, "link", &entry.link);
	json_get_text(value, "title", &entry.title);
	json_get_text(value, "summary", &entry.summary);
	json_get_text(value, "published", &entry.published);
	json_get_text(value, "updated", &entry.updated);
	if (json_get_text(value, "content", &content) && content.len > entry.summary.len)
		entry.summary = content;
	if (entry.link.len > 0)
		follow(ctx, &entry);
	return true;
}

/* Addresses of articles have a long name or a number, or an ending pages have. */
static bool is_article_like(const struct url *url, struct slice text)
{
	static const char *const endings[] = {
		".html", ".htm", ".epi", ".chn", ".aspx", ".vnp", ".tpo"};
	size_t hyphens = 0, digits = 0, longest = 0;

	for (size_t i = 0; i < url->path.len; i++) {
		bool digit = isdigit((unsigned char)url->path.at[i]);

		hyphens += url->path.at[i] == '-';
		digits = digit ? digits + 1 : 0;
		longest = digits > longest ? digits : longest;
	}
	bool ends = false;
	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
		ends = ends || slice_ends(url->path, slice_of(endings[i]));
	return text.len >= LINK_TEXT_MIN && (hyphens >= HYPHENS_MIN || longest >= 4 || ends);
}

static bool on_section_link(void *ctx, struct slice key, struct json_value link)
{
	struct look *look = ctx;
	struct entry entry = {0};
	struct url url;

	(void)key;
	json_get_text(link, "href", &entry.link);
	json_get_text(link, "text", &entry.title);
	if (!flag_of(link, "hidden") && url_parse(look->arena, entry.link, NULL, &url) &&
		slice_equal(url.host, look->visit.url.host) && is_article_like(&url, entry.title) &&
		!slice_equal(url.path, look->visit.url.path))
		follow(look, &entry);
	return true;
}

static bool on_sitemap_loc(void *ctx, struct slice key, struct json_value loc)
{
	struct look *look = ctx;
	struct entry entry = {0};
	struct url url;

	(void)key;
	/* A sitemap speaks for its own host only (sitemaps.org, "location"). */
	if (json_to_text(loc, &entry.link) && url_parse(look->arena, entry.link, NULL, &url) &&
		slice_equal(url.host, look->visit.url.host))
		follow(look, &entry);
	return true;
}

static void each_of(struct json_value root, const char *name, json_each_fn *each, struct look *look)
{
	struct json_value list;

	if (json_get(root, name, &list))
		json_each(list, each, look);
}

static void take_page(struct look *look, struct json_value root)
{
	CLEANUP(arena_free) struct arena *a = arena_new();

	switch (look->source->kind) {
	case SOURCE_RSS:
	case SOURCE_YOUTUBE: each_of(root, "entries", on_feed_entry, look); break;
	case SOURCE_HTML: each_of(root, "links", on_section_link, look); break;
	case SOURCE_SITEMAP: each_of(root, "locs", on_sitemap_loc, look); break;
	case SOURCE_SITE:
		site_seen(look->env->knowledge, a, look->source, look->visit.url.host, root);
		break;
	case SOURCE_API:
	case SOURCE_TELEGRAM:
	case SOURCE_IMPORT:
	case SOURCE_BLOCKLIST: break;
	}
}

static void on_look_parsed(void *ctx, const char *fault, struct slice json)
{
	struct look *look = ctx;
	struct json_value root;
	struct slice said;
	struct err err = {0};

	if (fault == NULL && !json_read(look->env->reader, json, &root, &err))
		fault = err.said;
	if (fault != NULL) {
		count_fault(look, fault);
		fail(look, "not_parsed");
		over(look);
		return;
	}
	take_page(look, root);
	if (json_get_text(root, "fault", &said)) {
		count_fault(look, "broken feed, read as far as it went");
		fail(look, "broken");
	} else if (look->named == 0 && look->source->kind != SOURCE_SITE) {
		fail(look, "empty");
	}
	over(look);
}

static enum parse_kind parse_kind_of(enum source_kind kind)
{
	return kind == SOURCE_SITE       ? PARSE_SITE
		: kind == SOURCE_HTML    ? PARSE_PAGE
		: kind == SOURCE_SITEMAP ? PARSE_SITEMAP
					 : PARSE_FEED;
}

static void take_body(struct look *look, const struct fetch_result *fetch)
{
	struct slice hash = hex_of(look->arena, fetch->body);

	count_fetch(look);
	if (look->source->kind != SOURCE_SITE) {
		look->validators = slice_of(arena_printf(look->arena, "%.*s\n%.*s\n%.*s",
			(int)fetch->etag.len, fetch->etag.len > 0 ? fetch->etag.at : "",
			(int)fetch->last_modified.len,
			fetch->last_modified.len > 0 ? fetch->last_modified.at : "",
			SLICE_ARG(hash)));
		if (slice_equal(hash, look->body_hash)) {
			count(look, "haidang_crawler_same_body_total", NULL,
				"Fetched, but the same bytes as before.");
			over(look);
			return;
		}
	}
	page_worker_submit(look->env->worker,
		&(struct page_task){
			.kind = parse_kind_of(look->source->kind),
			.url = look->visit.url.href,
			.content_type = fetch->content_type,
			.body = fetch->body,
			.done = on_look_parsed,
			.ctx = look,
		});
}

static void on_looked(void *ctx, const struct visit_result *result)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct look *look = ctx;

	if (result->end == VISIT_FETCHED && result->fetch->status == 304) {
		count(look, "haidang_crawler_not_modified_total", NULL,
			"Answers 304, nothing sent again.");
		over(look);
		return;
	}
	if (result->end == VISIT_FETCHED) {
		take_body(look, result->fetch);
		return;
	}
	if (result->end == VISIT_FAILED)
		count_failure(look, result->reason);
	else
		count_refusal(look, result->reason);
	fail(look, result->reason);
	if (look->source->kind == SOURCE_SITE)
		site_unreachable(look->env->knowledge, a, look->source,
			result->fetch == NULL ? 0 : result->fetch->status);
	over(look);
}

/* "etag\nlast modified\nbody hash" of the last look that was done to its end. */
static void recall(struct look *look)
{
	struct slice known, etag, modified;

	if (look->source->kind == SOURCE_SITE ||
		!remember_get(look->env->knowledge->memory, look->arena, look->key, &known) ||
		!slice_cut(&known, '\n', &etag) || !slice_cut(&known, '\n', &modified))
		return;
	look->visit.etag = arena_copy(look->arena, etag);
	look->visit.last_modified = arena_copy(look->arena, modified);
	look->body_hash = known;
}

void look_start(const struct look_env *env, const struct look_plan *plan, struct look **ret_look)
{
	const struct crawler_config *config = env->knowledge->config;
	struct arena *a = arena_new();
	struct look *look = arena_alloc(a, sizeof *look);
	bool page = plan->source->kind == SOURCE_HTML || plan->source->kind == SOURCE_SITE;

	look->env = env;
	look->arena = a;
	look->plan = *plan;
	look->plan.generation = sources_keep(plan->generation);
	look->source = plan->source;
	look->key = key_of(a, "look", plan->source->url.href);
	look->pending = 1;
	look->visit = (struct visit){
		.arena = a,
		.url = plan->source->url,
		.len_max = (size_t)(page ? config->page_len_max : config->feed_len_max),
		.delay_ms = plan->source->delay_ms,
		.internal = plan->source->internal,
		.own_site = plan->source->kind == SOURCE_SITE,
		.done = on_looked,
		.ctx = look,
	};
	recall(look);
	*ret_look = look;
	hosts_visit(env->hosts, &look->visit);
}
