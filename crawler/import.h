/* What is imported goes the way of crawled articles: masked, classified, given its story,
 * published. Handing the same item in again changes nothing.
 *
 *     struct import_report report = {0};
 *     import_body(&import, a, body, &report);
 *     import_report_write(&report, &w);
 *
 * A body is NDJSON, one JSON object, or a JSON array of them. */
#pragma once

#include "crawler/frontier.h"
#include "crawler/import_item.h"
#include "crawler/knowledge.h"
#include "crawler/sources.h"
#include "lib/json_write.h"

enum {
	IMPORT_BODY_MAX = 8 * 1024 * 1024,
	IMPORT_LINE_MAX = 1024 * 1024,
	IMPORT_ITEMS_MAX = 10000,  /* of one body */
	IMPORT_REJECTED_MAX = 100, /* told with their reason; the rest is counted */
	IMPORT_REASON_MAX = 160,
};

struct import {
	const struct knowledge *knowledge;
	struct frontier *frontier;
	const struct sources *sources;
	struct json_reader *reader;
};

struct import_report {
	size_t items, fresh, updated, unchanged, queued, rejected;
	size_t personal, unknown; /* fields left out */
	struct {
		size_t line; /* or the number of the item in an array */
		char reason[IMPORT_REASON_MAX];
	} told[IMPORT_REJECTED_MAX];
};

void import_body(const struct import *in, struct slice body, struct import_report *ret);
void import_report_write(const struct import_report *report, struct json_writer *w);

/* True for sources whose items come by import. */
bool import_takes(const struct source *source);
