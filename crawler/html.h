/* HTML as a tree (through gumbo). The text is cut to what the parser can bear before
 * (html_scan.h); a page that would still take too much memory or time is refused with a reason.
 *
 *     const struct html_node *root = html_read(a, utf8, &err);
 *     for (const struct html_node *n = root; n != NULL; n = html_next(n, root))
 *             ...
 *
 * The tree lives in the arena, its texts are borrowed from there or from `utf8`. Walks are loops, never
 * recursion, so depth cannot exhaust the stack. */
#pragma once

#include "lib/arena.h"
#include "lib/err.h"

#include <string.h>

enum {
	HTML_LEN_MAX = 4 * 1024 * 1024,
	HTML_MEMORY_MAX = 24 * 1024 * 1024, /* of the scan, the parser and the tree */
	HTML_CPU_MS = 1200,
};

struct html_attribute {
	struct slice name, value;
};

struct html_node {
	struct slice tag;  /* "p"; empty for text */
	struct slice text; /* of a text node */
	const struct html_attribute *attributes;
	size_t attribute_count;
	struct html_node *parent, *first, *last, *next;
	size_t index; /* in document order, from 0 */
	bool block;   /* an element that starts a line of its own */
	bool unseen;  /* script, style and the like */
};

/* The <html> element; NULL with a reason when the page is refused. */
const struct html_node *html_read(struct arena *a, struct slice utf8, struct err *err);

/* Document order within `root`, children first; NULL after the last. */
const struct html_node *html_next(const struct html_node *n, const struct html_node *root);
const struct html_node *html_next_skip(const struct html_node *n, const struct html_node *root);

/* True when `inner` is `n` or stands within it. */
bool html_holds(const struct html_node *n, const struct html_node *inner);

/* Inline, so that the length of a literal costs nothing: each node is asked many times. */
static inline bool html_is(const struct html_node *n, const char *tag)
{
	return n->tag.len == strlen(tag) && memcmp(n->tag.at, tag, n->tag.len) == 0;
}

struct slice html_attribute(const struct html_node *n, const char *name); /* empty when absent */
bool html_has(const struct html_node *n, const char *name);

/* True when the class or the id contains one of the words (NULL at the end), small or capital. */
bool html_named(const struct html_node *n, const char *const *words);

/* All text inside, white space squeezed, blocks separated by line feeds; without script, style
 * and the like. */
struct slice html_text(struct arena *a, const struct html_node *root);

/* Text of a piece of markup that may be plain text already (a feed's title or summary). */
struct slice html_plain(struct arena *a, struct slice markup);
