/* Text of strangers on a terminal: titles of pages, host names, what a rule copied from an event. */
#pragma once

#include "lib/buf.h"

/* Adds `text` without what could steer a terminal or disguise the text: control characters,
 * escape sequences, marks that turn the direction of writing. A line feed becomes a space. */
void terminal_add(struct buf *out, struct slice text);

/* Adds one JSON value with the same characters escaped, so that it stays the same value. */
void terminal_add_json(struct buf *out, struct slice json);
