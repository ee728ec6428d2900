/* Reads the articles that wait in the frontier: visits each, has it parsed, publishes it, and puts
 * it back to be read again later: a correction or a withdrawal is news as well.
 *
 *     struct reader *r = reader_new(&env, crawl);
 *     reader_tick(r);           (in the loop)
 *     reader_free(&r);          (after hosts and page worker: their callbacks must be over)
 *
 * An article that could not be read is tried READER_TRIES_MAX times, each time after twice the
 * pause. */
#pragma once

#include "crawler/crawl.h"

enum { READER_TRIES_MAX = 6, READER_ACTIVE_MAX = 400, READER_STEPS = 5 };

struct reader;

struct reader *reader_new(const struct look_env *env, struct crawl *crawl);
void reader_free(struct reader **r);
void reader_tick(struct reader *r);

/* When to read an article again after its step-th reading, counted from 1, as a multiple of the
 * first pause; 0: never again. */
int64_t reader_step_factor(unsigned step);
