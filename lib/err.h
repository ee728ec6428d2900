/* What is wrong with a text that a person wrote: file, line, what was found, what was expected.
 *
 *     struct err err = {0};
 *     if (!config_read(&schema, path, arena, &config, &err))
 *             log_error("%s", err_text(&err));     "probe.yaml:12: workers: 99 is over 64"
 *
 * The first error stays: err_set() on one that is already set changes nothing. */
#pragma once

#include <stdbool.h>

enum { ERR_FILE_MAX = 256, ERR_SAID_MAX = 512 };

struct err {
	char file[ERR_FILE_MAX];
	unsigned line; /* from 1; 0 when no line is meant */
	char said[ERR_SAID_MAX];
	char whole[ERR_FILE_MAX + ERR_SAID_MAX + 16];
};

/* Always false, so that a reader can end with `return err_set(…)`. `file` may be NULL. */
bool err_set(struct err *err, const char *file, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

bool err_is_set(const struct err *err);

/* "file:line: text", as far as known. Borrowed from `err`. */
const char *err_text(struct err *err);
