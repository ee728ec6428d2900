/* A bounded queue of batches in a file, a ring: what a producer could not send, until it can. It
 * survives the program. A record that was being written when the program or the machine died is
 * recognised by its check sum and ends the queue.
 *
 *     int error = spool_open("/var/lib/haidang/probe-0.spool", 64 << 20, &spool);
 *     spool_append(spool, &record);
 *     for (struct spool_place p = spool_first(spool); spool_read(spool, &p, &record, &text);)
 *             ...send...
 *     spool_drop(spool, p);      (what lies before `p` was sent)
 *
 * Layout: two header slots, written by turns, then the ring. Places are counted in bytes since the
 * file was made and never wrap; each record holds its own place, so that what an earlier round left
 * behind is not taken for a record. Numbers are in the machine's byte order: a spool is not moved
 * to another machine. */
#pragma once

#include "event/batch.h"

struct spool;

enum { SPOOL_RECORD_MAX = 16 * 1024 * 1024 };

struct spool_place {
	uint64_t at;
	uint64_t events; /* in the records before it */
};

struct spool_record {
	struct event_id first, id; /* of the first and the last event */
	uint32_t count;            /* events */
	struct slice text;
};

/* What must be known about the ids of all records, see sender.c. */
struct spool_ids {
	bool checked;
	struct id_shift shift;
};

/* -EWOULDBLOCK when another process has the spool open. A file that is no spool, or whose header
 * is damaged, is begun anew; `ret_damaged` tells. */
int spool_open(const char *path, int64_t len_max, struct spool **ret, bool *ret_damaged)
	__attribute__((warn_unused_result));
void spool_close(struct spool **s);

bool spool_is_empty(const struct spool *s);
uint64_t spool_events(const struct spool *s);
uint64_t spool_len(const struct spool *s);         /* bytes of records */
struct event_id spool_last(const struct spool *s); /* id of the newest record; zero when empty */
bool spool_was_torn(const struct spool *s);        /* a half-written record was found at open */

struct spool_ids spool_ids(const struct spool *s);
int spool_ids_set(struct spool *s, const struct spool_ids *ids) __attribute__((warn_unused_result));

/* -ENOSPC when the ring is full, or another -errno of the disk. */
int spool_append(struct spool *s, const struct spool_record *record)
	__attribute__((warn_unused_result));

/* The record at `place`, which moves behind it; its text is appended to `text`, where
 * `ret->text` lies until the next change. False at the end. */
struct spool_place spool_first(const struct spool *s);
bool spool_read(
	struct spool *s, struct spool_place *place, struct spool_record *ret, struct buf *text);
int spool_drop(struct spool *s, struct spool_place until) __attribute__((warn_unused_result));
int spool_clear(struct spool *s) __attribute__((warn_unused_result)); /* what cannot be read */
