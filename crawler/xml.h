/* XML as a run of calls (through expat). No external entity is read, internal ones expand within
 * expat's amplification limit; the named entities of HTML are known, since feeds use them.
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
	struct slice space, name, value;
};

struct xml_element {
	struct slice space, name; /* namespace address, local name */
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

/* The value of an attribute without namespace, or empty. */
struct slice xml_attribute(const struct xml_element *element, const char *name);
