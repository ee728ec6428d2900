#include "crawler/connector.h"
#include "crawler/feed_markup.h"
#include "crawler/feed_parts.h"
#include "lib/json_read.h"

struct reading {
	struct arena *a;
	const struct url *base;
	struct feed *feed;
};

static struct slice text_of(const struct reading *in, struct json_value object, const char *path)
{
	struct json_value value;
	struct slice text = {0};

	if (json_at(object, path, &value))
		json_to_text(value, &text);
	if (text.len > FEED_FIELD_MAX)
		text.len = FEED_FIELD_MAX;
	return arena_slice(in->a, text);
}

static struct slice html_of(const struct reading *in, struct json_value object, const char *path)
{
	return markup_clean(in->a, text_of(in, object, path), in->base);
}

static bool flag_of(struct json_value object, const char *path)
{
	struct json_value value;
	bool set = false;

	return json_at(object, path, &value) && json_to_bool(value, &set) && set;
}

/* Reads the list that `answer` is, or holds as `list`. */
static bool read_answer(struct reading *in, struct slice utf8, const char *list, json_each_fn *each,
	struct err *err)
{
	struct json_reader *reader = json_reader_new(FEED_LEN_MAX);
	struct json_value root, items;
	struct slice said = {0};

	*in->feed = (struct feed){.version = ""};
	bool ok = json_read(reader, utf8, &root, err);
	if (ok) {
		bool is_list = list == NULL
			? json_kind(root) == JSON_ARRAY
			: json_get(root, list, &items) && json_kind(items) == JSON_ARRAY;

		if (is_list) {
			json_each(list == NULL ? root : items, each, in);
		} else {
			said = text_of(in, root, "error.message");
			if (said.len == 0)
				said = text_of(in, root, "error");
			if (said.len == 0)
				said = text_of(in, root, "message");
			ok = err_set(err, NULL, 0, "no list of items%s%.*s",
				said.len > 0 ? ", but: " : "", (int)said.len,
				said.len > 0 ? said.at : "");
		}
	}
	json_reader_free(&reader);
	return ok;
}

/* WordPress gives dates in UTC without saying so. */
static void utc_date(
	const struct reading *in, struct json_value item, const char *path, struct date *ret)
{
	if (feed_date(text_of(in, item, path), ret) && !ret->has_zone) {
		ret->has_zone = true;
		ret->zone_min = 0;
	}
}

static bool on_post(void *ctx, struct slice key, struct json_value item)
{
	struct reading *in = ctx;
	struct slice status = text_of(in, item, "status"), link = text_of(in, item, "link");

	(void)key;
	if ((status.len > 0 && !slice_is(status, "publish")) || link.len == 0 ||
		flag_of(item, "content.protected"))
		return true;
	struct feed_entry *e = feed_add_entry(in->a, in->feed);
	if (e == NULL)
		return false;
	e->link = feed_link(in->a, link, in->base);
	e->id = e->link;
	e->title = html_of(in, item, "title.rendered");
	e->summary = html_of(in, item, "excerpt.rendered");
	utc_date(in, item, "date_gmt", &e->published);
	utc_date(in, item, "modified_gmt", &e->updated);
	return true;
}

bool connector_wordpress(struct arena *a, struct slice utf8, const struct url *base,
	struct feed *ret, struct err *err)
{
	struct reading in = {a, base, ret};
	bool ok = read_answer(&in, utf8, NULL, on_post, err);

	ret->version = "wordpress";
	return ok;
}

/* An account may ask not to be found by search; a post to fewer than all is none of ours. */
static bool is_public(const struct reading *in, struct json_value status)
{
	return slice_is(text_of(in, status, "visibility"), "public") &&
		!flag_of(status, "account.noindex");
}

static bool on_status(void *ctx, struct slice key, struct json_value status)
{
	struct reading *in = ctx;
	struct json_value reblog;

	(void)key;
	if (json_get(status, "reblog", &reblog) && json_kind(reblog) == JSON_OBJECT)
		status = reblog;
	struct slice link = text_of(in, status, "url");
	if (!is_public(in, status) || link.len == 0)
		return true;
	struct feed_entry *e = feed_add_entry(in->a, in->feed);
	if (e == NULL)
		return false;
	e->link = feed_link(in->a, link, in->base);
	e->id = e->link;
	e->title = text_of(in, status, "spoiler_text");
	e->summary = html_of(in, status, "content");
	feed_date(text_of(in, status, "created_at"), &e->published);
	feed_date(text_of(in, status, "edited_at"), &e->updated);
	return true;
}

bool connector_mastodon(struct arena *a, struct slice utf8, const struct url *base,
	struct feed *ret, struct err *err)
{
	struct reading in = {a, base, ret};
	bool ok = read_answer(&in, utf8, NULL, on_status, err);

	ret->version = "mastodon";
	return ok;
}

static bool on_page_post(void *ctx, struct slice key, struct json_value post)
{
	struct reading *in = ctx;
	struct slice link = text_of(in, post, "permalink_url"), text = text_of(in, post, "message");

	(void)key;
	if (link.len == 0 || text.len == 0)
		return true;
	struct feed_entry *e = feed_add_entry(in->a, in->feed);
	if (e == NULL)
		return false;
	e->link = feed_link(in->a, link, in->base);
	e->id = text_of(in, post, "id");
	e->summary = text;
	feed_date(text_of(in, post, "created_time"), &e->published);
	feed_date(text_of(in, post, "updated_time"), &e->updated);
	return true;
}

bool connector_facebook(struct arena *a, struct slice utf8, const struct url *base,
	struct feed *ret, struct err *err)
{
	struct reading in = {a, base, ret};
	bool ok = read_answer(&in, utf8, "data", on_page_post, err);

	ret->version = "facebook";
	return ok;
}
