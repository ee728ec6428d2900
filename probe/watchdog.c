#include "probe/watchdog.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "probe/ticker.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { LOOKS_PER_LIMIT = 8 };

struct watchdog {
	struct busy *busy;
	int64_t limit_ms;
	clockid_t worker_clock;
	struct ticker *ticker;
	uint_fast64_t seen; /* of busy->turns at the last look */
	int64_t since_ms;   /* the worker's processor time when that was seen first */
};

static int64_t worker_cpu_ms(const struct watchdog *d)
{
	struct timespec t = {0};

	(void)clock_gettime(d->worker_clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void look(void *ctx)
{
	struct watchdog *d = ctx;
	uint_fast64_t now = atomic_load_explicit(&d->busy->turns, memory_order_relaxed);
	int64_t cpu_ms = worker_cpu_ms(d);

	if (now != d->seen || now % 2 == 0) {
		d->seen = now;
		d->since_ms = cpu_ms;
		return;
	}
	if (cpu_ms - d->since_ms < d->limit_ms)
		return;
	log_error("One packet kept a worker busy for too long, ending limit_ms=%lld",
		(long long)d->limit_ms);
	abort();
}

struct watchdog *watchdog_new(struct busy *busy, int64_t limit_ms)
{
	struct watchdog *d = mem_alloc(sizeof *d);

	d->busy = busy;
	d->limit_ms = limit_ms;
	must(pthread_getcpuclockid(pthread_self(), &d->worker_clock) == 0);
	d->ticker = ticker_new(limit_ms / LOOKS_PER_LIMIT + 1, look, d);
	return d;
}

void watchdog_free(struct watchdog **d)
{
	if (!*d)
		return;
	ticker_free(&(*d)->ticker);
	mem_free(*d);
	*d = NULL;
}
