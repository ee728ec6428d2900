#include "crawler/site.h"

#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/public_suffix.h"

enum {
	STATUS_GOOD = 200,
	HOSTS_MAX = 300,
	NEW_HOSTS_MAX = 20,
	PHRASES_ENOUGH = 3,
	HEX_LEN = 2 * SHA256_LEN,
	BASELINE_LEN_MAX = 32 * 1024
};

static const char HARM[] = "harm.gov_seo_spam";

struct site {
	const struct knowledge *k;
	struct arena *a;
	const struct source *source;
	struct slice own_domain;
	struct slice hosts[HOSTS_MAX]; /* outside hosts linked */
	bool hidden[HOSTS_MAX];
	size_t host_count;
	enum site_view view; /* that is being taken */
	struct buf links;    /* words of links and titles */
	struct slice title, all_text, hidden_text;
	struct buf searcher_links; /* the same, of what search engines are shown */
	struct slice searcher_title, searcher_text;
};

static struct slice key_of(struct arena *a, const struct source *source, const char *what)
{
	return slice_of(arena_printf(a, "site:%s:%.*s", what, SLICE_ARG(source->id)));
}

/* The registrable domain where there is one: subdomains of a known site are no news. */
static struct slice domain_of(struct slice host)
{
	struct slice domain = public_suffix_domain(host);

	return domain.len > 0 ? domain : host;
}

static void add_host(struct site *look, struct slice host, bool hidden)
{
	struct slice domain = domain_of(host);

	if (domain.len == 0 || slice_equal(domain, look->own_domain) ||
		lookalike_is_owned(look->k->lookalike, host))
		return;
	bool searcher = look->view == SITE_TO_SEARCHERS;
	for (size_t i = 0; i < look->host_count; i++)
		if (slice_equal(look->hosts[i], domain)) {
			look->hidden[i] = look->hidden[i] || (hidden && !searcher);
			return;
		}
	if (look->host_count == HOSTS_MAX)
		return;
	look->hosts[look->host_count] = arena_slice(look->a, domain);
	look->hidden[look->host_count++] = hidden || searcher;
}

static bool on_link(void *ctx, struct slice key, struct json_value link)
{
	struct site *look = ctx;
	struct slice host = {0}, text = {0};
	struct json_value hidden;
	bool is_hidden = false;

	(void)key;
	json_get_text(link, "host", &host);
	json_get_text(link, "text", &text);
	if (json_get(link, "hidden", &hidden))
		json_to_bool(hidden, &is_hidden);
	add_host(look, host, is_hidden);
	struct buf *words = look->view == SITE_TO_SEARCHERS ? &look->searcher_links : &look->links;
	buf_add_slice(words, text);
	buf_add_text(words, " . ");
	return true;
}

static bool stands_in(struct slice lines, struct slice name)
{
	struct slice line;

	while (slice_cut(&lines, '\n', &line))
		if (slice_equal(line, name))
			return true;
	return false;
}

struct finding {
	struct slice result;
	struct slice new_hosts[NEW_HOSTS_MAX];
	size_t new_host_count;
	struct topic_phrases phrases;
	bool hidden;
	bool harmful;
};

static void add_phrases(struct topic_phrases *to, const struct topic_phrases *from)
{
	for (size_t i = 0; i < from->count && i < TOPIC_PHRASES_FOUND_MAX; i++) {
		bool known = false;

		for (size_t k = 0; k < to->count; k++)
			known = known || slice_equal(to->at[k], from->at[i]);
		if (!known && to->count < TOPIC_PHRASES_FOUND_MAX)
			to->at[to->count++] = from->at[i];
	}
}

static void phrases_in(
	const struct site *look, struct slice title, struct slice text, struct topic_phrases *ret)
{
	const struct phrase_text *t = phrase_text_read(look->a, title, text);

	topics_phrases(classifier_topics(look->k->classifier), HARM, look->a, t, ret);
}

/* One harmful phrase in title or link, or hidden, is enough; in plain text it takes three, for
 * that may be news about crime. Undiacritised slang is looked for as well. */
static void find_phrases(const struct site *look, struct finding *f)
{
	struct topic_phrases in_links, in_text, in_hidden;

	phrases_in(look, look->title, buf_slice(&look->links), &in_links);
	phrases_in(look, (struct slice){0}, look->all_text, &in_text);
	phrases_in(look, (struct slice){0}, look->hidden_text, &in_hidden);
	f->harmful = in_links.count > 0 || in_hidden.count > 0 || in_text.count >= PHRASES_ENOUGH;
	f->hidden = f->hidden || in_hidden.count > 0;
	if (!f->harmful)
		return;
	add_phrases(&f->phrases, &in_links);
	add_phrases(&f->phrases, &in_hidden);
	add_phrases(&f->phrases, &in_text);
}

/* What visitors are not shown, but search engines are. */
static void find_cloaked(const struct site *look, struct finding *f)
{
	struct topic_phrases in_links, in_text;

	phrases_in(look, look->searcher_title, buf_slice(&look->searcher_links), &in_links);
	phrases_in(look, (struct slice){0}, look->searcher_text, &in_text);
	f->harmful = in_links.count > 0 || in_text.count >= PHRASES_ENOUGH;
	if (!f->harmful)
		return;
	f->hidden = true;
	add_phrases(&f->phrases, &in_links);
	add_phrases(&f->phrases, &in_text);
}

static void find_hosts(const struct site *look, struct slice known, bool first, struct finding *f)
{
	for (size_t i = 0; i < look->host_count && !first; i++) {
		if (stands_in(known, look->hosts[i]))
			continue;
		f->hidden = f->hidden || look->hidden[i];
		if (f->new_host_count < NEW_HOSTS_MAX)
			f->new_hosts[f->new_host_count++] = look->hosts[i];
	}
}

/* The oldest are forgotten first where a site links ever new hosts. */
static void remember_hosts(const struct site *look, struct slice key, struct slice known)
{
	CLEANUP(buf_release) struct buf lines = {0};

	buf_add_slice(&lines, known);
	for (size_t i = 0; i < look->host_count; i++)
		if (!stands_in(known, look->hosts[i])) {
			buf_add_slice(&lines, look->hosts[i]);
			buf_add_byte(&lines, '\n');
		}
	struct slice kept = buf_slice(&lines);
	if (kept.len > BASELINE_LEN_MAX) {
		kept = slice_from(kept, kept.len - BASELINE_LEN_MAX);
		kept = slice_from(kept, slice_find_byte(kept, '\n') + 1);
	}
	remember_later(look->k->memory, key, kept, look->k->config->baseline_ms);
}

/* What was told last: the result, when, and a hash of what it was about. */
static bool is_news(const struct knowledge *k, struct arena *a, const struct source *source,
	struct slice result, uint64_t about)
{
	struct slice key = key_of(a, source, "told"), known;
	int64_t now = clock_wall_us(k->clock), then = 0;
	const char *value = arena_printf(a, "%lld %.*s %016llx", (long long)now, SLICE_ARG(result),
		(unsigned long long)about);
	bool told = remember_get(k->memory, a, key, &known);

	if (told) {
		struct slice rest = slice_of(value), time, when;

		told = slice_cut(&known, ' ', &when) && slice_to_i64(when, &then) &&
			slice_cut(&rest, ' ', &time) && slice_equal(known, rest) &&
			now - then < k->config->site_report_ms * 1000;
	}
	if (!told)
		remember_later(k->memory, key, slice_of(value), k->config->baseline_ms);
	return !told;
}

static struct event_site_check check_of(const struct source *source, const char *check)
{
	return (struct event_site_check){
		.url = source->url.href,
		.host = source->url.host,
		.service = source->service,
		.owner = source->owner,
		.check = slice_of(check),
	};
}

static void tell(const struct site *look, const struct finding *f)
{
	CLEANUP(buf_release) struct buf about = {0};
	uint8_t hash[SHA256_LEN];
	char sha256[HEX_LEN + 1];
	struct slice topics[] = {slice_of(HARM)};
	struct event_site_check check = check_of(look->source, "content");

	digest_sha256(look->all_text, hash);
	digest_hex(hash, sizeof hash, sha256);
	for (size_t i = 0; i < f->new_host_count; i++)
		buf_add_slice(&about, f->new_hosts[i]);
	for (size_t i = 0; i < f->phrases.count; i++)
		buf_add_slice(&about, f->phrases.at[i]);
	if (!is_news(look->k, look->a, look->source, f->result, digest_hash64(buf_slice(&about))))
		return;
	check.result = f->result;
	check.status = STATUS_GOOD;
	check.new_hosts = (struct event_texts){f->new_hosts, f->new_host_count};
	check.phrases = (struct event_texts){f->phrases.at, f->phrases.count};
	check.topics = (struct event_texts){topics, f->harmful ? 1 : 0};
	check.hidden = f->hidden;
	check.sha256 = slice_of(sha256);
	emit_site_check(&look->k->emitter, &check);
}

struct site *site_new(const struct knowledge *k, const struct source *source)
{
	struct site *look = mem_alloc(sizeof *look);

	look->k = k;
	look->a = arena_new();
	look->source = source;
	look->own_domain = domain_of(source->url.host);
	return look;
}

void site_free(struct site **site)
{
	if (*site == NULL)
		return;
	buf_release(&(*site)->links);
	buf_release(&(*site)->searcher_links);
	arena_free(&(*site)->a);
	mem_free(*site);
	*site = NULL;
}

static struct slice text_of(struct site *look, struct json_value page, const char *key)
{
	struct slice text = {0};

	json_get_text(page, key, &text);
	return arena_slice(look->a, text);
}

void site_take(struct site *look, enum site_view view, struct slice host, struct json_value page)
{
	struct json_value links;

	look->view = view;
	if (view == SITE_TO_VISITORS) {
		look->title = text_of(look, page, "title");
		look->all_text = text_of(look, page, "all_text");
		look->hidden_text = text_of(look, page, "hidden_text");
	} else {
		look->searcher_title = text_of(look, page, "title");
		look->searcher_text = text_of(look, page, "all_text");
	}
	if (json_get(page, "links", &links))
		json_each(links, on_link, look);
	add_host(look, host, false);
}

void site_tell(struct site *look)
{
	const struct knowledge *k = look->k;
	struct finding f = {0};
	struct slice key = key_of(look->a, look->source, "hosts"), known;

	bool first = !remember_get(k->memory, look->a, key, &known);
	find_hosts(look, known, first, &f);
	find_phrases(look, &f);
	if (!f.harmful)
		find_cloaked(look, &f);
	bool injected = f.harmful || (f.hidden && f.new_host_count > 0);
	f.result = injected            ? SLICE("injected")
		: f.new_host_count > 0 ? SLICE("changed")
				       : SLICE("ok");
	if (!injected)
		remember_hosts(look, key, known);
	tell(look, &f);
}

void site_unreachable(
	const struct knowledge *k, struct arena *a, const struct source *source, unsigned status)
{
	struct event_site_check check = check_of(source, "availability");

	/* Each look counts: the rule asks for several in a row. */
	is_news(k, a, source, SLICE("unreachable"), clock_wall_us(k->clock) & INT64_MAX);
	check.result = SLICE("unreachable");
	check.status = status;
	emit_site_check(&k->emitter, &check);
}
