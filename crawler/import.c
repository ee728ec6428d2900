#include "crawler/import.h"

#include "crawler/article.h"
#include "lib/mem.h"
#include "lib/public_suffix.h"

#include <stdio.h>

struct run {
	const struct import *in;
	struct import_report *report;
	struct arena *a; /* of the item */
	size_t line;
};

bool import_takes(const struct source *source)
{
	switch (source->kind) {
	case SOURCE_IMPORT:
	case SOURCE_TELEGRAM:
	case SOURCE_ZALO:
	case SOURCE_TIKTOK:
	case SOURCE_API: return true;
	case SOURCE_RSS:
	case SOURCE_HTML:
	case SOURCE_LIFERAY:
	case SOURCE_SITEMAP:
	case SOURCE_SITE:
	case SOURCE_YOUTUBE:
	case SOURCE_XENFORO:
	case SOURCE_WORDPRESS:
	case SOURCE_MASTODON:
	case SOURCE_FACEBOOK:
	case SOURCE_BLOCKLIST: break;
	}
	return source->status == STATUS_IMPORT;
}

static void reject(struct run *run, const char *reason)
{
	struct import_report *r = run->report;

	if (r->rejected < IMPORT_REJECTED_MAX) {
		r->told[r->rejected].line = run->line;
		(void)snprintf(r->told[r->rejected].reason, IMPORT_REASON_MAX, "%s", reason);
	}
	r->rejected++;
}

static const struct source *find_source(struct run *run, struct slice id)
{
	const struct sources *s = run->in->sources;

	for (size_t i = 0; i < s->count; i++)
		if (slice_equal(s->at[i].id, id)) {
			if (import_takes(&s->at[i]))
				return &s->at[i];
			reject(run, "source: this one is read by the crawler itself");
			return NULL;
		}
	reject(run, "source: none of that id in the sources file");
	return NULL;
}

/* A platform whose items come by import is not read by a detour. */
static bool is_platform(const struct sources *s, const struct url *url)
{
	struct slice domain = public_suffix_domain(url->host);

	for (size_t i = 0; domain.len > 0 && i < s->count; i++)
		if (import_takes(&s->at[i]) && s->at[i].has_url &&
			slice_equal(public_suffix_domain(s->at[i].url.host), domain))
			return true;
	return false;
}

/* A link alone is read as any other page, politely, in its turn. */
static void queue(struct run *run, const struct source *source, const struct import_item *item)
{
	const struct knowledge *k = run->in->knowledge;
	struct frontier_item entry = {
		.tier = source->tier,
		.entry = known_hash(item->url.href),
		.queued_ms = clock_wall_us(k->clock) / 1000,
		.url = item->url.href,
		.key = url_identity(run->a, &item->url),
		.source = source->id,
	};

	if (is_platform(run->in->sources, &item->url))
		reject(run, "title and text are missing, and this platform is not read");
	else if (item->url.href.len > FRONTIER_URL_MAX)
		reject(run, "url: too long to be read");
	else if (!frontier_has_room(run->in->frontier, item->url.href))
		reject(run, "too many pages of that host wait to be read: hand it in later");
	else if (frontier_push(run->in->frontier, &entry, 1) < 0)
		reject(run, "the list of pages to read cannot be written: hand it in again");
	else
		run->report->queued++;
}

static void publish(struct run *run, const struct source *source, const struct import_item *item)
{
	struct article article = {
		.source = source,
		.url = &item->url,
		.title = item->title,
		.text = item->text,
		.lang = item->lang,
		.site_name = item->site_name,
		.published = item->published,
	};

	for (size_t i = 0; i < item->link_host_count; i++)
		article_link(&article, item->link_hosts[i]);
	switch (article_publish(run->in->knowledge, run->a, &article)) {
	case ARTICLE_NEW: run->report->fresh++; break;
	case ARTICLE_UPDATED: run->report->updated++; break;
	case ARTICLE_UNCHANGED: run->report->unchanged++; break;
	}
}

static void take(struct run *run, struct json_value value)
{
	struct import_report *r = run->report;
	struct import_item item;
	struct err err = {0};

	arena_rewind(run->a);
	if (r->items == IMPORT_ITEMS_MAX) {
		reject(run, "too many items at once");
		return;
	}
	r->items++;
	if (!import_item_read(run->a, value, &item, &err)) {
		reject(run, err.said);
		return;
	}
	const struct source *source = find_source(run, item.source);
	if (source == NULL)
		return;
	r->personal += item.personal;
	r->unknown += item.unknown;
	if (item.title.len == 0 && item.text.len == 0)
		queue(run, source, &item);
	else
		publish(run, source, &item);
}

static bool on_element(void *ctx, struct slice key, struct json_value value)
{
	struct run *run = ctx;

	(void)key;
	run->line++;
	take(run, value);
	return true;
}

static void take_lines(struct run *run, struct slice body)
{
	struct slice line;

	while (slice_cut(&body, '\n', &line)) {
		struct json_value value;
		struct err err = {0};

		run->line++;
		line = slice_trim(line);
		if (line.len == 0)
			continue;
		if (line.len > IMPORT_LINE_MAX)
			reject(run, "the line is too long");
		else if (!json_read(run->in->reader, line, &value, &err))
			reject(run, err.said);
		else
			take(run, value);
	}
}

void import_body(const struct import *in, struct slice body, struct import_report *ret)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct run run = {.in = in, .report = ret, .a = a};
	struct json_value root;
	struct err ignored = {0};

	*ret = (struct import_report){0};
	if (slice_starts(body, SLICE("\xEF\xBB\xBF")))
		body = slice_from(body, 3);
	struct slice text = slice_trim(body);
	bool whole = text.len > 0 && (text.at[0] == '[' || text.at[0] == '{') &&
		json_read(in->reader, text, &root, &ignored);
	if (whole && json_kind(root) == JSON_ARRAY)
		json_each(root, on_element, &run);
	else if (whole)
		on_element(&run, (struct slice){0}, root);
	else
		take_lines(&run, body);
}

void import_report_write(const struct import_report *report, struct json_writer *w)
{
	const struct {
		const char *key;
		size_t value;
	} counts[] = {{"items", report->items}, {"new", report->fresh},
		{"updated", report->updated}, {"unchanged", report->unchanged},
		{"queued", report->queued}, {"rejected", report->rejected},
		{"personal_fields_dropped", report->personal},
		{"unknown_fields_dropped", report->unknown}};

	json_begin_object(w);
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		json_key(w, counts[i].key);
		json_uint(w, counts[i].value);
	}
	json_key(w, "reasons");
	json_begin_array(w);
	for (size_t i = 0; i < report->rejected && i < IMPORT_REJECTED_MAX; i++) {
		json_begin_object(w);
		json_key(w, "line");
		json_uint(w, report->told[i].line);
		json_key(w, "reason");
		json_text(w, slice_of(report->told[i].reason));
		json_end_object(w);
	}
	json_end_array(w);
	json_end_object(w);
}
