/* Ends the program when one packet keeps a worker busy for too long: a dissector in an endless
 * loop cannot be left in any other way, and the service manager starts the program anew.
 *
 *     struct busy busy = {0};
 *     struct watchdog *d = watchdog_new(&busy, 2000);      (in the thread of the worker)
 *     busy_begin(&busy);
 *     ...
 *     busy_end(&busy);
 *     watchdog_free(&d);
 *
 * It counts processor time of the worker's thread, so that a machine under load, a debugger or a
 * suspended computer is no reason. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* Odd while a packet is being worked on. */
struct busy {
	atomic_uint_fast64_t turns;
};

static inline void busy_begin(struct busy *b)
{
	atomic_store_explicit(&b->turns, atomic_load_explicit(&b->turns, memory_order_relaxed) + 1,
		memory_order_relaxed);
}

static inline void busy_end(struct busy *b)
{
	busy_begin(b);
}

struct watchdog;

struct watchdog *watchdog_new(struct busy *busy, int64_t limit_ms);
void watchdog_free(struct watchdog **d);
