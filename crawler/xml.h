/* XML as a run of calls: xml_read() is strict (through expat), xml_read_loose() makes the best of
 * text that is not well-formed. No external entity is read, internal ones expand within expat's
 * amplification limit; the named entities of HTML are known, since feeds use them.
 *
 *     if (!xml_read(text, &(struct xml_calls){.start = on_start, .text = on_text}, ctx, &err))
 *             log(err_text(&err));        (what came before the fault was delivered)
 *
 * The text must be UTF-8, whatever its declaration says. Slices are borrowed for the call. */
#pragma once

#include "lib/err.h"
#include "lib/slice.h"

enum { XML_DEPTH_MAX = 128, XML_ELEMENTS_MAX = 500000, XML_ATTRIBUTES_MAX = 64 };

struct xml_attribute {
	struct slice space, prefix, name, value;
};

struct xml_element {
	struct slice space, prefix, name; /* namespace address, prefix as written, local name */
	struct xml_attribute attributes[XML_ATTRIBUTES_MAX];
	size_t attribute_count;
	size_t depth; /* the root has 1 */
};

struct xml_calls {
	void (*start)(void *ctx, const struct xml_element *element);
	void (*end)(void *ctx, size_t depth);
	void (*text)(void *ctx, struct slice text);
};

bool xml_read(struct slice text, const struct xml_calls *calls, void *ctx, struct err *err);

/* The same calls for anything with angle brackets: end tags may be missing or crossed, attributes
 * bare, prefixes undeclared. Every start gets its end. False when a limit cut it short. */
bool xml_read_loose(struct slice text, const struct xml_calls *calls, void *ctx, struct err *err);

/* The text of a document in UTF-16 or UTF-32, known by its first bytes (XML 1.0, appendix F), as
 * UTF-8 in NFC; gives the name of its encoding, NULL when it is neither. */
struct arena;
const char *xml_from_wide(struct arena *a, struct slice bytes, struct slice *ret_utf8);

/* Writes the character of a named entity of HTML 4 ("nbsp"); 0 when there is none. */
size_t xml_entity(struct slice name, char ret[4]);

/* The value of an attribute without namespace, or empty. */
struct slice xml_attribute(const struct xml_element *element, const char *name);
