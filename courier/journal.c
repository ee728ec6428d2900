#include "courier/journal.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0640, BLOCK_LEN = 64 * 1024 };

#define KEY_PREFIX SLICE("{\"key\":\"")

struct journal {
	char *path;
	struct journal_options options;
	int fd;
	int64_t size;
	char keys[JOURNAL_KEYS][ITEM_KEY_MAX];
	size_t next; /* of keys, a ring */
};

static void key_note(struct journal *j, struct slice key)
{
	char *place = j->keys[j->next++ % JOURNAL_KEYS];

	if (key.len >= ITEM_KEY_MAX)
		return;
	memcpy(place, key.at, key.len);
	place[key.len] = '\0';
}

bool journal_has(const struct journal *j, const char *key)
{
	for (size_t i = 0; i < JOURNAL_KEYS; i++)
		if (strcmp(j->keys[i], key) == 0)
			return true;
	return false;
}

static void line_note(struct journal *j, struct slice line)
{
	struct slice rest = slice_from(line, KEY_PREFIX.len), key;

	if (slice_starts(line, KEY_PREFIX) && slice_cut(&rest, '"', &key))
		key_note(j, key);
}

/* Where the last JOURNAL_KEYS lines begin, and where the last whole line ends. */
struct tail {
	int64_t begin, end;
};

/* True when the lines wanted were seen. `at` is where the block begins. */
static bool block_search(struct slice block, int64_t at, size_t *feeds, struct tail *ret)
{
	for (size_t i = block.len; i-- > 0;) {
		if (block.at[i] != '\n')
			continue;
		if ((*feeds)++ == 0)
			ret->end = at + (int64_t)i + 1;
		if (*feeds == JOURNAL_KEYS + 1) {
			ret->begin = at + (int64_t)i + 1;
			return true;
		}
	}
	return false;
}

static int tail_find(int fd, int64_t size, struct tail *ret)
{
	CLEANUP(mem_cleanup) char *block = mem_alloc(BLOCK_LEN);
	size_t feeds = 0;

	*ret = (struct tail){0};
	for (int64_t at = size; at > 0;) {
		size_t len = at < BLOCK_LEN ? (size_t)at : BLOCK_LEN;

		at -= (int64_t)len;
		ssize_t got = pread(fd, block, len, at);

		if (got != (ssize_t)len)
			return got < 0 ? -errno : -EIO;
		if (block_search((struct slice){block, len}, at, &feeds, ret))
			return 0;
	}
	return 0;
}

static int keys_read(struct journal *j, int fd, const struct tail *tail)
{
	size_t len = (size_t)(tail->end - tail->begin);
	CLEANUP(mem_cleanup) char *text = mem_alloc(len + 1);
	struct slice rest = {text, len}, line;

	for (size_t done = 0; done < len;) {
		ssize_t got = pread(fd, text + done, len - done, tail->begin + (int64_t)done);

		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		done += (size_t)got;
	}
	while (slice_cut(&rest, '\n', &line))
		line_note(j, line);
	return 0;
}

static int tail_read(struct journal *j, int fd, struct tail *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	int err = tail_find(fd, st.st_size, ret);

	return err ? err : keys_read(j, fd, ret);
}

/* The lines before a rotation, for what was written just before it. */
static void previous_read(struct journal *j, int number)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s.%d", j->path, number);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct tail tail;

	if (fd < 0)
		return;
	int ignored = tail_read(j, fd, &tail);

	(void)ignored;
	(void)close(fd);
}

static int file_take(struct journal *j)
{
	struct tail tail = {0};

	if (flock(j->fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	previous_read(j, 2);
	previous_read(j, 1);
	int err = tail_read(j, j->fd, &tail);

	if (err)
		return err;
	j->size = tail.end;
	return ftruncate(j->fd, tail.end) < 0 ? -errno : 0; /* a torn line goes */
}

/* After an error no file is open. */
static int file_open(struct journal *j)
{
	/* Who only writes beside another must not become the owner of its file. */
	int create = j->options.beside ? 0 : O_CREAT;

	j->fd = open(j->path, O_RDWR | O_APPEND | create | O_CLOEXEC | O_NOFOLLOW, MODE);
	if (j->fd < 0)
		return -errno;
	int err = j->options.beside ? 0 : file_take(j);

	if (err) {
		(void)close(j->fd);
		j->fd = -1;
	}
	return err;
}

struct journal *journal_open(
	const char *path, const struct journal_options *options, struct err *err)
{
	struct journal *j = mem_alloc(sizeof(*j));

	j->path = mem_text(path);
	j->options = *options;
	int failed = file_open(j);

	if (!failed)
		return j;
	err_set(err, path, 0, "%s",
		failed == -EWOULDBLOCK ? "another process writes to it" : strerrordesc_np(-failed));
	journal_close(&j);
	return NULL;
}

void journal_close(struct journal **journal)
{
	struct journal *j = *journal;

	if (!j)
		return;
	if (j->fd >= 0)
		(void)close(j->fd);
	mem_free(j->path);
	mem_free(j);
	*journal = NULL;
}

int64_t journal_size(const struct journal *j)
{
	return j->size;
}

char *journal_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return mem_text(".");
	return mem_printf("%.*s", slash > path ? (int)(slash - path) : 1, path);
}

static void folder_sync(const char *path)
{
	CLEANUP(mem_cleanup) char *folder = journal_folder(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

int journal_rotate(struct journal *j)
{
	int err = j->fd < 0 ? 0 : journal_sync(j);

	if (err)
		return err;
	for (int64_t n = j->options.files_max; n > 0; n--) {
		CLEANUP(mem_cleanup) char *to = mem_printf("%s.%lld", j->path, (long long)n);
		CLEANUP(mem_cleanup)
		char *from = n > 1 ? mem_printf("%s.%lld", j->path, (long long)n - 1)
				   : mem_text(j->path);

		if (rename(from, to) < 0 && errno != ENOENT)
			return -errno;
	}
	if (j->fd >= 0)
		(void)close(j->fd);
	err = file_open(j);
	folder_sync(j->path);
	return err;
}

static int write_line(struct journal *j, struct slice line)
{
	CLEANUP(buf_release) struct buf whole = {0};

	buf_add_slice(&whole, line);
	buf_add_byte(&whole, '\n');
	ssize_t got =
		write(j->fd, whole.at, whole.len); /* at once, so that no other comes between */

	if (got == (ssize_t)whole.len)
		return 0;
	int err = got < 0 ? -errno : -ENOSPC;

	struct stat st; /* j->size does not count what another appended beside */

	if (got > 0 && !j->options.beside &&
		(fstat(j->fd, &st) < 0 || ftruncate(j->fd, st.st_size - got) < 0))
		err = -errno;
	return err;
}

int journal_append(struct journal *j, const char *key, struct slice line)
{
	int64_t len = (int64_t)line.len + 1, size_max = j->options.size_max;

	int opened = j->fd < 0 ? file_open(j) : 0; /* it was not after a rotation */

	if (opened)
		return opened;
	if (!j->options.beside && size_max && j->size && j->size + len > size_max) {
		int err = journal_rotate(j);

		if (err)
			return err;
	}
	int err = write_line(j, line);

	if (err)
		return err;
	j->size += len;
	key_note(j, slice_of(key));
	return 0;
}

int journal_sync(struct journal *j)
{
	return fdatasync(j->fd) < 0 ? -errno : 0;
}
