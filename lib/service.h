/* The frame every long-running program stands in: signals, file descriptors, timers, reload,
 * drain, readiness and watchdog. The program owns its loop:
 *
 *     struct service *s = service_new(clock_system());
 *     service_timer(s, 1000, once_a_second, ctx);
 *     service_ready(s, "delivering to 2 targets");
 *     while (service_running(s)) {
 *             if (service_reload_wanted(s))
 *                     reload();
 *             service_wait(s, 200);
 *     }
 *     service_free(&s);
 *
 * SIGTERM and SIGINT end the loop (drain after it), a second one ends the program at once; SIGHUP
 * asks for a reload; SIGPIPE is ignored.
 * Under systemd (NOTIFY_SOCKET, WATCHDOG_USEC) readiness is told once and each service_wait()
 * feeds the watchdog, so a stuck loop is noticed. One service per program, made before any
 * thread starts, used by the main thread. */
#pragma once

#include "lib/clock.h"

struct service;

struct service *service_new(const struct clock *clock);
void service_free(struct service **s);

bool service_running(const struct service *s);
bool service_reload_wanted(struct service *s); /* true once per SIGHUP */
void service_stop(struct service *s);          /* as SIGTERM does */

void service_ready(struct service *s, const char *status);
void service_status(struct service *s, const char *status);

typedef void service_fd_fn(void *ctx, int fd, unsigned events); /* EPOLLIN, EPOLLOUT, … */
typedef void service_timer_fn(void *ctx);

/* Watches `fd` for `events`, or changes what is watched. A callback may watch and unwatch any
 * descriptor; unwatch one before it is closed. */
void service_watch(struct service *s, int fd, unsigned events, service_fd_fn *fn, void *ctx);
void service_unwatch(struct service *s, int fd);

/* Calls `fn` every `interval_ms`, first after one interval. */
void service_timer(struct service *s, int64_t interval_ms, service_timer_fn *fn, void *ctx);

/* Waits for the next event, timer or signal, at most `timeout_ms`, and calls what is due. */
void service_wait(struct service *s, int64_t timeout_ms);
