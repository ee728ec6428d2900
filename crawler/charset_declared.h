/* What a document says about its own encoding: the prescan of the HTML standard, and the XML
 * declaration.
 *
 *     struct slice label = charset_declared(bytes);     ("iso-8859-2", or empty) */
#pragma once

#include "lib/slice.h"

struct slice charset_declared(struct slice bytes);

/* The label behind "charset=" in the value of a Content-Type; empty when there is none. */
struct slice charset_of_content_type(struct slice content_type);
