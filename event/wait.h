/* A lock with two conditions on the monotonic clock, and threads that take no signals: what the
 * two threads of a publisher share. Failures here are wrong programs. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

void wait_init(pthread_mutex_t *lock, pthread_cond_t *work, pthread_cond_t *done);
void wait_release(pthread_mutex_t *lock, pthread_cond_t *work, pthread_cond_t *done);

/* Waits on `cond` for at most `ms` of real time; true when they have passed. */
bool wait_on(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t ms);

/* Signals stay with the main thread. */
void wait_thread(pthread_t *ret, void *(*run)(void *), void *ctx);
