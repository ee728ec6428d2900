/* Patterns of literal text and named gaps, as logs are taken apart everywhere:
 *
 *     "Built %{direction} %{proto} connection %{} for %{}:%{src_ip}/%{src_port} (%{"
 *
 * A gap runs up to the first place where the literal after it stands; %{} is thrown away; the last one
 * runs to the end. Text before the first literal is skipped. Nothing is tried twice, so matching is
 * linear in the text for each literal. */
#pragma once

#include "lib/arena.h"
#include "lib/err.h"

struct column {
	struct slice name, value;
};

struct columns {
	struct column *at; /* room for COLUMNS_MAX */
	size_t count;
};

/* NULL and `ret` untouched when there is no such column. */
bool column_get(const struct columns *c, struct slice name, struct slice *ret);
void column_add(struct columns *c, struct slice name, struct slice value); /* dropped when full */

struct dissect;

/* `pattern` is borrowed, NUL-terminated. */
struct dissect *dissect_new(struct arena *a, struct slice pattern, struct err *err);
bool dissect_match(const struct dissect *d, struct slice text, struct columns *ret);

/* key=value pairs, values in double quotes with \ before " and \ if they hold spaces. `until_key`: an
 * unquoted value runs up to the next key (CEF), with \= and \\ escaped; it is left escaped. */
void pairs_read(struct slice text, bool until_key, struct columns *ret);

/* Values between commas, in double quotes if they hold any, named in order. */
void commas_read(struct slice text, const struct slice *names, size_t count, struct columns *ret);
