#include "crawler/import_item.h"

#include "lib/text.h"

#include <string.h>

static const char *const known[] = {
	"source", "url", "title", "text", "published", "lang", "site_name", "links"};

/* Words in the name of a field that holds a person, an account or how to reach one. */
static const char *const personal[] = {"author", "user", "account", "profile", "handle", "sender",
	"from", "owner", "creator", "nick", "avatar", "phone", "mobile", "mail", "name", "birth",
	"gender", "address", "uid", "follower", "friend", "person", "contact", "cccd", "cmnd"};

struct counting {
	struct import_item *item;
};

static bool on_field(void *ctx, struct slice key, struct json_value value)
{
	struct counting *in = ctx;
	char lower[64];
	size_t len = key.len < sizeof lower ? key.len : sizeof lower;

	(void)value;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (slice_is(key, known[i]))
			return true;
	for (size_t i = 0; i < len; i++)
		lower[i] =
			(char)(key.at[i] >= 'A' && key.at[i] <= 'Z' ? key.at[i] | 0x20 : key.at[i]);
	struct slice name = slice_over(lower, len);
	for (size_t i = 0; i < sizeof personal / sizeof personal[0]; i++)
		if (slice_find(name, slice_of(personal[i])) < name.len) {
			in->item->personal++;
			return true;
		}
	in->item->unknown++;
	return true;
}

struct hosts_of {
	struct arena *a;
	struct import_item *item;
};

static bool on_link(void *ctx, struct slice key, struct json_value value)
{
	struct hosts_of *in = ctx;
	struct import_item *item = in->item;
	struct slice text;
	struct url url;

	(void)key;
	if (item->link_host_count < IMPORT_LINKS_MAX && json_to_text(value, &text) &&
		url_parse(in->a, text, &item->url, &url) && !slice_equal(url.host, item->url.host))
		item->link_hosts[item->link_host_count++] = url.host;
	return true;
}

static struct slice cut(struct slice text, size_t len_max)
{
	if (text.len <= len_max)
		return text;
	text.len = len_max;
	while (text.len > 0 && ((unsigned char)text.at[text.len] & 0xC0) == 0x80)
		text.len--;
	return text;
}

/* A text field may be missing or null, not of another kind. */
static bool take_text(struct arena *a, struct json_value object, const char *name,
	struct slice *ret, struct err *err)
{
	struct json_value value;
	struct slice text;

	*ret = (struct slice){0};
	if (!json_get(object, name, &value) || json_kind(value) == JSON_NULL)
		return true;
	if (!json_to_text(value, &text))
		return err_set(err, NULL, 0, "%s: a text was expected", name);
	*ret = text_nfc(a, cut(text, IMPORT_TEXT_MAX));
	return true;
}

static bool take_texts(
	struct arena *a, struct json_value object, struct import_item *ret, struct err *err)
{
	struct slice url, published;

	if (!take_text(a, object, "source", &ret->source, err) ||
		!take_text(a, object, "url", &url, err) ||
		!take_text(a, object, "title", &ret->title, err) ||
		!take_text(a, object, "text", &ret->text, err) ||
		!take_text(a, object, "lang", &ret->lang, err) ||
		!take_text(a, object, "site_name", &ret->site_name, err) ||
		!take_text(a, object, "published", &published, err))
		return false;
	ret->title = cut(ret->title, IMPORT_TITLE_MAX);
	if (ret->source.len == 0)
		return err_set(err, NULL, 0, "source is missing");
	if (!url_parse(a, url, NULL, &ret->url) || ret->url.has_userinfo)
		return err_set(err, NULL, 0,
			url.len == 0
				? "url is missing"
				: "url: an http or https address without a password was expected");
	return published.len == 0 || date_find(published, &ret->published) ||
		err_set(err, NULL, 0, "published: no date: \"%.*s\"",
			(int)(published.len < 40 ? published.len : 40), published.at);
}

bool import_item_read(
	struct arena *a, struct json_value object, struct import_item *ret, struct err *err)
{
	struct json_value links;

	*ret = (struct import_item){0};
	if (json_kind(object) != JSON_OBJECT)
		return err_set(err, NULL, 0, "a JSON object was expected");
	if (!take_texts(a, object, ret, err))
		return false;
	if (json_get(object, "links", &links))
		json_each(links, on_link, &(struct hosts_of){a, ret});
	json_each(object, on_field, &(struct counting){ret});
	return true;
}
