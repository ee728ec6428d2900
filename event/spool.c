#include "event/spool.h"

#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SLOT_LEN = 4096, /* a disk block: the slots do not share one */
	RING_START = 2 * SLOT_LEN,
	RING_LEN_MIN = 64 * 1024,
	SPOOL_VERSION = 1,
	RECORD_MAGIC = 0x68624456,
};

static const char HEADER_MAGIC[8] = "HDSPOOL";

/* No padding in either: they are compared and hashed as bytes. */
struct header {
	char magic[8];
	uint32_t version, checked;
	uint64_t generation;
	uint64_t ring_len, head;
	uint64_t shift_ms, upto_ms;
	uint32_t upto_seq, reserved;
	uint64_t check;
};

struct record {
	uint32_t magic, len;
	uint64_t at; /* its own place */
	uint64_t first_ms, id_ms;
	uint32_t first_seq, id_seq, count, reserved;
	uint64_t check; /* over this with 0 here, and the text */
};

_Static_assert(sizeof(struct header) == 72, "no padding");
_Static_assert(sizeof(struct record) == 56, "no padding");

struct spool {
	int fd;
	struct header header;
	uint64_t tail, events;
	struct event_id last;
	bool torn;
	struct buf work; /* a record as it stands in the file */
};

static int read_at(int fd, void *bytes, size_t len, uint64_t at)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = pread(fd, (char *)bytes + done, len - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -ENODATA;
		done += (size_t)got;
	}
	return 0;
}

static int write_at(int fd, const void *bytes, size_t len, uint64_t at)
{
	size_t done = 0;

	while (done < len) {
		ssize_t put =
			pwrite(fd, (const char *)bytes + done, len - done, (off_t)(at + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		done += (size_t)put;
	}
	return 0;
}

typedef int spool_io(struct spool *s, char *bytes, size_t len, uint64_t file_at);

static int io_read(struct spool *s, char *bytes, size_t len, uint64_t file_at)
{
	return read_at(s->fd, bytes, len, file_at);
}

static int io_write(struct spool *s, char *bytes, size_t len, uint64_t file_at)
{
	return write_at(s->fd, bytes, len, file_at);
}

/* Bytes of the ring from `place` on, in two parts where they go over its end. */
static int ring_io(struct spool *s, spool_io *io, uint64_t place, char *bytes, size_t len)
{
	uint64_t offset = place % s->header.ring_len;
	uint64_t until_end = s->header.ring_len - offset;
	size_t first = len < until_end ? len : (size_t)until_end;
	int error = io(s, bytes, first, RING_START + offset);

	if (error || first == len)
		return error;
	return io(s, bytes + first, len - first, RING_START);
}

static uint64_t header_check(struct header h)
{
	h.check = 0;
	return digest_hash64(slice_over(&h, sizeof h));
}

/* The older slot is overwritten, so that one whole header is always there. */
static int header_write(struct spool *s)
{
	s->header.generation++;
	s->header.check = header_check(s->header);
	return write_at(
		s->fd, &s->header, sizeof s->header, s->header.generation % 2 ? SLOT_LEN : 0);
}

static bool header_is_good(const struct header *h)
{
	return memcmp(h->magic, HEADER_MAGIC, sizeof h->magic) == 0 &&
		h->version == SPOOL_VERSION && h->check == header_check(*h) &&
		h->ring_len >= RING_LEN_MIN && h->ring_len <= INT64_MAX / 2;
}

static bool header_read(struct spool *s)
{
	bool found = false;

	for (uint64_t slot = 0; slot < 2; slot++) {
		struct header h;

		if (read_at(s->fd, &h, sizeof h, slot * SLOT_LEN) || !header_is_good(&h))
			continue;
		if (!found || h.generation > s->header.generation)
			s->header = h;
		found = true;
	}
	return found;
}

static int spool_begin(struct spool *s, uint64_t ring_len)
{
	s->header = (struct header){.version = SPOOL_VERSION, .ring_len = ring_len};
	memcpy(s->header.magic, HEADER_MAGIC, sizeof HEADER_MAGIC);
	s->tail = 0;
	if (ftruncate(s->fd, 0) < 0)
		return -errno;
	return header_write(s);
}

static uint64_t record_check(const struct record *in, struct slice text)
{
	struct record r = *in;

	r.check = 0;
	return digest_hash64(slice_over(&r, sizeof r)) ^
		digest_hash64(text) * UINT64_C(0x9e3779b97f4a7c15);
}

/* The record at `place`, its text at the end of `text`. */
static bool record_read(struct spool *s, uint64_t place, struct record *ret, struct buf *text)
{
	if (ring_io(s, io_read, place, (char *)ret, sizeof *ret) || ret->magic != RECORD_MAGIC ||
		ret->at != place || ret->len > SPOOL_RECORD_MAX)
		return false;

	uint64_t end = place + sizeof *ret + ret->len;

	if (end - s->header.head > s->header.ring_len)
		return false;

	size_t before = text->len;

	if (ring_io(s, io_read, place + sizeof *ret, buf_room(text, ret->len), ret->len)) {
		s->torn = true;
		return false;
	}
	buf_grew(text, ret->len);
	if (record_check(ret, slice_from(buf_slice(text), before)) == ret->check)
		return true;
	s->torn = true;
	text->len = before;
	return false;
}

/* From the oldest record to the first that is none. */
static void tail_find(struct spool *s)
{
	struct record r;

	s->tail = s->header.head;
	buf_clear(&s->work);
	while (record_read(s, s->tail, &r, &s->work)) {
		s->tail += sizeof r + r.len;
		s->events += r.count;
		s->last = (struct event_id){.ms = r.id_ms, .seq = r.id_seq};
		buf_clear(&s->work);
	}
}

static int spool_load(struct spool *s, int64_t len_max, bool *ret_damaged)
{
	uint64_t ring_len =
		len_max > RING_START + RING_LEN_MIN ? (uint64_t)len_max - RING_START : RING_LEN_MIN;
	struct stat st;

	*ret_damaged = false;
	if (fstat(s->fd, &st) < 0)
		return -errno;
	if (!header_read(s)) {
		*ret_damaged = st.st_size > 0;
		return spool_begin(s, ring_len);
	}
	tail_find(s);
	/* A new length counts once the old ring is empty. */
	if (spool_is_empty(s) && s->header.ring_len != ring_len)
		return spool_begin(s, ring_len);
	return 0;
}

int spool_open(const char *path, int64_t len_max, struct spool **ret, bool *ret_damaged)
{
	struct spool *s = mem_alloc(sizeof *s);
	int error;

	*ret = NULL;
	s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->fd < 0 || flock(s->fd, LOCK_EX | LOCK_NB) < 0)
		error = -errno;
	else
		error = spool_load(s, len_max, ret_damaged);
	if (error)
		spool_close(&s);
	*ret = s;
	return error;
}

void spool_close(struct spool **s)
{
	if (!*s)
		return;
	if ((*s)->fd >= 0)
		(void)close((*s)->fd);
	buf_release(&(*s)->work);
	mem_free(*s);
	*s = NULL;
}

bool spool_is_empty(const struct spool *s)
{
	return s->tail == s->header.head;
}

uint64_t spool_events(const struct spool *s)
{
	return s->events;
}

uint64_t spool_len(const struct spool *s)
{
	return s->tail - s->header.head;
}

struct event_id spool_last(const struct spool *s)
{
	return spool_is_empty(s) ? (struct event_id){0} : s->last;
}

bool spool_was_torn(const struct spool *s)
{
	return s->torn;
}

struct spool_ids spool_ids(const struct spool *s)
{
	const struct header *h = &s->header;

	return (struct spool_ids){
		.checked = h->checked,
		.shift = {.ms = h->shift_ms, .upto = {.ms = h->upto_ms, .seq = h->upto_seq}},
	};
}

int spool_ids_set(struct spool *s, const struct spool_ids *ids)
{
	s->header.checked = ids->checked;
	s->header.shift_ms = ids->shift.ms;
	s->header.upto_ms = ids->shift.upto.ms;
	s->header.upto_seq = ids->shift.upto.seq;
	return header_write(s);
}

int spool_append(struct spool *s, const struct spool_record *record)
{
	struct record r = {.magic = RECORD_MAGIC,
		.len = (uint32_t)record->text.len,
		.at = s->tail,
		.first_ms = record->first.ms,
		.id_ms = record->id.ms,
		.first_seq = record->first.seq,
		.id_seq = record->id.seq,
		.count = record->count};
	size_t len = sizeof r + record->text.len;

	must(record->text.len <= SPOOL_RECORD_MAX);
	if (spool_len(s) + len > s->header.ring_len)
		return -ENOSPC;
	r.check = record_check(&r, record->text);
	buf_clear(&s->work);
	buf_add(&s->work, &r, sizeof r);
	buf_add_slice(&s->work, record->text);

	int error = ring_io(s, io_write, s->tail, s->work.at, len);

	if (error)
		return error;
	s->tail += len;
	s->events += record->count;
	s->last = record->id;
	return 0;
}

struct spool_place spool_first(const struct spool *s)
{
	return (struct spool_place){.at = s->header.head};
}

bool spool_read(
	struct spool *s, struct spool_place *place, struct spool_record *ret, struct buf *text)
{
	size_t before = text->len;
	struct record r;

	if (place->at >= s->tail || !record_read(s, place->at, &r, text))
		return false;
	place->at += sizeof r + r.len;
	place->events += r.count;
	ret->first = (struct event_id){.ms = r.first_ms, .seq = r.first_seq};
	ret->id = (struct event_id){.ms = r.id_ms, .seq = r.id_seq};
	ret->count = r.count;
	ret->text = slice_from(buf_slice(text), before);
	return true;
}

int spool_drop(struct spool *s, struct spool_place until)
{
	must(until.at >= s->header.head && until.at <= s->tail);
	s->header.head = until.at;
	s->events -= until.events;
	return header_write(s);
}

int spool_clear(struct spool *s)
{
	return spool_drop(s, (struct spool_place){.at = s->tail, .events = s->events});
}
