/* Structs, table and writer made from event/fields.def.
 *
 *     struct event_common common = {.event_type = SLICE("dns"), …};
 *     struct event_dns dns = {.type = SLICE("query"), .rrname = name};
 *     const struct event_part parts[] = {{EVENT_GROUP_dns, &dns}, {EVENT_GROUP_ndpi, &ndpi}};
 *     event_write(&writer, &common, parts, 2);
 *
 * A part with nothing to write is left out. Slices are borrowed for the call. */
#pragma once

#include "lib/json_write.h"

struct event_texts {
	const struct slice *at;
	size_t count;
};

enum event_field_type {
	EVENT_TEXT,
	EVENT_TEXTS,
	EVENT_UINT,
	EVENT_COUNT,
	EVENT_REAL,
	EVENT_BOOL,
	EVENT_TIME,
	EVENT_JSON,
};

enum event_group {
#define GROUP(id, key, meaning) EVENT_GROUP_##id,
#define FIELD(group, member, name, type, unit, sigma, meaning)
#define END(id)
#include "event/fields.def"
#undef GROUP
#undef FIELD
#undef END
	EVENT_GROUP_COUNT
};

#define EVENT_TYPE_TEXT  struct slice
#define EVENT_TYPE_TEXTS struct event_texts
#define EVENT_TYPE_UINT  uint64_t
#define EVENT_TYPE_COUNT uint64_t
#define EVENT_TYPE_REAL  double
#define EVENT_TYPE_BOOL  bool
#define EVENT_TYPE_TIME  int64_t /* microseconds since 1970 */
#define EVENT_TYPE_JSON  struct slice

/* One struct a group: struct event_common, struct event_flow, … */
#define GROUP(id, key, meaning)                                struct event_##id {
#define FIELD(group, member, name, type, unit, sigma, meaning) EVENT_TYPE_##type member;
#define END(id)                                                                                    \
	}                                                                                          \
	;
#include "event/fields.def"
#undef GROUP
#undef FIELD
#undef END

struct event_field {
	enum event_group group;
	const char *name;
	const char *path;    /* "dns.rrname" */
	struct slice quoted; /* "rrname": as it stands in JSON, with its colon */
	enum event_field_type type;
	size_t offset; /* in the group's struct */
	const char *unit, *sigma, *meaning;
};

extern const struct event_field event_fields[]; /* by group, in the order of the file */
extern const size_t event_field_count;

const char *event_group_key(enum event_group group); /* "" for the top level */
const char *event_group_meaning(enum event_group group);

struct event_part {
	enum event_group group;
	const void *values; /* the group's struct */
};

/* Writes one event as a JSON object. */
void event_write(struct json_writer *w, const struct event_common *common,
	const struct event_part *parts, size_t count);

/* The path of the field that Sigma calls `name` ("dns.rrname" for "query"), or NULL when no other
 * name is known for it. */
const char *event_sigma_path(struct slice name);

/* docs/events.md, as Markdown. */
void event_fields_document(struct buf *out);
