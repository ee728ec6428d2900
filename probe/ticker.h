/* A thread that calls a function, at once and then again and again, until it is freed.
 *
 *     struct ticker *t = ticker_new(5000, report, ctx);
 *     ticker_free(&t);          (waits for a call that is under way)
 *
 * What the function touches must be safe for two threads. */
#pragma once

#include <stdint.h>

struct ticker;

typedef void ticker_fn(void *ctx);

struct ticker *ticker_new(int64_t interval_ms, ticker_fn *fn, void *ctx);
void ticker_free(struct ticker **t);
