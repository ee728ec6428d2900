#include "crawler/reader.h"

#include "crawler/article.h"
#include "crawler/connector.h"
#include "lib/digest.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/text.h"

enum {
	BATCH = 32,
	HOST_SHARE = 16, /* articles of one host under way at most: others must not wait for it */
	PUT_OFF_MS = 2000,
	CADENCE_MIN_MS = 1000,
	BACK_OFF_MAX_MS = 6 * 3600 * 1000,
	BODY_HEX = 2 * 8,
};

/* An article under way. */
struct errand {
	struct errand *next, **at;
	struct reader *reader;
	struct arena *arena;
	struct frontier_node *node;
	struct frontier_item item;
	struct sources *generation; /* holds the source */
	const struct source *source;
	struct visit visit;
	int64_t claimed_ms;
	bool noindex;
};

struct reader {
	const struct look_env *env;
	struct crawl *crawl;
	struct errand *errands;
	size_t active;
	struct account nobody; /* for sources that have gone */
};

struct reader *reader_new(const struct look_env *env, struct crawl *crawl)
{
	struct reader *r = mem_alloc(sizeof *r);

	r->env = env;
	r->crawl = crawl;
	account_init(&r->nobody, env->metrics, SLICE("other"), true);
	return r;
}

static void errand_free(struct errand *e)
{
	struct arena *a = e->arena;

	*e->at = e->next;
	if (e->next != NULL)
		e->next->at = e->at;
	e->reader->active--;
	sources_release(&e->generation);
	arena_free(&a);
}

void reader_free(struct reader **r)
{
	if (*r == NULL)
		return;
	while ((*r)->errands != NULL)
		errand_free((*r)->errands);
	account_release(&(*r)->nobody);
	mem_free(*r);
	*r = NULL;
}

static int64_t now_ms(const struct errand *e)
{
	return clock_wall_us(e->reader->env->knowledge->clock) / 1000;
}

static struct account *account_of(const struct errand *e)
{
	struct account *account = crawl_account(e->reader->crawl, e->source->id);

	return account != NULL ? account : &e->reader->nobody;
}

static int64_t cadence_of(const struct errand *e)
{
	bool disaster = e->reader->env->knowledge->config->disaster;

	int64_t cadence = disaster ? e->source->disaster_ms : e->source->cadence_ms;

	return cadence > CADENCE_MIN_MS ? cadence : CADENCE_MIN_MS; /* links handed in have none */
}

int64_t reader_step_factor(unsigned step)
{
	static const int64_t factors[READER_STEPS] = {1, 4, 24, 72, 168};

	return step >= 1 && step <= READER_STEPS ? factors[step - 1] : 0;
}

/* The entry is read, for good or for bad: a feed that names it again says nothing new. */
static void note_entry(struct errand *e)
{
	struct known *known = e->reader->env->knowledge->known;
	struct slice url = url_identity(e->arena, &e->visit.url);
	struct known_facts facts;

	if (known_get(known, e->arena, &url, 1, &facts) < 0)
		return;
	facts.entry = e->item.entry;
	known_later(known, url, &facts);
}

static void finish(struct errand *e)
{
	note_entry(e);
	frontier_done(e->reader->env->frontier, e->node);
	errand_free(e);
}

/* Read again later, to see corrections and withdrawals: soon at first, then ever more rarely. */
static void finish_step(struct errand *e, bool changed)
{
	const struct crawler_config *config = e->reader->env->knowledge->config;
	unsigned step = changed ? 1 : e->item.step + 1;
	int64_t pause = config->revisit_ms * reader_step_factor(step);

	if (pause == 0) {
		finish(e);
		return;
	}
	note_entry(e);
	struct frontier_item next = e->item;
	next.title = next.summary = next.published = (struct slice){0};
	next.step = step;
	next.tries = 0;
	next.not_before_ms = e->claimed_ms + cadence_of(e);
	int64_t due = e->claimed_ms + pause;
	frontier_again(e->reader->env->frontier, e->node, &next,
		due > next.not_before_ms ? due : next.not_before_ms);
	errand_free(e);
}

static void try_again(struct errand *e)
{
	struct frontier_item next = e->item;
	int64_t pause = cadence_of(e) << next.tries;

	if (++next.tries >= READER_TRIES_MAX) {
		account_refuse(account_of(e), "given_up");
		finish(e);
		return;
	}
	next.not_before_ms = now_ms(e) + (pause < BACK_OFF_MAX_MS ? pause : BACK_OFF_MAX_MS);
	frontier_again(e->reader->env->frontier, e->node, &next, next.not_before_ms);
	errand_free(e);
}

static void publish(struct errand *e, struct arena *a, struct article *article, bool again)
{
	struct account *account = account_of(e);

	article->source = e->source;
	if (article->title.len == 0)
		article->title = e->item.title;
	if (article->published.year == 0 && !date_find(e->item.published, &article->published))
		article->published = (struct date){0};
	if (article->text.len == 0)
		article->text = e->item.summary;
	if (article->title.len == 0 && article->text.len == 0) {
		account_refuse(account, "empty");
		finish(e);
		return;
	}
	e->item.canonical = url_identity(e->arena, article->url);
	enum article_end end = article_publish(e->reader->env->knowledge, a, article);
	account_add(account, end == ARTICLE_UNCHANGED ? ACCOUNT_UNCHANGED : ACCOUNT_PUBLISHED);
	if (end == ARTICLE_NEW)
		account_new(account, now_ms(e) - e->item.queued_ms);
	if (again)
		finish_step(e, end == ARTICLE_UPDATED);
	else
		finish(e);
}

/* What the feed itself says, where the article may not or cannot be read. */
static void publish_summary(struct errand *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct article article = {.url = &e->visit.url};

	if (e->item.step == 0 && e->item.summary.len > 0)
		publish(e, a, &article, false);
	else
		finish(e);
}

/* The publisher took the page back: so do we, if we published it. */
static bool withdraw(struct errand *e, const char *why)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice url =
		e->item.canonical.len > 0 ? e->item.canonical : url_identity(a, &e->visit.url);

	if (!article_withdraw(e->reader->env->knowledge, a, e->source, url, why))
		return false;
	account_add(account_of(e), ACCOUNT_REMOVED);
	finish(e);
	return true;
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

static void publish_page(struct errand *e, struct json_value page)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct article article = {.url = &e->visit.url};
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
		!url.has_userinfo && url.href.len <= FRONTIER_URL_MAX &&
		slice_equal(url.host, e->visit.url.host))
		article.url = &url;
	if (json_get(page, "links", &links))
		json_each(links, on_article_link, &article);
	publish(e, a, &article, true);
}

static bool page_has_noindex(struct json_value page)
{
	struct json_value value;
	bool set = false;

	return json_get(page, "noindex", &value) && json_to_bool(value, &set) && set;
}

static void on_parsed(void *ctx, const char *fault, struct slice json)
{
	struct errand *e = ctx;
	struct json_value page;
	struct err err = {0};

	if (fault == NULL && !json_read(e->reader->env->reader, json, &page, &err))
		fault = err.said;
	if (fault != NULL) {
		account_fault(account_of(e), fault);
		publish_summary(e);
	} else if (!e->noindex && !page_has_noindex(page)) {
		publish_page(e, page);
	} else {
		account_refuse(account_of(e), "noindex");
		if (!withdraw(e, "noindex"))
			finish(e);
	}
}

static bool is_html(struct slice content_type)
{
	struct slice type = content_type;

	type.len = slice_find_byte(type, ';');
	type = slice_trim(type);
	return type.len == 0 || slice_equal_nocase(type, SLICE("text/html")) ||
		slice_equal_nocase(type, SLICE("application/xhtml+xml"));
}

static struct slice body_hash(struct arena *a, struct slice body)
{
	uint8_t hash[SHA256_LEN];
	char *hex = arena_alloc(a, BODY_HEX + 1);

	digest_sha256(body, hash);
	digest_hex(hash, BODY_HEX / 2, hex);
	return slice_over(hex, BODY_HEX);
}

/* X-Robots-Tag: "noindex", or "none", which means that as well; one for another robot is heeded. */
static bool says_noindex(struct slice tags)
{
	struct slice tag;

	while (slice_cut(&tags, ',', &tag)) {
		struct slice word = slice_trim(slice_from(tag, slice_find_byte(tag, ':') + 1));

		word = word.len > 0 ? word : slice_trim(tag);
		if (slice_is(word, "noindex") || slice_is(word, "none"))
			return true;
	}
	return false;
}

static void take_page(struct errand *e, const struct fetch_result *fetch)
{
	struct slice hash = body_hash(e->arena, fetch->body);

	account_add(account_of(e), ACCOUNT_FETCHED);
	if (!is_html(fetch->content_type)) {
		account_refuse(account_of(e), "content_type");
		publish_summary(e);
		return;
	}
	e->noindex = says_noindex(text_lower(e->arena, fetch->robots_tag));
	if (!e->noindex && slice_equal(hash, e->item.body_hash)) {
		account_add(account_of(e), ACCOUNT_SAME_BODY);
		finish_step(e, false);
		return;
	}
	e->item.body_hash = hash;
	e->item.etag = arena_slice(e->arena, fetch->etag);
	e->item.last_modified = arena_slice(e->arena, fetch->last_modified);
	page_worker_submit(e->reader->env->worker,
		&(struct page_task){
			.kind = PARSE_PAGE,
			.url = e->visit.url.href,
			.content_type = fetch->content_type,
			.body = fetch->body,
			.done = on_parsed,
			.ctx = e,
		});
}

static void take_refusal(struct errand *e, const struct visit_result *result)
{
	unsigned status = result->fetch == NULL ? 0 : result->fetch->status;

	account_refuse(account_of(e), result->reason);
	if ((status != 404 && status != 410) || !withdraw(e, "gone"))
		publish_summary(e);
}

static void on_visited(void *ctx, const struct visit_result *result)
{
	struct errand *e = ctx;

	switch (result->end) {
	case VISIT_DROPPED:
		frontier_put_off(e->reader->env->frontier, e->node, now_ms(e) + cadence_of(e));
		errand_free(e);
		return;
	case VISIT_FAILED:
		account_fail(account_of(e), result->reason);
		try_again(e);
		return;
	case VISIT_REFUSED: take_refusal(e, result); return;
	case VISIT_FETCHED: break;
	}
	if (result->fetch->status != 304) {
		take_page(e, result->fetch);
		return;
	}
	account_add(account_of(e), ACCOUNT_NOT_MODIFIED);
	finish_step(e, false);
}

/* Right before the request: from now on nobody else reads it, for a cadence. */
static enum claim on_claim(void *ctx)
{
	struct errand *e = ctx;

	e->claimed_ms = now_ms(e);
	switch (frontier_claim(e->reader->env->frontier, e->node, cadence_of(e))) {
	case FRONTIER_MINE: return CLAIM_MINE;
	case FRONTIER_NOT_YET: return CLAIM_DROP;
	case FRONTIER_AWAY: break;
	}
	return CLAIM_LATER;
}

static struct errand *errand_new(
	struct reader *r, struct frontier_node *node, const struct frontier_item *item)
{
	struct arena *a = arena_new();
	struct errand *e = arena_alloc(a, sizeof *e);
	struct slice *texts[] = {&e->item.url, &e->item.source, &e->item.title, &e->item.summary,
		&e->item.published, &e->item.canonical, &e->item.etag, &e->item.last_modified,
		&e->item.body_hash};

	e->reader = r;
	e->arena = a;
	e->node = node;
	e->item = *item;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		*texts[i] = slice_of(arena_copy(a, *texts[i]));
	e->next = r->errands;
	e->at = &r->errands;
	if (e->next != NULL)
		e->next->at = &e->next;
	r->errands = e;
	r->active++;
	return e;
}

static bool prepare(struct errand *e)
{
	const struct crawler_config *config = e->reader->env->knowledge->config;

	e->source = crawl_source(e->reader->crawl, e->item.source, &e->generation);
	if (e->source == NULL || !url_parse(e->arena, e->item.url, NULL, &e->visit.url))
		return false;
	e->claimed_ms = now_ms(e);
	e->visit = (struct visit){
		.arena = e->arena,
		.url = e->visit.url,
		.etag = e->item.etag.at,
		.last_modified = e->item.last_modified.at,
		.len_max = (size_t)config->page_len_max,
		.delay_ms = e->source->delay_ms,
		.internal =
			e->source->internal && slice_equal(e->visit.url.host, e->source->url.host),
		.rank = 3 * e->source->tier + (e->item.step == 0 ? 1 : 2),
		.claim = on_claim,
		.done = on_visited,
		.ctx = e,
	};
	return true;
}

static bool is_whole(const struct source *source)
{
	const struct connector *c = connector_of(source->kind);

	return c != NULL && c->whole;
}

static void start(struct reader *r, struct frontier_node *node, const struct frontier_item *item)
{
	struct frontier *frontier = r->env->frontier;
	struct known *known = r->env->knowledge->known;

	if (item->url.len == 0) { /* gone meanwhile, or unreadable */
		frontier_done(frontier, node);
		return;
	}
	struct errand *e = errand_new(r, node, item);
	if (!prepare(e)) { /* the source is gone, or was switched off */
		frontier_done(frontier, node);
		errand_free(e);
		return;
	}
	struct slice url = url_identity(e->arena, &e->visit.url);
	struct known_facts facts = {0};
	bool whole = is_whole(e->source);
	bool waits = !whole && hosts_queued(r->env->hosts, &e->visit) >= HOST_SHARE;
	if (waits || (item->step == 0 && known_get(known, e->arena, &url, 1, &facts) < 0)) {
		frontier_put_off(frontier, node, now_ms(e) + PUT_OFF_MS);
		errand_free(e);
	} else if (item->step == 0 && facts.entry == item->entry) {
		frontier_done(frontier, node); /* read before a crash */
		errand_free(e);
	} else if (whole) {
		publish_summary(e); /* its answer held all there is */
	} else {
		hosts_visit(r->env->hosts, &e->visit);
	}
}

void reader_tick(struct reader *r)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct frontier *f = r->env->frontier;
	int64_t now = clock_wall_us(r->env->knowledge->clock) / 1000;

	while (r->active < READER_ACTIVE_MAX) {
		struct frontier_node *nodes[BATCH];
		struct frontier_item items[BATCH];
		size_t count = 0;

		while (count < BATCH && (nodes[count] = frontier_take(f)) != NULL)
			count++;
		if (count == 0)
			return;
		bool away = frontier_peek(f, a, nodes, count, items) < 0;
		for (size_t i = 0; i < count; i++)
			if (away)
				frontier_put_off(f, nodes[i], now + PUT_OFF_MS);
			else
				start(r, nodes[i], &items[i]);
		if (away)
			return;
		arena_rewind(a);
	}
}
