/* An EVE file, followed across rotation by rename, by copy and truncate, and while we were down.
 * A position is "DEVICE:INODE:OFFSET:HASH", with the hash of the file's first bytes, since an inode
 * may be given to another file. */
#include "collector/limits.h"
#include "collector/source.h"
#include "lib/digest.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_LEN = 256 * 1024, HEAD_LEN = 256, SAID_MAX = 256 };

struct place {
	uint64_t device, inode, offset, hash;
};

struct file {
	const struct input_config *config;
	int fd;          /* -1: none */
	struct place at; /* of the first byte in `text` that no line was made of */
	struct buf text;
	size_t used;      /* of text */
	bool was_missing; /* what is in it when it comes, came after us */
	bool is_skipping; /* the rest of a line that was too long */
	char said[SAID_MAX];
	uint64_t lost;
};

static void *open_file(const struct source_place *place)
{
	struct file *f = mem_alloc(sizeof *f);

	f->config = place->config;
	f->fd = -1;
	return f;
}

static void shut(struct file *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
	buf_clear(&f->text);
	f->used = 0;
	f->is_skipping = false;
}

static void close_file(void **source)
{
	struct file *f = *source;

	shut(f);
	buf_release(&f->text);
	mem_free(f);
	*source = NULL;
}

static void say(struct file *f, const char *what, int error)
{
	(void)snprintf(f->said, sizeof f->said, "%s: %s: %s", f->config->path, what,
		strerrordesc_np(error));
}

/* The hash of the first bytes, at most HEAD_LEN and at most `len`; 0 when they cannot be read. */
static uint64_t head_hash(int fd, uint64_t len)
{
	char head[HEAD_LEN];
	size_t wanted = len < sizeof head ? (size_t)len : sizeof head;
	ssize_t got = pread(fd, head, wanted, 0);

	return got == (ssize_t)wanted ? digest_hash64(slice_over(head, wanted)) : 0;
}

static int open_path(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/* Takes over an open file, to be read from `offset`. */
static void take(struct file *f, int fd, const struct stat *st, uint64_t offset)
{
	shut(f);
	f->fd = fd;
	f->at = (struct place){st->st_dev, st->st_ino, offset, 0};
	f->said[0] = '\0';
}

static bool is_regular(struct file *f, int fd, struct stat *ret)
{
	if (fd < 0) {
		say(f, "cannot be opened", errno);
		return false;
	}
	if (fstat(fd, ret) == 0 && S_ISREG(ret->st_mode))
		return true;
	say(f, "is no file", EINVAL);
	(void)close(fd);
	return false;
}

static enum source_state take_live(struct file *f, bool from_start)
{
	struct stat st;
	int fd = open_path(f->config->path);

	if (!is_regular(f, fd, &st)) {
		f->was_missing = true;
		return SOURCE_AWAY;
	}

	uint64_t offset = from_start || f->was_missing ? 0 : (uint64_t)st.st_size;
	take(f, fd, &st, offset);
	if (offset == 0)
		return SOURCE_BUSY;

	char last = '\n'; /* in the middle of a line its rest is left out */
	f->is_skipping = pread(fd, &last, 1, st.st_size - 1) != 1 || last != '\n';
	return SOURCE_BUSY;
}

static bool place_read(struct slice text, struct place *ret)
{
	uint64_t *const parts[] = {&ret->device, &ret->inode, &ret->offset, &ret->hash};
	struct slice part;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (!slice_cut(&text, ':', &part) || !slice_to_u64(part, parts[i]))
			return false;
	return text.len == 0;
}

/* A file beside the live one that may be an earlier part of it. */
struct sibling {
	char *path;
	struct stat st;
};

struct siblings {
	struct sibling *at;
	size_t count, room;
};

static int by_time(const struct timespec *x, const struct timespec *y)
{
	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* By their last change; files changed in one tick of the clock by their renaming. */
static int age_compare(const struct stat *x, const struct stat *y)
{
	int changed = by_time(&x->st_mtim, &y->st_mtim);

	return changed ? changed : by_time(&x->st_ctim, &y->st_ctim);
}

static int by_age(const void *a, const void *b)
{
	return age_compare(&((const struct sibling *)a)->st, &((const struct sibling *)b)->st);
}

static void siblings_release(struct siblings *s)
{
	for (size_t i = 0; i < s->count; i++)
		mem_free(s->at[i].path);
	mem_free(s->at);
}

static bool is_packed(struct slice name)
{
	return slice_ends(name, SLICE(".gz")) || slice_ends(name, SLICE(".xz")) ||
		slice_ends(name, SLICE(".zst")) || slice_ends(name, SLICE(".bz2"));
}

static void siblings_add(struct siblings *s, const char *path, const struct stat *st)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 16;
		s->at = mem_resize(s->at, s->room, sizeof *s->at);
	}
	s->at[s->count++] = (struct sibling){mem_text(path), *st};
}

static void siblings_add_live(struct siblings *s, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		siblings_add(s, path, &st);
}

/* Oldest first; those packed already cannot be read on in. */
static void siblings_find(const char *path, struct siblings *ret)
{
	CLEANUP(mem_cleanup) char *folder = mem_text(path);
	char *slash = strrchr(folder, '/');
	struct slice base = slice_of(slash ? path + (slash - folder) + 1 : path);
	char here[] = ".";
	char *roots[] = {slash ? folder : here, NULL};

	*ret = (struct siblings){0};
	if (slash)
		slash[slash == folder ? 1 : 0] = '\0';

	FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	for (FTSENT *e; tree && (e = fts_read(tree));) {
		struct slice name = {e->fts_name, e->fts_namelen};

		if (e->fts_info == FTS_D && e->fts_level > 0)
			(void)fts_set(tree, e, FTS_SKIP);
		else if (e->fts_info == FTS_F && slice_starts(name, base) && !is_packed(name))
			siblings_add(ret, e->fts_path, e->fts_statp);
	}
	if (tree)
		(void)fts_close(tree);
	if (ret->count == 0) /* a folder that we may pass through and not list */
		siblings_add_live(ret, path);
	if (ret->count > 0)
		qsort(ret->at, ret->count, sizeof *ret->at, by_age);
}

static bool is_the_one(const struct siblings *s, size_t i, const struct place *wanted, int *ret_fd)
{
	const struct stat *st = &s->at[i].st;

	if (st->st_dev != wanted->device || st->st_ino != wanted->inode ||
		(uint64_t)st->st_size < wanted->offset)
		return false;
	*ret_fd = open_path(s->at[i].path);
	if (*ret_fd >= 0 && head_hash(*ret_fd, wanted->offset) == wanted->hash)
		return true;
	if (*ret_fd >= 0)
		(void)close(*ret_fd);
	*ret_fd = -1;
	return false;
}

/* The file read last is gone or packed: what stood in it after our place cannot be had. */
static enum source_state start_over(struct file *f)
{
	enum source_state said = take_live(f, true);

	if (said == SOURCE_AWAY)
		return said;
	f->lost++;
	log_error("lines may be lost: the file read last is not there any more path=%s",
		f->config->path);
	return said;
}

static enum source_state resume(void *source, struct slice position)
{
	struct file *f = source;
	struct place wanted;
	struct siblings found;
	int fd = -1;

	if (position.len == 0)
		return take_live(f, f->config->from_start);
	if (!place_read(position, &wanted))
		return start_over(f);
	if (f->fd >= 0 && f->at.inode == wanted.inode && f->at.device == wanted.device &&
		f->at.offset == wanted.offset && f->used == 0 && f->text.len == 0)
		return SOURCE_BUSY;
	siblings_find(f->config->path, &found);
	for (size_t i = found.count; i-- > 0 && fd < 0;)
		if (is_the_one(&found, i, &wanted, &fd))
			take(f, fd, &found.at[i].st, wanted.offset);
	siblings_release(&found);
	return fd < 0 ? start_over(f) : SOURCE_BUSY;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether `st` may be the one after `ours`. An empty one is not: where logrotate made it (`create`),
 * the sensor writes to the old one until it is told, and what it writes to the new one shows that. */
static bool is_later(const struct stat *st, const struct stat *ours, const struct stat *live)
{
	if (st->st_size == 0 || is_same(st, ours))
		return false;
	return age_compare(st, ours) > 0 ||
		(is_same(st, live) && by_time(&st->st_mtim, &ours->st_mtim) == 0);
}

/* What is left of a line that will never end. */
static void lose_torn(struct file *f)
{
	if (f->text.len == 0 || f->is_skipping)
		return;
	f->lost++;
	log_error("a line is lost: the file ends in the middle of it path=%s", f->config->path);
}

static bool has_grown(const struct file *f)
{
	struct stat st;

	return fstat(f->fd, &st) == 0 && (uint64_t)st.st_size > f->at.offset + f->text.len;
}

/* The file that follows the one read to its end: the oldest of those changed later. */
static enum source_state next_file(struct file *f, const struct stat *ours, const struct stat *live)
{
	struct siblings found;

	siblings_find(f->config->path, &found);
	/* Written to once more before the next one was begun? */
	enum source_state state = has_grown(f) ? SOURCE_BUSY : SOURCE_IDLE;
	for (size_t i = 0; i < found.count && state == SOURCE_IDLE; i++) {
		if (!is_later(&found.at[i].st, ours, live))
			continue;

		int fd = open_path(found.at[i].path);
		if (fd < 0)
			continue;
		lose_torn(f);
		take(f, fd, &found.at[i].st, 0);
		state = SOURCE_BUSY;
	}
	siblings_release(&found);
	return state;
}

/* At the end of the open file: has it been rotated away, or cut? */
static enum source_state at_end(struct file *f)
{
	struct stat st, live;

	if (fstat(f->fd, &st) != 0 || stat(f->config->path, &live) != 0)
		return SOURCE_IDLE;
	if (is_same(&st, &live)) {
		if ((uint64_t)st.st_size >= f->at.offset + f->text.len)
			return SOURCE_IDLE;
		lose_torn(f);
		return take_live(f, true); /* copied and truncated */
	}
	if ((uint64_t)st.st_size > f->at.offset + f->text.len)
		return SOURCE_BUSY; /* written between our read and its renaming */
	return next_file(f, &st, &live);
}

static void drop_used(struct file *f)
{
	f->at.offset += f->used;
	f->text.len -= f->used;
	if (f->used > 0)
		memmove(f->text.at, f->text.at + f->used, f->text.len);
	f->used = 0;
}

/* Makes lines of what is in the buffer; how many. */
static size_t cut_lines(struct file *f, size_t lines_max, source_on_line *fn, void *ctx)
{
	size_t lines = 0;

	while (lines < lines_max && f->used < f->text.len) {
		struct slice rest = slice_from(buf_slice(&f->text), f->used);
		size_t end = slice_find_byte(rest, '\n');

		if (end == rest.len && rest.len <= LINE_LEN_MAX)
			break;
		if (end < rest.len || !f->is_skipping) {
			if (!f->is_skipping)
				fn(ctx, (struct slice){rest.at, end});
			lines++;
		}
		f->is_skipping = end == rest.len; /* too long: the rest up to its end is left out */
		f->used += end == rest.len ? rest.len : end + 1;
	}
	return lines;
}

static enum source_state read_file(void *source, size_t lines_max, source_on_line *fn, void *ctx)
{
	struct file *f = source;
	size_t lines = 0;

	if (f->fd < 0)
		return SOURCE_AWAY;
	drop_used(f);
	for (size_t len = 0; lines < lines_max && len < STEP_LEN_MAX;) {
		lines += cut_lines(f, lines_max - lines, fn, ctx);
		if (lines == lines_max)
			return SOURCE_BUSY;

		ssize_t got = pread(f->fd, buf_room(&f->text, READ_LEN), READ_LEN,
			(off_t)(f->at.offset + f->text.len));
		if (got < 0) {
			say(f, "cannot be read", errno);
			return SOURCE_AWAY;
		}
		/* The position of what was read must be committed before another file is begun. */
		if (got == 0)
			return lines > 0 ? SOURCE_BUSY : at_end(f);
		buf_grew(&f->text, (size_t)got);
		len += (size_t)got;
	}
	return SOURCE_BUSY;
}

static void position(const void *source, struct buf *out)
{
	const struct file *f = source;
	uint64_t offset = f->at.offset + f->used;

	buf_printf(out, "%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64, f->at.device, f->at.inode,
		offset, head_hash(f->fd, offset));
}

static const char *said(const void *source)
{
	return ((const struct file *)source)->said;
}

static uint64_t lost(const void *source)
{
	return ((const struct file *)source)->lost;
}

const struct source_kind source_file = {
	.open = open_file,
	.close = close_file,
	.resume = resume,
	.read = read_file,
	.position = position,
	.said = said,
	.lost = lost,
};
