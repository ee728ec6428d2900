/* The sources file: what is read, how often, and why something is not.
 *
 *     struct sources *s = sources_read("rules/sources.yaml", &err);
 *     for (size_t i = 0; i < s->count; i++)
 *             if (source_refusal(&s->at[i]) == NULL)
 *                     schedule(&s->at[i]);
 *     sources_release(&s);
 *
 * Counted references: work in flight keeps its generation alive over a reload. */
#pragma once

#include "crawler/url.h"
#include "lib/err.h"

enum { SOURCES_MAX = 100000 };

enum source_kind {
	SOURCE_RSS, /* any feed: rss, atom, json */
	SOURCE_HTML,
	SOURCE_LIFERAY,
	SOURCE_SITEMAP,
	SOURCE_SITE,
	SOURCE_YOUTUBE,
	SOURCE_XENFORO,
	SOURCE_WORDPRESS,
	SOURCE_MASTODON,
	SOURCE_FACEBOOK,
	SOURCE_API, /* from here on never fetched */
	SOURCE_TELEGRAM,
	SOURCE_ZALO,
	SOURCE_TIKTOK,
	SOURCE_IMPORT,
	SOURCE_BLOCKLIST,
};

enum source_status { STATUS_ENABLE, STATUS_CHECK, STATUS_POLICY, STATUS_IMPORT };

struct source {
	struct slice id, name, note;
	struct slice form;           /* news, post or notice */
	struct slice service, owner; /* of a site of ours */
	struct slice token_file;     /* with the operator's token for an interface */
	struct url url;
	bool has_url;
	enum source_kind kind;
	enum source_status status;
	unsigned tier;
	int64_t cadence_ms, disaster_ms;
	int64_t delay_ms; /* between requests; 0: as configured. Only for internal ones */
	bool internal;
	unsigned line;
};

struct sources {
	struct arena *arena;
	unsigned references;
	struct source *at;
	size_t count;
};

/* With one reference. NULL with an error that names file and line. */
struct sources *sources_read(const char *path, struct err *err);
struct sources *sources_keep(struct sources *s);
void sources_release(struct sources **s);

/* Why a source is not fetched, or NULL when it is. */
const char *source_refusal(const struct source *source);
const char *source_kind_name(enum source_kind kind);
const char *source_status_name(enum source_status status);
