#include "lib/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 1024 };

/* The one mutable global state outside of main.c: a log is a program's, not a module's. */
static struct {
	pthread_mutex_t lock;
	char program[64];
	enum log_level level;
	bool journal; /* stderr is a journal, which reads a priority prefix */
	enum log_level last_level;
	unsigned long repeats;
	char last[LINE_MAX_LEN];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_LEVEL_NOTICE};

/* sd-daemon(3): the syslog priorities. */
static const int priorities[] = {
	[LOG_LEVEL_ERROR] = 3,
	[LOG_LEVEL_WARNING] = 4,
	[LOG_LEVEL_NOTICE] = 5,
	[LOG_LEVEL_INFO] = 6,
	[LOG_LEVEL_DEBUG] = 7,
};

void log_init(const char *program, enum log_level level)
{
	(void)pthread_mutex_lock(&state.lock);
	(void)snprintf(state.program, sizeof(state.program), "%s", program);
	state.level = level;
	/* Before any thread starts, so the environment stands still. */
	state.journal = getenv("JOURNAL_STREAM") != NULL; // NOLINT(concurrency-mt-unsafe)
	(void)pthread_mutex_unlock(&state.lock);
}

/* One write() per line, so that lines of several processes do not mix. */
static void line_out(enum log_level level, const char *said)
{
	char line[LINE_MAX_LEN + 96];
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

void log_write(enum log_level level, const char *format, ...)
{
	char said[LINE_MAX_LEN];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	for (char *c = said; *c; c++) {
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	}
	(void)pthread_mutex_lock(&state.lock);
	if (level > state.level) {
		(void)pthread_mutex_unlock(&state.lock);
		return;
	}
	if (level == state.last_level && strcmp(said, state.last) == 0) {
		state.repeats++;
	} else {
		repeats_out();
		line_out(level, said);
		state.last_level = level;
		(void)snprintf(state.last, sizeof(state.last), "%s", said);
	}
	(void)pthread_mutex_unlock(&state.lock);
}
