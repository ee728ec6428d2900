#include "probe/ticker.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

struct ticker {
	int64_t interval_ms;
	ticker_fn *fn;
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool over;
};

/* False when the ticker ends. */
static bool sleep_a_while(struct ticker *t)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(t->interval_ms % 1000) * 1000000;
	until.tv_sec += t->interval_ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&t->lock);
	while (!t->over && pthread_cond_timedwait(&t->wake, &t->lock, &until) != ETIMEDOUT)
		;

	bool goes_on = !t->over;
	(void)pthread_mutex_unlock(&t->lock);
	return goes_on;
}

static void *tick(void *ctx)
{
	struct ticker *t = ctx;

	do
		t->fn(t->ctx);
	while (sleep_a_while(t));
	return NULL;
}

struct ticker *ticker_new(int64_t interval_ms, ticker_fn *fn, void *ctx)
{
	struct ticker *t = mem_alloc(sizeof *t);
	pthread_condattr_t monotonic;
	sigset_t all, before;

	t->interval_ms = interval_ms;
	t->fn = fn;
	t->ctx = ctx;
	must(pthread_mutex_init(&t->lock, NULL) == 0);
	must(pthread_condattr_init(&monotonic) == 0);
	must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
	must(pthread_cond_init(&t->wake, &monotonic) == 0);
	(void)pthread_condattr_destroy(&monotonic);
	/* Signals are for the main thread. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	must(pthread_create(&t->thread, NULL, tick, t) == 0);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return t;
}

void ticker_free(struct ticker **t)
{
	if (!*t)
		return;
	(void)pthread_mutex_lock(&(*t)->lock);
	(*t)->over = true;
	(void)pthread_cond_signal(&(*t)->wake);
	(void)pthread_mutex_unlock(&(*t)->lock);
	(void)pthread_join((*t)->thread, NULL);
	(void)pthread_cond_destroy(&(*t)->wake);
	(void)pthread_mutex_destroy(&(*t)->lock);
	mem_free(*t);
	*t = NULL;
}
