/* What an element of a feed means, whichever format and module it is of. */
#pragma once

#include "crawler/xml.h"

enum feed_act {
	ACT_NONE,
	ACT_ROOT, /* rss, rdf:RDF */
	ACT_CHANNEL,
	ACT_FEED,
	ACT_ENTRY,
	ACT_ASIDE, /* image, textinput, source: what is inside is not about the entry */
	ACT_TITLE,
	ACT_MEDIA_TITLE,
	ACT_LINK,
	ACT_ID,
	ACT_DESCRIPTION,
	ACT_ABSTRACT,
	ACT_SUMMARY,
	ACT_SUBTITLE,
	ACT_OTHER_TEXT, /* rights and the like */
	ACT_CONTENT,
	ACT_ENCODED,
	ACT_BODY,
	ACT_PUBLISHED,
	ACT_UPDATED,
	ACT_CREATED,
	ACT_CATEGORY,
	ACT_ITUNES_CATEGORY,
	ACT_KEYWORDS,
	ACT_ENCLOSURE,
	ACT_LANGUAGE,
	ACT_AUTHOR,
	ACT_PUBLISHER,
	ACT_CONTRIBUTOR,
	ACT_NAME,
	ACT_EMAIL,
};

enum feed_act feed_act_of(const struct xml_element *e);

/* The version that an element tells; NULL when it tells none. */
const char *feed_version_of(const struct xml_element *e);

/* An attribute by its name in any case, whatever its prefix; empty when there is none. */
struct slice feed_attribute(const struct xml_element *e, const char *name);
