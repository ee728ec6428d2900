#include "crawler/article.h"

#include "crawler/mask.h"
#include "crawler/story.h"
#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/public_suffix.h"
#include "lib/text.h"

/* Texts are cut, well above what is kept, before they are looked at: this is not the jailed child. */
enum {
	VIET_NAM_ZONE_MIN = 7 * 60,
	HEX_LEN = 2 * SHA256_LEN,
	TITLE_RAW_MAX = 4 * 1024,
	TEXT_RAW_MAX = 2 * ARTICLE_TEXT_MAX,
};

void article_link(struct article *article, struct slice host)
{
	for (size_t i = 0; i < article->link_host_count; i++)
		if (slice_equal(article->link_hosts[i], host))
			return;
	if (article->link_host_count < ARTICLE_HOSTS_MAX)
		article->link_hosts[article->link_host_count++] = host;
}

static struct slice excerpt(struct slice text)
{
	size_t at = 0;

	for (int i = 0; i < ARTICLE_EXCERPT_CHARS && at < text.len; i++)
		text_next(text, &at);
	return slice_over(text.at, at);
}

/* Cut between two characters. */
static struct slice shorten(struct slice text, size_t len_max)
{
	if (text.len <= len_max)
		return text;
	text.len = len_max;
	while (text.len > 0 && ((unsigned char)text.at[text.len] & 0xC0) == 0x80)
		text.len--;
	return text;
}

/* A title or the like as it is told. */
static struct slice squeezed(struct arena *a, struct slice raw)
{
	struct slice text = text_squeeze(a, shorten(raw, TITLE_RAW_MAX));

	return shorten(mask_personal(a, text), ARTICLE_TITLE_MAX);
}

static void sha256_hex(struct slice title, struct slice text, char ret[HEX_LEN + 1])
{
	CLEANUP(buf_release) struct buf both = {0};
	uint8_t hash[SHA256_LEN];

	buf_add_slice(&both, title);
	buf_add_byte(&both, '\n');
	buf_add_slice(&both, text);
	digest_sha256(buf_slice(&both), hash);
	digest_hex(hash, sizeof hash, ret);
}

static void publish_lookalikes(
	const struct knowledge *k, const struct article *article, struct slice url)
{
	for (size_t i = 0; i < article->link_host_count; i++) {
		struct lookalike_hit hit;

		if (!lookalike_match(k->lookalike, article->link_hosts[i], &hit))
			continue;
		emit_lookalike(&k->emitter,
			&(struct event_lookalike){
				.host = article->link_hosts[i],
				.domain = hit.domain,
				.target = hit.target,
				.brand = hit.brand,
				.reason = hit.reason,
				.found_in = SLICE("article"),
				.url = url,
			});
	}
}

static struct event_texts topic_ids(struct arena *a, const struct topics_found *found)
{
	struct slice *ids = arena_array(a, found->topic_count + 1, sizeof *ids);

	for (size_t i = 0; i < found->topic_count; i++)
		ids[i] = found->topics[i].id;
	return (struct event_texts){ids, found->topic_count};
}

static struct event_texts place_ids(struct arena *a, const struct places_found *found)
{
	struct slice *ids = arena_array(a, found->count + 1, sizeof *ids);

	for (size_t i = 0; i < found->count; i++)
		ids[i] = found->at[i].id;
	return (struct event_texts){ids, found->count};
}

/* What the text itself shows, and what its story does: "stale" for news of long ago, "corrected"
 * when a denial or correction belongs to it. */
static struct event_texts markers(
	struct arena *a, const struct topics_found *found, const struct story *story)
{
	struct slice *all = arena_array(a, found->marker_count + 2, sizeof *all);
	size_t count = 0;

	for (; count < found->marker_count; count++)
		all[count] = found->markers[count];
	if (story->stale)
		all[count++] = SLICE("stale");
	if (story->corrected)
		all[count++] = SLICE("corrected");
	return (struct event_texts){all, count};
}

/* A page that claims a date of tomorrow or later says nothing. */
static int64_t published_us(const struct knowledge *k, const struct date *date)
{
	int64_t us = date->year == 0 ? 0 : date_us(date, VIET_NAM_ZONE_MIN);

	return us > clock_wall_us(k->clock) + (int64_t)86400 * 1000000 ? 0 : us;
}

/* "Đính chính", "cải chính": the publisher says itself that something was wrong. */
static bool is_correction(struct arena *a, struct slice title, struct slice text)
{
	static const char *const signs[] = {"đính chính", "cải chính"};
	struct slice in[] = {text_lower(a, title), text_lower(a, text)};

	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		for (size_t k = 0; k < 2; k++)
			if (slice_find(in[k], slice_of(signs[i])) < in[k].len)
				return true;
	return false;
}

/* Of a page that was published before as `facts` say. */
static struct slice what_changed(
	struct arena *a, const struct known_facts *facts, struct slice title, struct slice text)
{
	if (is_correction(a, title, text))
		return SLICE("correction");
	return facts->title != known_hash(title) ? SLICE("title") : SLICE("text");
}

/* What is published under an address; nothing when Redis is away. */
static struct known_facts facts_of(const struct knowledge *k, struct arena *a, struct slice url)
{
	struct known_facts facts;

	if (known_get(k->known, a, &url, 1, &facts) < 0)
		facts = (struct known_facts){0};
	return facts;
}

bool article_withdraw(const struct knowledge *k, struct arena *a, const struct source *source,
	struct slice url, const char *why)
{
	struct known_facts facts = facts_of(k, a, url);
	struct url parsed;

	if (facts.text == 0 || !url_parse(a, url, NULL, &parsed))
		return false;
	struct slice domain = public_suffix_domain(parsed.host);
	emit_article(&k->emitter,
		&(struct event_article){
			.url = mask_address(a, url),
			.source = source->id,
			.publisher = domain.len > 0 ? domain : parsed.host,
			.tier = source->tier,
			.form = source->form,
			.change = SLICE("removed"),
			.changed = slice_of(why),
		});
	story_forget(k->memory, a, url);
	facts.text = 0;
	facts.title = 0;
	known_later(k->known, url, &facts);
	return true;
}

static void on_trend(const void *ctx, const struct trend *trend)
{
	const struct knowledge *k = ctx;
	CLEANUP(mem_cleanup)
	char *subject = mem_printf("%.*s%s%.*s", SLICE_ARG(trend->topic.name),
		trend->place.name.len > 0 ? " · " : "", SLICE_ARG(trend->place.name));

	emit_trend(&k->emitter,
		&(struct event_trend){
			.topic = trend->topic.id,
			.place = trend->place.id,
			.subject = slice_of(subject),
			.seen = trend->seen,
			.expected = trend->expected,
			.unusual = trend->unusual,
			.publishers = trend->publishers,
			.window_h = TREND_WINDOW_HOURS,
			.start_us = trend->start_us,
			.season = trend->season,
			.learnt_days = trend->learnt_days,
			.stories = {trend->stories, trend->story_count},
			.titles = {trend->titles, trend->story_count},
		});
}

static void note_trends(
	const struct knowledge *k, const struct classified *found, struct trend_story *story)
{
	struct trend_name topics[TREND_PAIRS_MAX], places[TREND_PAIRS_MAX];

	for (size_t i = 0; i < found->topics.topic_count && i < TREND_PAIRS_MAX; i++)
		topics[story->topic_count++] = (struct trend_name){
			found->topics.topics[i].id, found->topics.topics[i].name_vi};
	for (size_t i = 0; i < found->places.count && i < TREND_PAIRS_MAX; i++)
		places[story->place_count++] =
			(struct trend_name){found->places.at[i].id, found->places.at[i].name};
	story->topics = topics;
	story->places = places;
	trends_note(k->trends, story, on_trend, k);
}

enum article_end article_publish(
	const struct knowledge *k, struct arena *a, const struct article *article)
{
	struct slice url = url_identity(a, article->url), shown = mask_address(a, url);
	struct slice title = squeezed(a, article->title);
	struct slice site_name = squeezed(a, article->site_name);
	struct slice text =
		shorten(mask_personal(a, shorten(article->text, TEXT_RAW_MAX)), ARTICLE_TEXT_MAX);
	struct slice domain = public_suffix_domain(article->url->host);
	struct classified found;
	struct story story;
	char sha256[HEX_LEN + 1];

	sha256_hex(title, text, sha256);
	struct known_facts facts = facts_of(k, a, url);
	uint64_t text_hash = known_hash48(slice_of(sha256));
	bool seen = facts.text != 0;
	if (facts.text == text_hash)
		return ARTICLE_UNCHANGED;
	classify(k->classifier, a, title, text, &found);
	int64_t published = published_us(k, &article->published);
	struct slice publisher = domain.len > 0 ? domain : article->url->host;
	struct story_item item = {
		.url = url,
		.folded = found.text->folded,
		.matter = found.matter,
		.publisher = publisher,
		.now_us = clock_wall_us(k->clock),
		.published_us = published,
		.ttl_ms = k->config->story_ms,
		.is_denial = found.is_denial,
	};
	story_of(k->memory, a, &item, &story);
	struct slice body = text_squeeze(a, text);
	emit_article(&k->emitter,
		&(struct event_article){
			.url = shown,
			.title = title,
			.title_folded = text_fold(a, title),
			.excerpt = excerpt(body),
			.text_folded = text_fold(a, body),
			.lang = article->lang,
			.source = article->source->id,
			.publisher = publisher,
			.site_name = site_name,
			.tier = article->source->tier,
			.form = article->source->form,
			.topics = topic_ids(a, &found.topics),
			.places = place_ids(a, &found.places),
			.story_id = slice_of(story.id),
			.subject = found.subject,
			.markers = markers(a, &found.topics, &story),
			.link_hosts = {article->link_hosts, article->link_host_count},
			.published_us = published,
			.change = seen ? SLICE("updated") : SLICE("new"),
			.changed = seen ? what_changed(a, &facts, title, text) : SLICE(""),
			.sha256 = slice_of(sha256),
		});
	publish_lookalikes(k, article, shown);
	if (!seen && !story.stale)
		note_trends(k, &found,
			&(struct trend_story){.id = slice_of(story.id),
				.publisher = publisher,
				.title = title,
				.published_us = published});
	facts.text = text_hash;
	facts.title = known_hash(title);
	known_later(k->known, url, &facts);
	return seen ? ARTICLE_UPDATED : ARTICLE_NEW;
}
