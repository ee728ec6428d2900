#include "crawler/connector.h"

#include <string.h>

/* The newest posts, and of each only what is used. */
static char *wordpress_address(struct arena *a, const struct url *url)
{
	static const char query[] =
		"wp-json/wp/v2/posts?per_page=40&_fields=id,date_gmt,modified_gmt,"
		"link,title,excerpt,content.protected,status";
	struct slice before = slice_over(url->href.at, (size_t)(url->path.at - url->href.at));

	if (slice_find(url->path, SLICE("wp-json")) < url->path.len)
		return arena_copy(a, url->href);
	return arena_printf(a, "%.*s%.*s%s%s", SLICE_ARG(before), SLICE_ARG(url->path),
		slice_ends(url->path, SLICE("/")) ? "" : "/", query);
}

/* "/tags/NAME" and "/public[/local]", as people see them; accounts are read by their own feed. */
static char *mastodon_address(struct arena *a, const struct url *url)
{
	struct slice before = slice_over(url->href.at, (size_t)(url->path.at - url->href.at));
	struct slice path = url->path;

	if (slice_starts(path, SLICE("/api/v1/timelines/")))
		return arena_copy(a, url->href);
	if (slice_starts(path, SLICE("/tags/")) && path.len > 6)
		return arena_printf(a, "%.*s/api/v1/timelines/tag/%.*s?limit=40", SLICE_ARG(before),
			(int)path.len - 6, path.at + 6);
	if (slice_is(path, "/public/local") || slice_is(path, "/public"))
		return arena_printf(a, "%.*s/api/v1/timelines/public?limit=40%s", SLICE_ARG(before),
			slice_is(path, "/public") ? "" : "&local=true");
	return NULL;
}

static char *xenforo_address(struct arena *a, const struct url *url)
{
	struct slice before =
		slice_over(url->href.at, (size_t)(url->path.at - url->href.at) + url->path.len);

	if (slice_ends(url->path, SLICE(".rss")))
		return arena_copy(a, url->href);
	return arena_printf(a, "%.*s%sindex.rss", SLICE_ARG(before),
		slice_ends(url->path, SLICE("/")) ? "" : "/");
}

static char *youtube_address(struct arena *a, const struct url *url)
{
	static const char feed[] = "https://www.youtube.com/feeds/videos.xml?channel_id=";

	if (slice_starts(url->path, SLICE("/feeds/videos.xml")))
		return arena_copy(a, url->href);
	if (!slice_starts(url->path, SLICE("/channel/UC")))
		return NULL;
	struct slice id = slice_from(url->path, 9);
	id.len = slice_find_byte(id, '/');
	return arena_printf(a, "%s%.*s", feed, SLICE_ARG(id));
}

/* The posts of a page, by its number or name. */
static char *facebook_address(struct arena *a, const struct url *url)
{
	static const char fields[] =
		"?fields=message,created_time,updated_time,permalink_url&limit=25";
	struct slice before =
		slice_over(url->href.at, (size_t)(url->path.at - url->href.at) + url->path.len);

	if (!slice_ends(url->path, SLICE("/posts")) &&
		!slice_ends(url->path, SLICE("/published_posts")))
		return NULL;
	return arena_printf(a, "%.*s%s", SLICE_ARG(before), fields);
}

const struct connector *connector_of(enum source_kind kind)
{
	static const struct connector
		feed = {.parse = PARSE_FEED},
		page = {.parse = PARSE_PAGE}, site = {.parse = PARSE_SITE},
		sitemap = {.parse = PARSE_SITEMAP},
		youtube = {.parse = PARSE_FEED, .whole = true, .address = youtube_address},
		xenforo = {.parse = PARSE_FEED, .whole = true, .address = xenforo_address},
		wordpress = {.parse = PARSE_WORDPRESS, .address = wordpress_address},
		mastodon = {.parse = PARSE_MASTODON, .whole = true, .address = mastodon_address},
		facebook = {.parse = PARSE_FACEBOOK,
			.whole = true,
			.by_token = true,
			.address = facebook_address};

	switch (kind) {
	case SOURCE_RSS: return &feed;
	case SOURCE_LIFERAY:
	case SOURCE_HTML: return &page;
	case SOURCE_SITE: return &site;
	case SOURCE_SITEMAP: return &sitemap;
	case SOURCE_YOUTUBE: return &youtube;
	case SOURCE_XENFORO: return &xenforo;
	case SOURCE_WORDPRESS: return &wordpress;
	case SOURCE_MASTODON: return &mastodon;
	case SOURCE_FACEBOOK: return &facebook;
	case SOURCE_API:
	case SOURCE_TELEGRAM:
	case SOURCE_ZALO:
	case SOURCE_TIKTOK:
	case SOURCE_IMPORT:
	case SOURCE_BLOCKLIST: break;
	}
	return NULL;
}

bool connector_address(
	const struct connector *c, struct arena *a, const struct url *url, struct url *ret)
{
	if (c->address == NULL) {
		*ret = *url;
		return true;
	}
	char *address = c->address(a, url);
	return address != NULL && url_parse(a, slice_of(address), NULL, ret);
}
