/* Texts of feeds: what they call themselves, and what is done to get at what was meant. */
#pragma once

#include "lib/arena.h"

enum content_type {
	CONTENT_PLAIN,
	CONTENT_HTML,
	CONTENT_XHTML,
	CONTENT_TEXT,   /* another text type */
	CONTENT_BINARY, /* in base64 */
};

/* Of a type attribute: "html", "text/plain" …; `fallback` when it is empty. */
enum content_type content_type_of(struct slice type, enum content_type fallback);

/* From base64; as it is when it is none or no text. */
struct slice content_decode(struct arena *a, struct slice text);

/* UTF-8 that was once more encoded as if it were ISO 8859-1 is undone; controls of that set are
 * what windows-1252 has in their place. */
struct slice content_repair(struct arena *a, struct slice utf8);
