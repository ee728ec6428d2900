#include "crawler/look.h"

#include "crawler/connector.h"
#include "crawler/mask.h"
#include "crawler/site.h"
#include "crawler/trap.h"
#include "lib/digest.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	HASH_HEX = 2 * 16,
	LINK_TEXT_MIN = 15,
	HYPHENS_MIN = 3,
	MAPS_MAX = 5, /* sitemaps of an index read at one look */
	TOKEN_MAX = 4096,
	TROUBLE_MAX = 48,
	SUMMARY_MAX = 4000
};

/* What a feed, section page or sitemap says about one article. */
struct entry {
	struct slice link, title, summary, published, updated;
};

/* A sitemap that an index names. */
struct map {
	struct url url;
	struct slice changed;
};

/* The articles that a page names. */
struct named {
	struct frontier_item *items;
	size_t count, room;
};

struct look {
	const struct look_env *env;
	struct arena *arena;
	struct look_plan plan;
	const struct source *source;
	const struct connector *connector;
	struct visit visit;
	struct slice etag, last_modified, body_hash; /* what this look saw */
	struct named named;
	bool news, dropped;
	size_t seen;       /* articles named, known ones as well */
	struct site *site; /* of our own: what was seen of it */
	bool as_searcher;  /* it is still to be asked as search engines do */
	bool in_index;     /* of sitemaps, of which the rest is in `maps` */
	struct map maps[MAPS_MAX];
	size_t map_count, map_next;
	char trouble[TROUBLE_MAX]; /* why the source itself was not read */
};

static struct slice hex_of(struct arena *a, struct slice bytes)
{
	uint8_t hash[SHA256_LEN];
	char *hex = arena_alloc(a, HASH_HEX + 1);

	digest_sha256(bytes, hash);
	digest_hex(hash, HASH_HEX / 2, hex);
	return slice_over(hex, HASH_HEX);
}

void look_free(struct look **look)
{
	if (*look == NULL)
		return;
	struct arena *a = (*look)->arena;

	site_free(&(*look)->site);
	sources_release(&(*look)->plan.generation);
	arena_free(&a);
	*look = NULL;
}

const char *look_trouble(const struct look *look)
{
	return look->trouble;
}

bool look_has_news(const struct look *look)
{
	return look->news;
}

bool look_was_dropped(const struct look *look)
{
	return look->dropped;
}

/* What was not read is asked for whole again: its ETag would make it look well from now on. */
static void fail(struct look *look, const char *trouble)
{
	(void)snprintf(look->trouble, sizeof look->trouble, "%s", trouble);
}

static void forget_validators(struct look *look)
{
	struct slice none = {0};

	source_state_validators(look->plan.state, none, none, none);
}

/* The site once more as search engines see it, or the next sitemap of the index; false when there
 * is nothing more to ask. */
static bool look_on(struct look *look)
{
	if (look->as_searcher) {
		look->as_searcher = false;
		look->visit.url = look->source->url;
		look->visit.own_site = true;
		look->visit.internal = look->source->internal;
		look->visit.as_searcher = true;
	} else if (look->trouble[0] == '\0' && look->map_next < look->map_count) {
		look->visit.url = look->maps[look->map_next++].url;
	} else {
		return false;
	}
	look->visit.etag = look->visit.last_modified = NULL;
	look->visit.claim = NULL;
	look->visit.hops = 0;
	hosts_visit(look->env->hosts, &look->visit);
	return true;
}

static void over(struct look *look)
{
	if (look_on(look))
		return;
	if (look->site != NULL)
		site_tell(look->site);
	look->plan.end(look->plan.ctx, look);
	look_free(&look);
}

static int year_now(const struct look *look)
{
	time_t now = (time_t)(clock_wall_us(look->env->knowledge->clock) / 1000000);
	struct tm tm;

	return gmtime_r(&now, &tm)->tm_year + 1900;
}

/* Notes an article; whether it is new is asked for all of them at once. */
static void follow(struct look *look, const struct entry *entry)
{
	struct arena *a = look->arena;
	struct slice date = entry->published.len > 0 ? entry->published : entry->updated;
	struct url url;

	if (!url_parse(a, entry->link, &look->visit.url, &url) || url.has_userinfo)
		return;
	const char *trap =
		url.href.len > FRONTIER_URL_MAX ? "trap_length" : trap_of(&url, year_now(look));
	if (trap != NULL) {
		account_refuse(look->plan.account, trap);
		return;
	}
	struct slice said = slice_of(arena_printf(a, "%.*s|%.*s|%.*s", (int)entry->title.len,
		entry->title.len > 0 ? entry->title.at : "", (int)entry->summary.len,
		entry->summary.len > 0 ? entry->summary.at : "", (int)entry->updated.len,
		entry->updated.len > 0 ? entry->updated.at : ""));
	struct named *n = &look->named;
	if (n->count == n->room) {
		struct frontier_item *old = n->items;

		n->room = n->room == 0 ? 64 : 2 * n->room;
		n->items = arena_array(a, n->room, sizeof *n->items);
		for (size_t i = 0; i < n->count; i++)
			n->items[i] = old[i];
	}
	n->items[n->count++] = (struct frontier_item){
		.tier = look->source->tier,
		.entry = known_hash(said),
		.queued_ms = clock_wall_us(look->env->knowledge->clock) / 1000,
		.url = url.href,
		.key = url_identity(a, &url),
		.source = look->source->id,
		.title = arena_slice(a, entry->title),
		.summary = arena_slice(a, entry->summary),
		.published = arena_slice(a, date),
	};
}

/* Cut between two characters. */
static struct slice shorten(struct slice text)
{
	text.len = SUMMARY_MAX;
	while (text.len > 0 && ((unsigned char)text.at[text.len] & 0xC0) == 0x80)
		text.len--;
	return text;
}

/* Nothing of a person may stand in Redis, not even for the minutes until the article is read. */
static void mask_item(struct look *look, struct frontier_item *item)
{
	item->title = mask_personal(look->arena, item->title);
	if (item->summary.len > SUMMARY_MAX)
		item->summary = shorten(item->summary);
	item->summary = mask_personal(look->arena, item->summary);
}

/* Puts the new ones into the frontier, page_limit at most; false when not all found room or Redis
 * is away: then the next look reads the page again. */
static bool push_named(struct look *look)
{
	const struct knowledge *k = look->env->knowledge;
	struct named *n = &look->named;
	struct arena *a = look->arena;
	struct slice *urls = arena_array(a, n->count + 1, sizeof *urls);
	struct known_facts *facts = arena_array(a, n->count + 1, sizeof *facts);
	size_t fresh = 0, left = 0, full = 0;

	for (size_t i = 0; i < n->count; i++)
		urls[i] = n->items[i].key;
	if (known_get(k->known, a, urls, n->count, facts) < 0) {
		fail(look, "redis_away");
		return false;
	}
	for (size_t i = 0; i < n->count; i++) {
		if (facts[i].entry == n->items[i].entry)
			continue;
		if (fresh == (size_t)k->config->page_limit) {
			left++;
			continue;
		}
		if (!frontier_has_room(look->env->frontier, n->items[i].url)) {
			full++;
			continue;
		}
		n->items[fresh] = n->items[i];
		mask_item(look, &n->items[fresh++]);
	}
	if (full > 0)
		account_fail(look->plan.account, "frontier_full");
	look->news = look->news || fresh > 0;
	look->seen += n->count;
	n->count = 0; /* the next sitemap of an index begins anew */
	if (frontier_push(look->env->frontier, n->items, fresh) < 0) {
		fail(look, "redis_away");
		return false;
	}
	return left + full == 0;
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

static bool is_hidden(struct json_value link)
{
	struct json_value value;
	bool set = false;

	return json_get(link, "hidden", &value) && json_to_bool(value, &set) && set;
}

/* Addresses of articles have a long name or a number, or an ending pages have. */
static bool is_article_like(const struct url *url, struct slice text)
{
	static const char *const endings[] = {
		".html", ".htm", ".epi", ".chn", ".aspx", ".vnp", ".tpo"};
	size_t hyphens = 0, digits = 0, longest = 0;
	bool liferay = slice_find(url->path, SLICE("/-/")) < url->path.len ||
		slice_find(url->path, SLICE("/w/")) < url->path.len;

	for (size_t i = 0; i < url->path.len; i++) {
		bool digit = isdigit((unsigned char)url->path.at[i]);

		hyphens += url->path.at[i] == '-';
		digits = digit ? digits + 1 : 0;
		longest = digits > longest ? digits : longest;
	}
	bool ends = false;
	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
		ends = ends || slice_ends(url->path, slice_of(endings[i]));
	return text.len >= LINK_TEXT_MIN &&
		(hyphens >= HYPHENS_MIN || longest >= 4 || ends || liferay);
}

static bool on_section_link(void *ctx, struct slice key, struct json_value link)
{
	struct look *look = ctx;
	struct entry entry = {0};
	struct url url;

	(void)key;
	json_get_text(link, "href", &entry.link);
	json_get_text(link, "text", &entry.title);
	if (!is_hidden(link) && url_parse(look->arena, entry.link, NULL, &url) &&
		slice_equal(url.host, look->visit.url.host) && is_article_like(&url, entry.title) &&
		!slice_equal(url.path, look->visit.url.path))
		follow(look, &entry);
	return true;
}

/* A sitemap speaks for its own host only (sitemaps.org, "location"). */
static bool is_own(struct look *look, struct slice link, struct url *ret)
{
	return url_parse(look->arena, link, NULL, ret) &&
		slice_equal(ret->host, look->visit.url.host);
}

static bool on_sitemap_entry(void *ctx, struct slice key, struct json_value value)
{
	struct entry entry = {0};
	struct url url;

	(void)key;
	json_get_text(value, "link", &entry.link);
	json_get_text(value, "title", &entry.title);
	json_get_text(value, "published", &entry.published);
	json_get_text(value, "updated", &entry.updated);
	if (is_own(ctx, entry.link, &url))
		follow(ctx, &entry);
	return true;
}

/* Sitemaps of news first, then those changed last; texts of dates compare as dates do. */
static bool goes_before(const struct map *a, const struct map *b)
{
	static const struct slice word = SLICE_INIT("news");
	bool news_a = slice_find(a->url.path, word) < a->url.path.len;
	bool news_b = slice_find(b->url.path, word) < b->url.path.len;

	return news_a != news_b ? news_a : slice_compare(a->changed, b->changed) > 0;
}

static bool on_index_entry(void *ctx, struct slice key, struct json_value value)
{
	struct look *look = ctx;
	struct slice link = {0}, changed = {0};
	struct map map;
	size_t at;

	(void)key;
	json_get_text(value, "link", &link);
	json_get_text(value, "updated", &changed);
	if (!is_own(look, link, &map.url))
		return true;
	map.changed = arena_slice(look->arena, changed);
	for (at = look->map_count; at > 0 && goes_before(&map, &look->maps[at - 1]); at--)
		if (at < MAPS_MAX)
			look->maps[at] = look->maps[at - 1];
	if (at < MAPS_MAX)
		look->maps[at] = map;
	look->map_count += look->map_count < MAPS_MAX;
	return true;
}

static void each_of(struct json_value root, const char *name, json_each_fn *each, struct look *look)
{
	struct json_value list;

	if (json_get(root, name, &list))
		json_each(list, each, look);
}

/* An index is followed one level deep. */
static void take_sitemap(struct look *look, struct json_value root)
{
	struct slice kind = {0};

	json_get_text(root, "kind", &kind);
	if (!slice_is(kind, "sitemaps"))
		each_of(root, "entries", on_sitemap_entry, look);
	else if (!look->in_index)
		each_of(root, "entries", on_index_entry, look);
	look->in_index = look->in_index || look->map_count > 0;
}

static void take_site(struct look *look, struct json_value root)
{
	enum site_view view = look->site == NULL ? SITE_TO_VISITORS : SITE_TO_SEARCHERS;

	if (look->site == NULL)
		look->site = site_new(look->env->knowledge, look->source);
	site_take(look->site, view, look->visit.url.host, root);
	look->as_searcher = view == SITE_TO_VISITORS && look->env->knowledge->config->cloaking;
}

static void take_page(struct look *look, struct json_value root)
{
	switch (look->source->kind) {
	case SOURCE_RSS:
	case SOURCE_YOUTUBE:
	case SOURCE_XENFORO:
	case SOURCE_WORDPRESS:
	case SOURCE_MASTODON:
	case SOURCE_FACEBOOK: each_of(root, "entries", on_feed_entry, look); break;
	case SOURCE_LIFERAY:
	case SOURCE_HTML: each_of(root, "links", on_section_link, look); break;
	case SOURCE_SITEMAP: take_sitemap(look, root); break;
	case SOURCE_SITE: take_site(look, root); break;
	case SOURCE_API:
	case SOURCE_TELEGRAM:
	case SOURCE_ZALO:
	case SOURCE_TIKTOK:
	case SOURCE_IMPORT:
	case SOURCE_BLOCKLIST: break;
	}
}

static void take_json(struct look *look, struct json_value root)
{
	struct slice said;
	bool site = look->source->kind == SOURCE_SITE;

	take_page(look, root);
	bool all = push_named(look);
	if (look->trouble[0] != '\0') {
		account_fail(look->plan.account, look->trouble);
	} else if (json_get_text(root, "fault", &said)) {
		account_fault(look->plan.account, "broken feed, read as far as it went");
		fail(look, "broken");
	} else if (look->seen == 0 && !site && look->map_next == look->map_count) {
		fail(look, "empty");
	}
	/* An index may stay as it is while what it names changes. */
	if (look->trouble[0] == '\0' && all && !site && !look->in_index)
		source_state_validators(
			look->plan.state, look->etag, look->last_modified, look->body_hash);
	else
		forget_validators(look);
}

static void on_look_parsed(void *ctx, const char *fault, struct slice json)
{
	struct look *look = ctx;
	struct json_value root;
	struct err err = {0};

	if (fault == NULL && !json_read(look->env->reader, json, &root, &err))
		fault = err.said;
	if (fault != NULL) {
		account_fault(look->plan.account, fault);
		if (look->site == NULL)
			fail(look, "not_parsed");
		forget_validators(look);
	} else {
		take_json(look, root);
	}
	over(look);
}

static void take_body(struct look *look, const struct fetch_result *fetch)
{
	const char *known = look->plan.state->body_hash;

	account_add(look->plan.account, ACCOUNT_FETCHED);
	look->etag = arena_slice(look->arena, fetch->etag);
	look->last_modified = arena_slice(look->arena, fetch->last_modified);
	look->body_hash = hex_of(look->arena, fetch->body);
	if (look->source->kind != SOURCE_SITE && known != NULL &&
		slice_is(look->body_hash, known)) {
		account_add(look->plan.account, ACCOUNT_SAME_BODY);
		source_state_validators(
			look->plan.state, look->etag, look->last_modified, look->body_hash);
		over(look);
		return;
	}
	page_worker_submit(look->env->worker,
		&(struct page_task){
			.kind = look->connector->parse,
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

	switch (result->end) {
	case VISIT_DROPPED: look->dropped = true; break;
	case VISIT_FETCHED:
		if (result->fetch->status != 304) {
			take_body(look, result->fetch);
			return;
		}
		account_add(look->plan.account, ACCOUNT_NOT_MODIFIED);
		break;
	case VISIT_FAILED:
	case VISIT_REFUSED:
		if (result->end == VISIT_FAILED)
			account_fail(look->plan.account, result->reason);
		else
			account_refuse(look->plan.account, result->reason);
		if (look->site != NULL) /* visitors are shown something: it is there */
			break;
		fail(look, result->reason);
		forget_validators(look);
		if (look->source->kind == SOURCE_SITE)
			site_unreachable(look->env->knowledge, a, look->source,
				result->fetch == NULL ? 0 : result->fetch->status);
		break;
	}
	over(look);
}

/* What was seen last time; a site of ours is always asked for whole. */
static void offer_validators(struct look *look)
{
	bool site = look->source->kind == SOURCE_SITE;

	look->visit.etag = site ? NULL : look->plan.state->etag;
	look->visit.last_modified = site ? NULL : look->plan.state->last_modified;
}

static enum claim on_claim(void *ctx)
{
	struct look *look = ctx;
	enum claim claim = look->plan.claim(look->plan.ctx);

	offer_validators(look);
	return claim;
}

/* Sites of our own go before all, sources before articles of the same tier. */
static unsigned rank_of(const struct source *source)
{
	return source->kind == SOURCE_SITE ? 0 : 3 * source->tier;
}

/* A token that everyone on the machine can read is none. */
static bool read_token(struct look *look)
{
	CLEANUP(buf_release) struct buf text = {0};
	const char *path = arena_copy(look->arena, look->source->token_file);
	struct err ignored = {0};
	struct stat about;

	if (stat(path, &about) < 0 || (about.st_mode & S_IROTH) != 0 ||
		!file_read(path, TOKEN_MAX, &text, &ignored))
		return false;
	struct slice token = slice_trim(buf_slice(&text));
	for (size_t i = 0; i < token.len; i++)
		if ((unsigned char)token.at[i] <= ' ')
			return false;
	look->visit.token = arena_copy(look->arena, token);
	return token.len > 0;
}

void look_start(const struct look_env *env, const struct look_plan *plan, struct look **ret_look)
{
	const struct crawler_config *config = env->knowledge->config;
	struct arena *a = arena_new();
	struct look *look = arena_alloc(a, sizeof *look);
	bool page = plan->source->kind == SOURCE_HTML || plan->source->kind == SOURCE_SITE;
	bool site = plan->source->kind == SOURCE_SITE;

	look->env = env;
	look->arena = a;
	look->plan = *plan;
	look->plan.generation = sources_keep(plan->generation);
	look->source = plan->source;
	look->connector = connector_of(plan->source->kind);
	must(look->connector != NULL);
	look->visit = (struct visit){
		.arena = a,
		.url = plan->source->url,
		.len_max = (size_t)(page ? config->page_len_max : config->feed_len_max),
		.delay_ms = plan->source->delay_ms,
		.internal = plan->source->internal,
		.own_site = site,
		.rank = rank_of(plan->source),
		.claim = on_claim,
		.done = on_looked,
		.ctx = look,
	};
	*ret_look = look;
	const char *fault =
		!connector_address(look->connector, a, &plan->source->url, &look->visit.url)
		? "bad_address"
		: look->connector->by_token && !read_token(look) ? "no_token"
								 : NULL;
	if (fault != NULL) {
		on_looked(look, &(struct visit_result){.end = VISIT_REFUSED, .reason = fault});
		return;
	}
	hosts_visit(env->hosts, &look->visit);
}
