#include "lib/service.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum { EVENTS_MAX = 64, DOUBLE_SIGNAL_NS = 20000000 };

/* What is watched, found by descriptor. The generation tells an event for a descriptor that was
 * closed in this round from one for its successor with the same number. */
struct watch {
	service_fd_fn *fn; /* NULL: not watched */
	void *ctx;
	uint32_t generation;
};

struct timer {
	int64_t interval_ms;
	mono_t next;
	service_timer_fn *fn;
	void *ctx;
};

struct service {
	const struct clock *clock;
	int epoll_fd, signal_fd;
	bool stopping, reload, ready;
	struct watch *watches;
	size_t watches_room;
	uint32_t generation;
	struct timer *timers;
	size_t timers_count;
	int64_t feed_every_ms; /* 0: no watchdog */
	mono_t feed_next;
};

static void stop_signals(sigset_t *ret)
{
	must(sigemptyset(ret) == 0 && sigaddset(ret, SIGTERM) == 0 && sigaddset(ret, SIGINT) == 0);
}

static void mask_change(int how, const sigset_t *set)
{
	must(pthread_sigmask(how, set, NULL) == 0);
}

static void signals_take(void *ctx, int fd, unsigned events)
{
	struct service *s = ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			s->reload = true;
		else
			service_stop(s);
	}
}

struct service *service_new(const struct clock *clock)
{
	struct service *s = mem_alloc(sizeof(*s));
	uint64_t watchdog_us = 0;
	sigset_t set;

	s->clock = clock;
	stop_signals(&set);
	must(sigaddset(&set, SIGHUP) == 0);
	mask_change(SIG_BLOCK, &set);
	must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	must(s->epoll_fd >= 0 && s->signal_fd >= 0);
	service_watch(s, s->signal_fd, EPOLLIN, signals_take, s);
	if (sd_watchdog_enabled(0, &watchdog_us) > 0) {
		s->feed_every_ms = (int64_t)(watchdog_us / 2000);
		s->feed_every_ms += !s->feed_every_ms;
		s->feed_next = clock_mono(clock);
	}
	return s;
}

void service_free(struct service **s)
{
	if (!*s)
		return;
	(void)close((*s)->epoll_fd);
	(void)close((*s)->signal_fd);
	mem_free((*s)->watches);
	mem_free((*s)->timers);
	mem_free(*s);
	*s = NULL;
}

bool service_running(const struct service *s)
{
	return !s->stopping;
}

bool service_reload_wanted(struct service *s)
{
	bool wanted = s->reload;

	s->reload = false;
	return wanted;
}

/* From now on a second signal ends the program at once, however long draining takes. Some senders,
 * as timeout(1), send each signal twice within microseconds; such a double is swallowed. */
void service_stop(struct service *s)
{
	const struct timespec moment = {.tv_nsec = DOUBLE_SIGNAL_NS};
	sigset_t set;

	if (s->stopping)
		return;
	s->stopping = true;
	(void)sd_notify(0, "STOPPING=1");
	stop_signals(&set);
	while (sigtimedwait(&set, NULL, &moment) > 0)
		;
	mask_change(SIG_UNBLOCK, &set);
}

void service_ready(struct service *s, const char *status)
{
	(void)sd_notifyf(0, "%sSTATUS=%s", s->ready ? "" : "READY=1\n", status);
	s->ready = true;
}

void service_status(struct service *s, const char *status)
{
	(void)s;
	(void)sd_notifyf(0, "STATUS=%s", status);
}

static struct watch *watch_at(struct service *s, int fd)
{
	must(fd >= 0);
	size_t need = (size_t)fd + 1;

	if (need > s->watches_room) {
		size_t room = s->watches_room ? s->watches_room : 64;

		while (room < need)
			room *= 2;
		s->watches = mem_resize(s->watches, room, sizeof(*s->watches));
		for (size_t i = s->watches_room; i < room; i++)
			s->watches[i] = (struct watch){0};
		s->watches_room = room;
	}
	return &s->watches[fd];
}

void service_watch(struct service *s, int fd, unsigned events, service_fd_fn *fn, void *ctx)
{
	struct watch *watch = watch_at(s, fd);

	if (!watch->fn)
		watch->generation = ++s->generation;
	struct epoll_event event = {
		.events = events,
		.data.u64 = (uint64_t)watch->generation << 32 | (uint32_t)fd,
	};

	watch->fn = fn;
	watch->ctx = ctx;
	/* Closing a watched descriptor takes it out of the kernel's set but not out of ours. */
	int status = epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, fd, &event);

	if (status < 0 && errno == ENOENT)
		status = epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event);
	must(status == 0);
}

void service_unwatch(struct service *s, int fd)
{
	struct watch *watch = watch_at(s, fd);

	if (!watch->fn)
		return;
	*watch = (struct watch){0};
	/* Fails when the descriptor is closed already, which is as good. */
	(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void service_timer(struct service *s, int64_t interval_ms, service_timer_fn *fn, void *ctx)
{
	must(interval_ms > 0);
	s->timers = mem_resize(s->timers, s->timers_count + 1, sizeof(*s->timers));
	s->timers[s->timers_count++] = (struct timer){
		.interval_ms = interval_ms,
		.next = mono_after(clock_mono(s->clock), interval_ms),
		.fn = fn,
		.ctx = ctx,
	};
}

static void timers_run(struct service *s)
{
	mono_t now = clock_mono(s->clock);

	/* A callback may add timers: the array may move, so nothing points into it. */
	for (size_t i = 0; i < s->timers_count; i++) {
		struct timer timer = s->timers[i];

		if (mono_left_ms(timer.next, now) > 0)
			continue;
		mono_t next = mono_after(timer.next, timer.interval_ms);

		/* What was slept through is not made up for. */
		s->timers[i].next = next.ns > now.ns ? next : mono_after(now, timer.interval_ms);
		timer.fn(timer.ctx);
	}
}

static void watchdog_feed(struct service *s)
{
	mono_t now = clock_mono(s->clock);

	if (!s->feed_every_ms || mono_left_ms(s->feed_next, now) > 0)
		return;
	(void)sd_notify(0, "WATCHDOG=1");
	s->feed_next = mono_after(now, s->feed_every_ms);
}

static int wait_ms(const struct service *s, int64_t timeout_ms)
{
	mono_t now = clock_mono(s->clock);
	int64_t wait = timeout_ms > INT32_MAX ? INT32_MAX : timeout_ms;

	for (size_t i = 0; i < s->timers_count; i++) {
		int64_t left = mono_left_ms(s->timers[i].next, now);

		wait = left < wait ? left : wait;
	}
	if (s->feed_every_ms) {
		int64_t left = mono_left_ms(s->feed_next, now);

		wait = left < wait ? left : wait;
	}
	return wait > 0 ? (int)wait : 0;
}

void service_wait(struct service *s, int64_t timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];

	watchdog_feed(s);
	int count = epoll_wait(s->epoll_fd, events, EVENTS_MAX, wait_ms(s, timeout_ms));

	must(count >= 0 || errno == EINTR);
	for (int i = 0; i < count; i++) {
		int fd = (int)(uint32_t)events[i].data.u64;
		const struct watch *watch = watch_at(s, fd);

		if (watch->fn && watch->generation == (uint32_t)(events[i].data.u64 >> 32))
			watch->fn(watch->ctx, fd, events[i].events);
	}
	timers_run(s);
	watchdog_feed(s);
}
