#include "event/eve.h"

#include "event/wait.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { WRITE_LEN = 256 * 1024, EVE_WAITING_MAX = 8 * 1024 * 1024 };

struct eve {
	char *path;
	int64_t linger_ms;
	struct metric *lost;
	pthread_t thread;

	/* Of the thread alone. */
	int fd;
	bool torn; /* the last line in the file has no end */
	struct buf writing;

	pthread_mutex_t lock;
	pthread_cond_t work, done;
	/* Under the lock. */
	struct buf filling;
	bool busy, hurry, reopen, stop;
	int error;
};

static bool is_stdout(const struct eve *eve)
{
	return strcmp(eve->path, "-") == 0;
}

static int file_open(struct eve *eve)
{
	if (eve->fd >= 0)
		return 0;
	eve->fd = is_stdout(eve) ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
				 : open(eve->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	return eve->fd < 0 ? -errno : 0;
}

static void file_close(struct eve *eve)
{
	if (eve->fd >= 0)
		(void)close(eve->fd);
	eve->fd = -1;
	eve->torn = false;
}

/* Moves `bytes` past what was written. */
static int write_all(int fd, struct slice *bytes)
{
	while (bytes->len) {
		ssize_t len = write(fd, bytes->at, bytes->len);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		*bytes = slice_from(*bytes, (size_t)len);
	}
	return 0;
}

static uint64_t count_lines(struct slice text)
{
	uint64_t count = 0;
	struct slice line;

	while (slice_cut(&text, '\n', &line))
		count++;
	return count;
}

/* After a failed write the next one starts a new line, so that only one line is spoilt. */
static int write_lines(struct eve *eve)
{
	struct slice end = SLICE("\n"), left = buf_slice(&eve->writing);
	size_t len = left.len;
	int error = file_open(eve);

	if (!error && eve->torn)
		error = write_all(eve->fd, &end);
	if (!error) {
		eve->torn = false;
		error = write_all(eve->fd, &left);
	}
	if (error) {
		metric_add(eve->lost, count_lines(left));
		eve->torn |= left.len < len && left.at[-1] != '\n';
	}
	buf_clear(&eve->writing);
	return error;
}

/* Says it once until it works again; called under the lock. */
static void note_error(struct eve *eve, int error)
{
	if (error && error != eve->error)
		log_error(
			"events cannot be written to the EVE file, they are lost path=%s reason=%s",
			eve->path, strerrordesc_np(-error));
	if (!error && eve->error)
		log_notice("events are written to the EVE file again path=%s", eve->path);
	eve->error = error;
}

/* Under the lock: true when there is something to write now. */
static bool wait_for_lines(struct eve *eve)
{
	bool lingered = false;

	while (!eve->stop && !eve->hurry && !eve->reopen && eve->filling.len < WRITE_LEN) {
		if (!eve->filling.len)
			(void)pthread_cond_wait(&eve->work, &eve->lock);
		else if (lingered)
			break;
		else
			lingered = wait_on(&eve->work, &eve->lock, eve->linger_ms);
	}
	eve->hurry = false;
	return eve->filling.len > 0;
}

static void *eve_run(void *ctx)
{
	struct eve *eve = ctx;

	(void)pthread_mutex_lock(&eve->lock);
	for (;;) {
		bool has_lines = wait_for_lines(eve), reopen = eve->reopen;
		struct buf swap = eve->writing;

		if (!has_lines && !reopen && eve->stop)
			break;
		eve->reopen = false;
		eve->writing = eve->filling;
		eve->filling = swap;
		eve->busy = true;
		(void)pthread_cond_broadcast(&eve->done);
		(void)pthread_mutex_unlock(&eve->lock);

		int error = has_lines ? write_lines(eve) : 0;

		if (reopen)
			file_close(eve);
		(void)pthread_mutex_lock(&eve->lock);
		if (has_lines)
			note_error(eve, error);
		eve->busy = false;
		(void)pthread_cond_broadcast(&eve->done);
	}
	(void)pthread_mutex_unlock(&eve->lock);
	return NULL;
}

struct eve *eve_new(const char *path, int64_t linger_ms, struct metric *lost)
{
	struct eve *eve = mem_alloc(sizeof *eve);

	eve->path = mem_text(path);
	eve->linger_ms = linger_ms;
	eve->lost = lost;
	eve->fd = -1;
	note_error(eve, file_open(eve));
	wait_init(&eve->lock, &eve->work, &eve->done);
	wait_thread(&eve->thread, eve_run, eve);
	return eve;
}

void eve_free(struct eve **eve)
{
	struct eve *e = *eve;

	if (!e)
		return;
	(void)pthread_mutex_lock(&e->lock);
	e->stop = true;
	(void)pthread_cond_signal(&e->work);
	(void)pthread_mutex_unlock(&e->lock);
	(void)pthread_join(e->thread, NULL);
	file_close(e);
	buf_release(&e->filling);
	buf_release(&e->writing);
	wait_release(&e->lock, &e->work, &e->done);
	mem_free(e->path);
	mem_free(e);
	*eve = NULL;
}

void eve_line(struct eve *eve, struct slice json)
{
	(void)pthread_mutex_lock(&eve->lock);
	while (eve->filling.len > EVE_WAITING_MAX)
		(void)pthread_cond_wait(&eve->done, &eve->lock);

	size_t before = eve->filling.len;

	buf_add_slice(&eve->filling, json);
	buf_add_byte(&eve->filling, '\n');
	if (!before || (before < WRITE_LEN && eve->filling.len >= WRITE_LEN))
		(void)pthread_cond_signal(&eve->work);
	(void)pthread_mutex_unlock(&eve->lock);
}

static void ask(struct eve *eve, bool *what)
{
	(void)pthread_mutex_lock(&eve->lock);
	*what = true;
	(void)pthread_cond_signal(&eve->work);
	(void)pthread_mutex_unlock(&eve->lock);
}

void eve_flush(struct eve *eve)
{
	ask(eve, &eve->hurry);
}

void eve_reopen(struct eve *eve)
{
	ask(eve, &eve->reopen);
}

bool eve_wait(struct eve *eve, int64_t timeout_ms)
{
	mono_t until = mono_after(clock_mono(clock_system()), timeout_ms);
	bool idle;

	(void)pthread_mutex_lock(&eve->lock);
	for (;;) {
		int64_t left_ms = mono_left_ms(until, clock_mono(clock_system()));

		idle = !eve->filling.len && !eve->busy && !eve->reopen;
		if (idle || left_ms <= 0)
			break;
		eve->hurry = true;
		(void)pthread_cond_signal(&eve->work);
		(void)wait_on(&eve->done, &eve->lock, left_ms);
	}
	(void)pthread_mutex_unlock(&eve->lock);
	return idle;
}

int eve_error(struct eve *eve)
{
	(void)pthread_mutex_lock(&eve->lock);
	int error = eve->error;

	(void)pthread_mutex_unlock(&eve->lock);
	return error;
}
