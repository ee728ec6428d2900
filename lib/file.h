/* Whole files: read with a limit, or written so that a reader sees the old or the new one whole.
 *
 *     CLEANUP(buf_release) struct buf text = {0};
 *     if (!file_read("assets.yaml", 1 << 20, &text, &err))
 *             return false; */
#pragma once

#include "lib/buf.h"
#include "lib/err.h"

/* Appends at most `len_max` bytes to `out`; a longer file is an error. "-" is stdin. */
bool file_read(const char *path, size_t len_max, struct buf *out, struct err *err);

/* Writes beside `path`, then renames. Not synced to disk: for what can be made again. 0 or
 * -errno. */
int file_write(const char *path, struct slice bytes) __attribute__((warn_unused_result));
