/* A file of lines that only grows, each with a key that stands in it once: JSON objects that begin
 * with {"key":"…". A line torn by a crash is cut off when the file is opened; a key written lately
 * is known, so that what is delivered again is not written again.
 *
 *     struct journal *j = journal_open("/var/lib/haidang/alerts.ndjson", &options, &err);
 *     if (!journal_has(j, key))
 *             journal_append(j, key, line);
 *     journal_sync(j);
 *     journal_close(&j);
 *
 * A journal belongs to one thread and, but for one opened as `beside`, to one process. */
#pragma once

#include "courier/queue.h"
#include "lib/err.h"

/* More than a target can have written and not acknowledged. */
enum { JOURNAL_KEYS = 4 * QUEUE_ITEMS_MAX };

struct journal;

struct journal_options {
	int64_t size_max;  /* a longer file becomes PATH.1; 0: never */
	int64_t files_max; /* old ones kept */
	bool beside;       /* another process has it open: append whole lines and nothing else */
};

struct journal *journal_open(
	const char *path, const struct journal_options *options, struct err *err);
void journal_close(struct journal **j);

bool journal_has(const struct journal *j, const char *key); /* among the last JOURNAL_KEYS */

int64_t journal_size(const struct journal *j); /* bytes of the present file */

/* `line` without a line feed. A failed append leaves the file as it was. 0 or -errno. */
int journal_append(struct journal *j, const char *key, struct slice line)
	__attribute__((warn_unused_result));
int journal_sync(struct journal *j) __attribute__((warn_unused_result));

char *journal_folder(const char *path); /* to be given back with mem_free() */

/* The present file becomes PATH.1, that one PATH.2 and so on, and a new one begins: now, or with the
 * next append if it cannot be opened now. */
int journal_rotate(struct journal *j) __attribute__((warn_unused_result));
