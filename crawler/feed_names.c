#include "crawler/feed_names.h"

#include <string.h>
#include <strings.h>

enum space {
	SPACE_CORE,
	SPACE_DC,
	SPACE_CONTENT,
	SPACE_ITUNES,
	SPACE_MEDIA,
	SPACE_XHTML,
	SPACE_RDF,
	SPACE_OTHER,
};

static const struct {
	const char *address;
	enum space space;
} spaces[] = {
	{"http://www.w3.org/2005/Atom", SPACE_CORE},
	{"http://purl.org/atom/ns#", SPACE_CORE},
	{"http://purl.org/rss/1.0/", SPACE_CORE},
	{"http://purl.org/rss/1.0/modules/rss091#", SPACE_CORE},
	{"http://my.netscape.com/rdf/simple/0.9/", SPACE_CORE},
	{"http://channel.netscape.com/rdf/simple/0.9/", SPACE_CORE},
	{"http://blogs.law.harvard.edu/tech/rss", SPACE_CORE},
	{"http://example.com/newformat#", SPACE_CORE},
	{"http://example.com/necho", SPACE_CORE},
	{"http://purl.org/echo/", SPACE_CORE},
	{"http://purl.org/pie/", SPACE_CORE},
	{"uri/of/echo/namespace#", SPACE_CORE},
	{"http://purl.org/dc/elements/1.0/", SPACE_DC},
	{"http://purl.org/dc/elements/1.1/", SPACE_DC},
	{"http://purl.org/dc/terms/", SPACE_DC},
	{"http://purl.org/rss/1.0/modules/content/", SPACE_CONTENT},
	{"http://www.itunes.com/DTDs/PodCast-1.0.dtd", SPACE_ITUNES},
	{"http://example.com/DTDs/PodCast-1.0.dtd", SPACE_ITUNES},
	{"http://search.yahoo.com/mrss", SPACE_MEDIA},
	{"http://search.yahoo.com/mrss/", SPACE_MEDIA},
	{"http://www.w3.org/1999/xhtml", SPACE_XHTML},
	{"http://www.w3.org/1999/02/22-rdf-syntax-ns#", SPACE_RDF},
};

/* Prefixes that broken feeds use without declaring them. */
static const struct {
	const char *prefix;
	enum space space;
} prefixes[] = {{"atom", SPACE_CORE}, {"rss", SPACE_CORE}, {"dc", SPACE_DC}, {"dcterms", SPACE_DC},
	{"content", SPACE_CONTENT}, {"itunes", SPACE_ITUNES}, {"media", SPACE_MEDIA},
	{"xhtml", SPACE_XHTML}, {"rdf", SPACE_RDF}};

static const struct {
	const char *name;
	enum space space;
	enum feed_act act;
} elements[] = {
	{"rss", SPACE_CORE, ACT_ROOT},
	{"rdf", SPACE_RDF, ACT_ROOT},
	{"channel", SPACE_CORE, ACT_CHANNEL},
	{"feed", SPACE_CORE, ACT_FEED},
	{"item", SPACE_CORE, ACT_ENTRY},
	{"entry", SPACE_CORE, ACT_ENTRY},
	{"image", SPACE_CORE, ACT_ASIDE},
	{"textinput", SPACE_CORE, ACT_ASIDE},
	{"source", SPACE_CORE, ACT_ASIDE},
	{"title", SPACE_CORE, ACT_TITLE},
	{"title", SPACE_DC, ACT_TITLE},
	{"title", SPACE_MEDIA, ACT_MEDIA_TITLE},
	{"link", SPACE_CORE, ACT_LINK},
	{"guid", SPACE_CORE, ACT_ID},
	{"id", SPACE_CORE, ACT_ID},
	{"description", SPACE_CORE, ACT_DESCRIPTION},
	{"description", SPACE_DC, ACT_DESCRIPTION},
	{"description", SPACE_MEDIA, ACT_DESCRIPTION},
	{"abstract", SPACE_CORE, ACT_ABSTRACT},
	{"summary", SPACE_CORE, ACT_SUMMARY},
	{"summary", SPACE_ITUNES, ACT_SUMMARY},
	{"subtitle", SPACE_CORE, ACT_SUBTITLE},
	{"subtitle", SPACE_ITUNES, ACT_SUBTITLE},
	{"tagline", SPACE_CORE, ACT_SUBTITLE},
	{"info", SPACE_CORE, ACT_OTHER_TEXT},
	{"rights", SPACE_CORE, ACT_OTHER_TEXT},
	{"copyright", SPACE_CORE, ACT_OTHER_TEXT},
	{"rights", SPACE_DC, ACT_OTHER_TEXT},
	{"content", SPACE_CORE, ACT_CONTENT},
	{"encoded", SPACE_CONTENT, ACT_ENCODED},
	{"fullitem", SPACE_CORE, ACT_ENCODED},
	{"body", SPACE_CORE, ACT_BODY},
	{"body", SPACE_XHTML, ACT_BODY},
	{"pubdate", SPACE_CORE, ACT_PUBLISHED},
	{"published", SPACE_CORE, ACT_PUBLISHED},
	{"issued", SPACE_CORE, ACT_PUBLISHED},
	{"issued", SPACE_DC, ACT_PUBLISHED},
	{"updated", SPACE_CORE, ACT_UPDATED},
	{"modified", SPACE_CORE, ACT_UPDATED},
	{"lastbuilddate", SPACE_CORE, ACT_UPDATED},
	{"date", SPACE_DC, ACT_UPDATED},
	{"modified", SPACE_DC, ACT_UPDATED},
	{"created", SPACE_CORE, ACT_CREATED},
	{"created", SPACE_DC, ACT_CREATED},
	{"category", SPACE_CORE, ACT_CATEGORY},
	{"category", SPACE_MEDIA, ACT_CATEGORY},
	{"keywords", SPACE_CORE, ACT_CATEGORY},
	{"subject", SPACE_DC, ACT_CATEGORY},
	{"category", SPACE_ITUNES, ACT_ITUNES_CATEGORY},
	{"keywords", SPACE_ITUNES, ACT_KEYWORDS},
	{"keywords", SPACE_MEDIA, ACT_KEYWORDS},
	{"tags", SPACE_CORE, ACT_KEYWORDS},
	{"enclosure", SPACE_CORE, ACT_ENCLOSURE},
	{"language", SPACE_CORE, ACT_LANGUAGE},
	{"language", SPACE_DC, ACT_LANGUAGE},
	{"author", SPACE_CORE, ACT_AUTHOR},
	{"managingeditor", SPACE_CORE, ACT_AUTHOR},
	{"author", SPACE_DC, ACT_AUTHOR},
	{"creator", SPACE_DC, ACT_AUTHOR},
	{"author", SPACE_ITUNES, ACT_AUTHOR},
	{"webmaster", SPACE_CORE, ACT_PUBLISHER},
	{"publisher", SPACE_DC, ACT_PUBLISHER},
	{"owner", SPACE_ITUNES, ACT_PUBLISHER},
	{"contributor", SPACE_CORE, ACT_CONTRIBUTOR},
	{"contributor", SPACE_DC, ACT_CONTRIBUTOR},
	{"name", SPACE_CORE, ACT_NAME},
	{"name", SPACE_ITUNES, ACT_NAME},
	{"email", SPACE_CORE, ACT_EMAIL},
	{"email", SPACE_ITUNES, ACT_EMAIL},
};

static bool same(struct slice s, const char *text)
{
	return slice_equal_nocase(s, slice_of(text));
}

/* An unknown namespace without prefix is taken for the feed's own: many declare a wrong one. */
static enum space space_of(const struct xml_element *e)
{
	static const char userland[] = "http://backend.userland.com/rss";

	for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
		if (same(e->space, spaces[i].address))
			return spaces[i].space;
	if (e->prefix.len == 0 ||
		(e->space.len >= sizeof userland - 1 &&
			same(slice_over(e->space.at, sizeof userland - 1), userland)))
		return SPACE_CORE;
	for (size_t i = 0; e->space.len == 0 && i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (same(e->prefix, prefixes[i].prefix))
			return prefixes[i].space;
	return SPACE_OTHER;
}

enum feed_act feed_act_of(const struct xml_element *e)
{
	enum space space = space_of(e);

	for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
		if (elements[i].space == space && same(e->name, elements[i].name))
			return elements[i].act;
	return ACT_NONE;
}

static const char *by_number(struct slice number, bool is_feed)
{
	static const struct {
		const char *number, *version;
		bool is_feed;
	} known[] = {{"0.90", "rss090", false}, {"0.91", "rss091u", false},
		{"0.92", "rss092", false}, {"0.93", "rss093", false}, {"0.94", "rss094", false},
		{"0.1", "atom01", true}, {"0.2", "atom02", true}, {"0.3", "atom03", true}};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].is_feed == is_feed && slice_is(number, known[i].number))
			return known[i].version;
	if (is_feed)
		return "atom";
	return slice_starts(number, SLICE("2.")) ? "rss20" : "rss";
}

const char *feed_version_of(const struct xml_element *e)
{
	static const struct {
		const char *space, *version;
	} by_space[] = {{"http://www.w3.org/2005/Atom", "atom10"},
		{"http://purl.org/rss/1.0/", "rss10"},
		{"http://my.netscape.com/rdf/simple/0.9/", "rss090"},
		{"http://channel.netscape.com/rdf/simple/0.9/", "rss090"}};
	enum feed_act act = feed_act_of(e);

	if (act == ACT_ROOT && same(e->name, "rss"))
		return by_number(feed_attribute(e, "version"), false);
	for (size_t i = 0; i < sizeof by_space / sizeof by_space[0]; i++)
		if (e->prefix.len == 0 && same(e->space, by_space[i].space))
			return by_space[i].version;
	if (act == ACT_FEED)
		return same(e->space, "http://www.w3.org/2005/Atom")
			? "atom10"
			: by_number(feed_attribute(e, "version"), true);
	return act == ACT_CHANNEL && e->depth == 1 ? "cdf" : NULL;
}

struct slice feed_attribute(const struct xml_element *e, const char *name)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		if (same(e->attributes[i].name, name))
			return e->attributes[i].value;
	return (struct slice){0};
}
