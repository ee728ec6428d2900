/* An event as rules see it: fields by name, each looked up at most once per event, a list as all
 * its elements. Names are Sigma's or ours; a dotted name goes down into objects and through lists.
 *
 *     struct view_fields *fields = view_fields_new(VIEW_SIGMA_NAMES);
 *     size_t query = view_fields_add(fields, SLICE("query"));       (dns.rrname)
 *     struct view *v = view_new(fields);
 *     view_load(v, event);
 *     struct view_field f = view_get(v, query);
 *
 * What a view gives out is borrowed from it and from the event, until the next view_load(). Fields
 * are added before the first view over them is made. One thread. */
#pragma once

#include "lib/buf.h"
#include "lib/json_read.h"

enum view_naming { VIEW_SIGMA_NAMES, VIEW_VERBATIM_NAMES };

/* What of a text a field stands for: of an address, say "/a/b.php?x=1", "/a/b.php", "x=1" and "php". A
 * text without that part is as if it were not there. */
enum view_part { VIEW_WHOLE, VIEW_STEM, VIEW_QUERY, VIEW_EXTENSION };

struct view;
struct view_fields;

struct view_value {
	struct json_value json;
	enum json_kind kind;      /* never an array or object */
	struct slice text, lower; /* made on demand */
	bool has_text, has_lower;
};

struct view_field {
	struct view_value *at;
	size_t count;
	bool exists;             /* the key is there, whatever its value */
	bool is_list;            /* its path goes through a list */
	struct json_value whole; /* what stands there, the first of a list */
};

struct view_fields *view_fields_new(enum view_naming naming);
void view_fields_free(struct view_fields **f);

/* The slot of a field; the empty name stands for every value anywhere in the event. */
size_t view_fields_add(struct view_fields *f, struct slice name);
/* The same under a name that stands for (a part of) what is at `path`. */
struct view_target {
	const char *path;
	enum view_part part;
};
size_t view_fields_map(struct view_fields *f, struct slice name, struct view_target target);
enum view_naming view_fields_naming(const struct view_fields *f);
enum view_part view_fields_part(const struct view_fields *f, size_t slot);

struct slice view_fields_name(const struct view_fields *f, size_t slot); /* as it was added */
const char *view_fields_path(const struct view_fields *f, size_t slot);  /* where it stands */

struct view *view_new(const struct view_fields *f);
void view_free(struct view **v);
void view_load(struct view *v, struct json_value event);
struct json_value view_event(const struct view *v);
struct buf *view_scratch(struct view *v); /* empty; for the caller until view_scratch() again */

struct view_field view_get(struct view *v, size_t slot);
struct slice view_text(struct view *v, struct view_value *value); /* numbers and booleans too */
struct slice view_lower(struct view *v, struct view_value *value);

/* A number, or text that is one. */
bool view_number(struct view *v, struct view_value *value, double *ret);
