/* What the tests of the record share: a record in a folder of its own, and alerts to put in. */
#pragma once

#include "console/alerts.h"
#include "console/record.h"
#include "lib/clock.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_US       INT64_C(1795435200000000)
#define EVERYTHING   alerts_visible(true, true)
#define NETWORK_ONLY alerts_visible(true, false)

struct record_fixture {
	char folder[32], path[64];
	struct db *db;
};

static inline int record_make(void **state)
{
	struct record_fixture *f = mem_alloc(sizeof *f);
	struct err err = {0};

	memcpy(f->folder, "/tmp/hd-record-XXXXXX", 22);
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof f->path, "%s/console.db", f->folder);
	f->db = record_open(f->path, &err);
	assert_non_null(f->db);
	*state = f;
	return 0;
}

static inline int record_remove(void **state)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	struct record_fixture *f = *state;

	db_close(&f->db);
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(mem_cleanup) char *path = mem_printf("%s%s", f->path, endings[i]);

		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->folder), 0);
	mem_free(f);
	return 0;
}

/* "al-" and 24 hex digits that end in `number`; one at a time. */
static inline struct slice alert_number(unsigned number)
{
	static char text[ALERT_ID_LEN + 1];

	(void)snprintf(text, sizeof text, "al-%024u", number);
	return slice_of(text);
}

static inline struct alert alert_sample(unsigned number)
{
	return (struct alert){.alert_id = alert_number(number),
		.revision = 1,
		.timestamp_us = NOW_US,
		.first_seen_us = NOW_US,
		.last_seen_us = NOW_US,
		.rule = {.id = SLICE("rule-1"),
			.title = SLICE("SSH password guessing"),
			.title_vi = SLICE("Dò mật khẩu SSH"),
			.level = ALERT_HIGH},
		.domain = ALERT_NETWORK,
		.group = SLICE("{}"),
		.entity = SLICE("10.20.3.47 → 203.0.113.9"),
		.count = 87,
		.threshold = 20,
		.explanation_vi = SLICE("Đập thủy điện Sông Tranh 2 ở Đà Nẵng"),
		.owner = SLICE("pa05"),
		.events = SLICE("[]")};
}

static inline bool put(struct db *db, const struct alert *alert, int64_t now_us)
{
	db_begin(db, DB_WRITE);
	bool changed = alerts_put(db, alert, SLICE("{\"alert\":true}"), now_us);

	assert_int_equal(db_end(db), 0);
	return changed;
}
