/* YAML 1.1 text as a tree of nodes that know their lines (through libyaml).
 *
 *     CLEANUP(arena_free) struct arena *a = arena_new();
 *     struct yaml_documents docs;
 *     if (!yaml_read(a, "rule.yml", text, &docs, &err))
 *             ...
 *     const struct yaml_node *title = yaml_get(docs.at[0], "title");
 *
 * Nodes and their text are allocated in the arena and live as long. Refused with file and line:
 * bad syntax, a key twice in one map, anchors and aliases, more than YAML_DEPTH_MAX levels or
 * YAML_NODES_MAX nodes. */
#pragma once

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

enum { YAML_DEPTH_MAX = 64, YAML_NODES_MAX = 2000000 };

enum yaml_kind { YAML_SCALAR, YAML_MAP, YAML_LIST };

struct yaml_node {
	enum yaml_kind kind;
	bool quoted;       /* a scalar in quotes or block style is text, whatever it looks like */
	unsigned line;     /* from 1 */
	struct slice text; /* scalar: its value, NUL-terminated */
	size_t count;      /* map: pairs; list: items */
	struct yaml_node **keys;   /* map only, always scalars */
	struct yaml_node **values; /* map and list */
};

struct yaml_documents {
	struct yaml_node **at; /* an empty document is left out */
	size_t count;
};

bool yaml_read(struct arena *a, const char *name, struct slice text, struct yaml_documents *ret,
	struct err *err);
bool yaml_read_file(struct arena *a, const char *path, struct yaml_documents *ret, struct err *err);

/* The value of a key, or NULL when the node is no map or has no such key. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
bool yaml_is_null(const struct yaml_node *node);              /* plain ~, null or nothing */
bool yaml_to_bool(const struct yaml_node *node, bool *ret);   /* plain true/false, yes/no, on/off */
bool yaml_to_i64(const struct yaml_node *node, int64_t *ret); /* plain decimal integer */

/* Adds the text in double quotes, so that yaml_read() gives it back; false when it is no UTF-8. */
bool yaml_write_text(struct slice text, struct buf *out);
