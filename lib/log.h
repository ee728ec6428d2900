/* The program's log: one sentence a line on stderr, with the priority prefix that journald reads
 * when stderr is a journal. Repeats of the same line are counted, not repeated.
 *
 *     log_warning("Redis is away, spooling address=%s", address);
 *
 * Levels: error = someone must act; warning = degraded; notice = lifecycle; info = per unit of
 * work; debug. Never the content of a page or a packet. Any thread may call. */
#pragma once

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

void log_init(const char *program, enum log_level level);
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
