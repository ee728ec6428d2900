#include "crawler/feed_markup.h"
#include "crawler/feed_parts.h"
#include "lib/json_read.h"

struct reading {
	struct arena *a;
	const struct feed_options *options;
	struct feed *feed;
	struct feed_entry *entry;
};

static struct slice text_of(const struct reading *in, struct json_value object, const char *key)
{
	struct slice text = {0};

	json_get_text(object, key, &text);
	if (text.len > FEED_FIELD_MAX)
		text.len = FEED_FIELD_MAX;
	return arena_slice(in->a, text);
}

static struct slice link_of(const struct reading *in, struct json_value object, const char *key)
{
	return feed_link(in->a, text_of(in, object, key), in->options->base);
}

/* Version 1.1 has a list, 1.0 one object. */
static struct slice author_of(const struct reading *in, struct json_value object)
{
	struct json_value author, list;

	if (!in->options->authors)
		return (struct slice){0};
	if (json_get(object, "authors", &list) && json_kind(list) == JSON_ARRAY &&
		json_at(list, "0", &author))
		return text_of(in, author, "name");
	if (json_get(object, "author", &author) && json_kind(author) == JSON_OBJECT)
		return text_of(in, author, "name");
	return (struct slice){0};
}

static bool on_tag(void *ctx, struct slice key, struct json_value value)
{
	struct reading *in = ctx;
	struct slice text;

	(void)key;
	if (json_to_text(value, &text))
		feed_add_category(in->a, in->entry, text);
	return true;
}

static bool on_attachment(void *ctx, struct slice key, struct json_value value)
{
	struct reading *in = ctx;
	struct json_value size;
	uint64_t bytes;
	struct feed_enclosure e = {
		.url = link_of(in, value, "url"), .type = text_of(in, value, "mime_type")};

	(void)key;
	if (json_get(value, "size_in_bytes", &size) && json_to_u64(size, &bytes))
		e.length = slice_of(arena_printf(in->a, "%llu", (unsigned long long)bytes));
	feed_add_enclosure(in->a, in->entry, e);
	return true;
}

/* An id should be a text; some write a number. */
static struct slice id_of(const struct reading *in, struct json_value item)
{
	struct json_value id;
	int64_t number;

	if (json_get(item, "id", &id) && json_to_i64(id, &number))
		return slice_of(arena_printf(in->a, "%lld", (long long)number));
	return text_of(in, item, "id");
}

static bool on_item(void *ctx, struct slice key, struct json_value item)
{
	struct reading *in = ctx;
	struct feed_entry *e =
		json_kind(item) == JSON_OBJECT ? feed_add_entry(in->a, in->feed) : NULL;
	struct json_value list;

	(void)key;
	if (e == NULL)
		return true;
	in->entry = e;
	e->title = text_of(in, item, "title");
	e->id = id_of(in, item);
	e->link = link_of(in, item, "url");
	if (e->link.len == 0)
		e->link = link_of(in, item, "external_url");
	e->summary = text_of(in, item, "summary");
	struct slice html = text_of(in, item, "content_html");
	e->content = html.len > 0 ? markup_clean(in->a, html, in->options->base)
				  : text_of(in, item, "content_text");
	e->author = author_of(in, item);
	feed_date(text_of(in, item, "date_published"), &e->published);
	feed_date(text_of(in, item, "date_modified"), &e->updated);
	if (json_get(item, "tags", &list))
		json_each(list, on_tag, in);
	if (json_get(item, "attachments", &list))
		json_each(list, on_attachment, in);
	return true;
}

static void read_feed(struct reading *in, struct json_value root, struct slice version)
{
	struct feed *feed = in->feed;
	struct json_value items;

	feed->version = slice_ends(version, SLICE("1.1")) ? "json11" : "json1";
	feed->title = text_of(in, root, "title");
	feed->link = link_of(in, root, "home_page_url");
	feed->id = link_of(in, root, "feed_url");
	feed->subtitle = text_of(in, root, "description");
	feed->language = text_of(in, root, "language");
	feed->author = author_of(in, root);
	if (json_get(root, "items", &items))
		json_each(items, on_item, in);
	if (feed->entry_count > 0)
		feed->updated = feed->entries[0].updated.year != 0 ? feed->entries[0].updated
								   : feed->entries[0].published;
}

bool feed_json_read(struct arena *a, struct slice utf8, const struct feed_options *options,
	struct feed *ret, struct err *err)
{
	struct json_reader *reader = json_reader_new(FEED_LEN_MAX);
	struct reading in = {.a = a, .options = options, .feed = ret};
	struct json_value root, items;
	struct slice version = {0};

	*ret = (struct feed){.version = ""};
	bool ok = json_read(reader, utf8, &root, err);
	if (ok && json_kind(root) == JSON_OBJECT && json_get_text(root, "version", &version) &&
		json_get(root, "items", &items))
		read_feed(&in, root, version);
	else if (ok)
		ok = err_set(err, NULL, 0, "no JSON feed: `version` and `items` were expected");
	json_reader_free(&reader);
	return ok;
}
