#include "lib/log.h"

#include "lib/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAID_MAX = 1024, REPEATS_AFTER_MS = 60000 };

/* The one mutable global state outside of main.c: a log is a program's, not a module's. */
static struct {
	pthread_mutex_t lock; /* of all but `level` */
	_Atomic enum log_level level;
	char program[64];
	bool journal; /* stderr is a journal, which reads a priority prefix */
	char last[SAID_MAX];
	enum log_level last_level;
	unsigned long repeats; /* of `last`, not told yet */
	mono_t tell;           /* when to tell them at the latest */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_LEVEL_NOTICE};

/* sd-daemon(3): the syslog priorities. */
static const int priorities[] = {
	[LOG_LEVEL_ERROR] = 3,
	[LOG_LEVEL_WARNING] = 4,
	[LOG_LEVEL_NOTICE] = 5,
	[LOG_LEVEL_INFO] = 6,
	[LOG_LEVEL_DEBUG] = 7,
};

/* A closed descriptor 0 to 2 would become the next file that is opened, and then the log would
 * be written into that. */
static void standard_fds_take(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			abort();
	}
}

void log_init(const char *program, enum log_level level)
{
	standard_fds_take();
	(void)pthread_mutex_lock(&state.lock);
	(void)snprintf(state.program, sizeof(state.program), "%s", program);
	/* Read before any thread starts, so the environment stands still. */
	state.journal = getenv("JOURNAL_STREAM") != NULL; // NOLINT(concurrency-mt-unsafe)
	(void)pthread_mutex_unlock(&state.lock);
	atomic_store(&state.level, level);
}

/* One write() per line, so that lines of several processes do not mix. */
static void line_out(enum log_level level, const char *said)
{
	char line[sizeof(state.program) + SAID_MAX + 8];
	int len;

	if (state.journal)
		len = snprintf(line, sizeof(line), "<%d>%s\n", priorities[level], said);
	else
		len = snprintf(line, sizeof(line), "%s%s%s\n", state.program,
			state.program[0] ? ": " : "", said);
	if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
		return; /* nowhere left to say it */
}

static void repeats_out(void)
{
	char said[64];

	if (!state.repeats)
		return;
	(void)snprintf(said, sizeof(said), "last message repeated %lu times", state.repeats);
	line_out(state.last_level, said);
	state.repeats = 0;
}

__attribute__((destructor)) static void log_end(void)
{
	(void)pthread_mutex_lock(&state.lock);
	repeats_out();
	(void)pthread_mutex_unlock(&state.lock);
}

static void take(enum log_level level, const char *said)
{
	mono_t now = clock_mono(clock_system());
	bool again = level == state.last_level && strcmp(said, state.last) == 0;

	state.repeats += again;
	if (again && mono_left_ms(state.tell, now) > 0)
		return;
	repeats_out();
	state.tell = mono_after(now, REPEATS_AFTER_MS);
	if (again)
		return;
	line_out(level, said);
	state.last_level = level;
	(void)snprintf(state.last, sizeof(state.last), "%s", said);
}

/* No line breaks and no terminal escapes, whatever a message quotes; no half character at its end
 * when it was cut. */
static void clean(char *said, bool cut)
{
	size_t len = 0;

	for (; said[len]; len++) {
		if ((unsigned char)said[len] < ' ' || said[len] == 0x7f)
			said[len] = ' ';
	}
	while (cut && len && (said[len - 1] & 0xc0) == 0x80)
		said[--len] = '\0';
	if (cut && len && (said[len - 1] & 0xc0) == 0xc0)
		said[len - 1] = '\0';
}

void log_write(enum log_level level, const char *format, ...)
{
	char said[SAID_MAX];
	va_list args;

	if (level > atomic_load(&state.level))
		return;
	va_start(args, format);
	int len = vsnprintf(said, sizeof(said), format, args);

	va_end(args);
	clean(said, len >= (int)sizeof(said));
	(void)pthread_mutex_lock(&state.lock);
	take(level, said);
	(void)pthread_mutex_unlock(&state.lock);
}
