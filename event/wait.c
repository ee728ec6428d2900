#include "event/wait.h"

#include "lib/clock.h"
#include "lib/must.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

void wait_init(pthread_mutex_t *lock, pthread_cond_t *work, pthread_cond_t *done)
{
	pthread_condattr_t monotonic;

	must(pthread_condattr_init(&monotonic) == 0);
	must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
	must(pthread_mutex_init(lock, NULL) == 0);
	must(pthread_cond_init(work, &monotonic) == 0);
	must(pthread_cond_init(done, &monotonic) == 0);
	(void)pthread_condattr_destroy(&monotonic);
}

void wait_release(pthread_mutex_t *lock, pthread_cond_t *work, pthread_cond_t *done)
{
	(void)pthread_cond_destroy(work);
	(void)pthread_cond_destroy(done);
	(void)pthread_mutex_destroy(lock);
}

bool wait_on(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t ms)
{
	int64_t until_ns = mono_after(clock_mono(clock_system()), ms).ns;
	const struct timespec until = {
		.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};

	return pthread_cond_timedwait(cond, lock, &until) == ETIMEDOUT;
}

void wait_thread(pthread_t *ret, void *(*run)(void *), void *ctx)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	must(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	must(pthread_create(ret, NULL, run, ctx) == 0);
	must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
}
