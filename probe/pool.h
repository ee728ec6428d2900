/* A fixed number of equal objects, taken and given back; their memory is touched only when first
 * used, and nothing is allocated after the start.
 *
 *     struct pool *p = pool_new(sizeof(struct session), 1000);
 *     struct session *s = pool_take(p);      (NULL when all are out: the caller counts it)
 *     pool_give(p, s);
 *
 * One thread. What pool_take() returns holds arbitrary bytes. */
#pragma once

#include <stddef.h>

struct pool;

struct pool *pool_new(size_t object_len, size_t count);
void pool_free(struct pool **p);

void *pool_take(struct pool *p);
void pool_give(struct pool *p, void *object);
size_t pool_taken(const struct pool *p);
