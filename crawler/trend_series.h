/* One series of a trend, and how it lies in Redis (trend.h says what it is). */
#pragma once

#include "crawler/baseline.h"
#include "lib/buf.h"

/* One publisher of one story. Of the entries of a story one is the first and counts. */
struct trend_entry {
	uint32_t story, publisher;
	int32_t hour;
	bool first;
};

struct trend_series {
	struct trend_series *chain, *next_dirty;
	char *key; /* "topic|place" */
	struct baseline baseline;
	struct trend_entry *entries;
	uint32_t entry_count, entry_room;
	int64_t told_hour; /* of the last trend told; 0: none */
	bool dirty;
};

void trend_series_release(struct trend_series *s);

/* False when it changes nothing: the publisher had the story before. */
bool trend_series_add(struct trend_series *s, const struct trend_entry *entry);

/* Stories that began in the hours from `first` to `last`, and distinct publishers in them. */
unsigned trend_series_count(const struct trend_series *s, int64_t first, int64_t last);
unsigned trend_series_publishers(const struct trend_series *s, int64_t first, int64_t last);

/* Learns every hour before `hour` and lets go of its entries. */
void trend_series_learn(struct trend_series *s, const struct calendar *calendar, int64_t hour);

void trend_series_write(const struct trend_series *s, struct buf *out);
bool trend_series_read(struct slice bytes, struct trend_series *ret); /* false leaves it empty */
